// RUN: octet-opt %s --octet-insert-observers -mlir-print-debuginfo | FileCheck %s

// The normalized input is observed, not the steps before; a max pool passes the
// scale of its input on.
// CHECK-LABEL: func @main
func.func @main(%x: tensor<1x4x4x2xf32>, %w: tensor<2x1x1x2xf32>) -> tensor<1x2x2x2xf32> {
  %mean = arith.constant dense<1.0> : tensor<1xf32>
  // CHECK: %[[N:.*]] = octet.binary sub
  // CHECK-NEXT: %[[NO:.*]] = octet.observe %[[N]] {key = "normalized"}
  %0 = octet.binary sub %x, %mean : tensor<1x4x4x2xf32>, tensor<1xf32> -> tensor<1x4x4x2xf32> loc("Sub"("normalized"))
  // CHECK-NEXT: %[[C:.*]] = octet.conv2d %[[NO]]
  // CHECK-NEXT: %[[CO:.*]] = octet.observe %[[C]] {key = "features"}
  %1 = octet.conv2d %0, %w : tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32> -> tensor<1x4x4x2xf32> loc("Conv"("features"))
  // CHECK-NEXT: octet.max_pool2d %[[CO]]
  // CHECK-NEXT: return
  %2 = octet.max_pool2d %1 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  return %2 : tensor<1x2x2x2xf32>
}
