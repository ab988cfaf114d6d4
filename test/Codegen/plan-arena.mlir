// RUN: octet-opt %s --octet-plan-arena | FileCheck %s

// The first buffer is dead when the third is written: they share bytes.
// CHECK: module attributes {octet.arena_size = 192 : i64}
// CHECK-LABEL: func.func @octet_run(%arg0: memref<192xi8> {llvm.noalias}
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C128:.*]] = arith.constant 128 : index
// CHECK-DAG: memref.view %arg0[%[[C0]]][] : memref<192xi8> to memref<32xf32>
// CHECK-DAG: memref.view %arg0[%[[C128]]][] : memref<192xi8> to memref<16xf32>
// CHECK-NOT: memref.alloc
func.func private @a(memref<32xf32>)
func.func private @b(memref<32xf32>, memref<16xf32>)
func.func private @c(memref<16xf32>, memref<30xf32>)
func.func @octet_run() {
  %0 = memref.alloc() : memref<32xf32>
  %1 = memref.alloc() : memref<16xf32>
  %2 = memref.alloc() : memref<30xf32>
  call @a(%0) : (memref<32xf32>) -> ()
  call @b(%0, %1) : (memref<32xf32>, memref<16xf32>) -> ()
  call @c(%1, %2) : (memref<16xf32>, memref<30xf32>) -> ()
  return
}
