// RUN: octet-opt %s --octet-hoist-temporaries="max-stack-bytes=64" | FileCheck %s

// CHECK-LABEL: func.func private @kernel(%arg0: memref<4xf32>, %arg1: memref<32xf32> {llvm.noalias})
func.func private @kernel(%out: memref<4xf32>) attributes {octet.kernel} {
  %c0 = arith.constant 0 : index
  // CHECK: memref.alloc() : memref<16xf32>
  // CHECK-NOT: memref.alloc() : memref<32xf32>
  // CHECK: memref.load %arg1
  %small = memref.alloc() : memref<16xf32>
  %large = memref.alloc() : memref<32xf32>
  %0 = memref.load %large[%c0] : memref<32xf32>
  memref.store %0, %small[%c0] : memref<16xf32>
  memref.store %0, %out[%c0] : memref<4xf32>
  return
}

// Together they are too large.
// CHECK-LABEL: func.func private @two(%arg0: memref<4xf32>, %arg1: memref<9xf32> {llvm.noalias})
func.func private @two(%out: memref<4xf32>) attributes {octet.kernel} {
  %c0 = arith.constant 0 : index
  // CHECK: memref.alloc() : memref<8xf32>
  // CHECK-NOT: memref.alloc() : memref<9xf32>
  %first = memref.alloc() : memref<8xf32>
  %second = memref.alloc() : memref<9xf32>
  %0 = memref.load %second[%c0] : memref<9xf32>
  memref.store %0, %first[%c0] : memref<8xf32>
  memref.store %0, %out[%c0] : memref<4xf32>
  return
}

// CHECK-LABEL: func.func @octet_run
func.func @octet_run(%out: memref<4xf32>) {
  // CHECK: %[[T:.*]] = memref.alloc() : memref<32xf32>
  // CHECK: call @kernel(%arg0, %[[T]])
  call @kernel(%out) : (memref<4xf32>) -> ()
  return
}
