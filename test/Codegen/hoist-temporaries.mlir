// RUN: octet-opt %s --octet-hoist-temporaries="max-stack-bytes=64" | FileCheck %s

// CHECK-LABEL: func.func private @kernel(%arg0: memref<4xf32>, %arg1: memref<128xi8> {llvm.noalias})
// CHECK-SAME: octet.scratch = 128 : i64
func.func private @kernel(%out: memref<4xf32>) attributes {octet.kernel} {
  %c0 = arith.constant 0 : index
  // CHECK-DAG: memref.alloc() : memref<16xf32>
  // CHECK-DAG: %[[V:.*]] = memref.view %arg1[%{{.*}}][] : memref<128xi8> to memref<32xf32>
  // CHECK-NOT: memref.alloc() : memref<32xf32>
  // CHECK: memref.load %[[V]]
  %small = memref.alloc() : memref<16xf32>
  %large = memref.alloc() : memref<32xf32>
  %0 = memref.load %large[%c0] : memref<32xf32>
  memref.store %0, %small[%c0] : memref<16xf32>
  memref.store %0, %out[%c0] : memref<4xf32>
  return
}

// Together they are too large. Each begins with a cache line.
// CHECK-LABEL: func.func private @three(%arg0: memref<4xf32>, %arg1: memref<192xi8> {llvm.noalias})
func.func private @three(%out: memref<4xf32>) attributes {octet.kernel} {
  %c0 = arith.constant 0 : index
  // CHECK-DAG: %[[SECOND:.*]] = arith.constant 64 : index
  // CHECK-DAG: memref.alloc() : memref<8xf32>
  // CHECK-DAG: memref.view %arg1[%{{.*}}][] : memref<192xi8> to memref<9xf32>
  // CHECK-DAG: memref.view %arg1[%[[SECOND]]][] : memref<192xi8> to memref<17xf32>
  %first = memref.alloc() : memref<8xf32>
  %second = memref.alloc() : memref<9xf32>
  %third = memref.alloc() : memref<17xf32>
  %0 = memref.load %second[%c0] : memref<9xf32>
  memref.store %0, %first[%c0] : memref<8xf32>
  memref.store %0, %third[%c0] : memref<17xf32>
  memref.store %0, %out[%c0] : memref<4xf32>
  return
}

// One that needs none takes no bytes.
// CHECK-LABEL: func.func private @none(%arg0: memref<4xf32>, %arg1: memref<0xi8> {llvm.noalias})
// CHECK-SAME: octet.scratch = 0 : i64
func.func private @none(%out: memref<4xf32>) attributes {octet.kernel} {
  return
}
