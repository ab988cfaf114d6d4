// RUN: octet-opt %s --octet-complete-calls | FileCheck %s

// CHECK-LABEL: func.func @octet_run(
// CHECK: %[[S:.*]] = memref.alloc() : memref<128xi8>
// CHECK: %[[BEGIN:.*]] = arith.constant 0 : index
// CHECK: %[[END:.*]] = arith.constant 7 : index
// CHECK: call @kernel(%arg0, %[[S]], %[[BEGIN]], %[[END]])
// One that is compiled already says so itself.
// CHECK: memref.alloc() : memref<0xi8>
// CHECK: arith.constant 3 : index
// CHECK: call @compiled(
// CHECK: call @stranger(%arg0)
func.func @octet_run(%out: memref<4xf32>) {
  call @kernel(%out) : (memref<4xf32>) -> ()
  call @compiled(%out) : (memref<4xf32>) -> ()
  call @stranger(%out) : (memref<4xf32>) -> ()
  return
}

// CHECK: func.func private @kernel(memref<4xf32>, memref<128xi8>, index, index) attributes {octet.kernel_hash = "1", octet.parts = 7 : i64, octet.scratch = 128 : i64, octet.work = 9000 : i64}
func.func private @kernel(memref<4xf32>) attributes {octet.kernel_hash = "1"}
module {
  func.func private @kernel(%out: memref<4xf32>, %scratch: memref<128xi8>, %begin: index, %end: index) attributes {octet.kernel, octet.kernel_hash = "1", octet.parts = 7 : i64, octet.scratch = 128 : i64, octet.work = 9000 : i64} {
    return
  }
}
func.func private @compiled(memref<4xf32>) attributes {octet.kernel_hash = "2", octet.parts = 3 : i64, octet.scratch = 0 : i64}
func.func private @stranger(memref<4xf32>)
