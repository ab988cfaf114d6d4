// RUN: octet-opt %s --octet-bufferize | FileCheck %s

// Copies need no run-time library.
// CHECK-LABEL: func @copy
func.func @copy(%from: memref<4xf32>, %to: memref<4xf32>) {
  // CHECK: linalg.copy ins(%arg0 : memref<4xf32>) outs(%arg1 : memref<4xf32>)
  // CHECK-NOT: memref.alloc
  %0 = bufferization.to_tensor %from restrict : memref<4xf32> to tensor<4xf32>
  bufferization.materialize_in_destination %0 in restrict writable %to : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}
