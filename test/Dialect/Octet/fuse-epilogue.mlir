// RUN: octet-opt %s --octet-fuse-epilogue | FileCheck %s

// CHECK-LABEL: func @residual_and_clamp
func.func @residual_and_clamp(%x: tensor<1x4x4x2xf32>, %w: tensor<2x1x1x2xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK-NEXT: octet.conv2d %arg0, %arg1 residual(%arg0) clamp(min 0.000000e+00 max 6.000000e+00)
  // CHECK-NEXT: return
  %0 = octet.conv2d %x, %w : tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.binary add %x, %0 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %2 = octet.clamp %1 clamp(min 0.0 max 6.0) : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// The clamp comes before the sum: it cannot be attached together with it.
// CHECK-LABEL: func @clamp_then_sum
func.func @clamp_then_sum(%x: tensor<1x4x4x2xf32>, %w: tensor<2x1x1x2xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK-NEXT: octet.conv2d {{.*}} clamp(min
  // CHECK-NEXT: octet.binary add
  %0 = octet.conv2d %x, %w : tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.clamp %0 clamp(min 0.0) : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %2 = octet.binary add %x, %1 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// CHECK-LABEL: func @bias_of_run_time
func.func @bias_of_run_time(%x: tensor<1x4x4x2xf32>, %w: tensor<2x1x1x2xf32>, %b: tensor<2xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK-NEXT: %[[B:.*]] = octet.broadcast %arg2 : tensor<2xf32> -> tensor<1x4x4x2xf32>
  // CHECK-NEXT: octet.conv2d %arg0, %arg1 residual(%[[B]])
  // CHECK-NEXT: return
  %0 = octet.conv2d %x, %w : tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.binary add %b, %0 : tensor<2xf32>, tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  return %1 : tensor<1x4x4x2xf32>
}

// CHECK-LABEL: func @integers
func.func @integers(%x: tensor<4xui8>) -> tensor<4xui8> {
  // CHECK: octet.binary add
  // CHECK-NOT: clamp(
  // CHECK: octet.clamp
  %0 = octet.binary add %x, %x : tensor<4xui8>, tensor<4xui8> -> tensor<4xui8>
  %1 = octet.clamp %0 clamp(min 3.0) : tensor<4xui8> -> tensor<4xui8>
  return %1 : tensor<4xui8>
}

// The other side follows the reshape; both sums of a transformer's block do.
// CHECK-LABEL: func @reshaped
func.func @reshaped(%x: tensor<2x3x4xf32>, %y: tensor<1x1x6x4xf32>, %w: tensor<4x1x1x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK-NEXT: %[[X:.*]] = octet.reshape %arg0 : tensor<2x3x4xf32> -> tensor<1x1x6x4xf32>
  // CHECK-NEXT: %[[Y:.*]] = octet.conv2d %arg1, %arg2 residual(%[[X]]) clamp(min 0.000000e+00)
  // CHECK-NEXT: %[[Z:.*]] = octet.reshape %[[Y]] : tensor<1x1x6x4xf32> -> tensor<2x3x4xf32>
  // CHECK-NEXT: return %[[Z]]
  %0 = octet.conv2d %y, %w : tensor<1x1x6x4xf32>, tensor<4x1x1x4xf32> -> tensor<1x1x6x4xf32>
  %1 = octet.reshape %0 : tensor<1x1x6x4xf32> -> tensor<2x3x4xf32>
  %2 = octet.binary add %x, %1 clamp(min 0.0) : tensor<2x3x4xf32>, tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func @reshape_used
func.func @reshape_used(%x: tensor<2x3x4xf32>, %y: tensor<1x1x6x4xf32>, %w: tensor<4x1x1x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  // CHECK: octet.binary add
  %0 = octet.conv2d %y, %w : tensor<1x1x6x4xf32>, tensor<4x1x1x4xf32> -> tensor<1x1x6x4xf32>
  %1 = octet.reshape %0 : tensor<1x1x6x4xf32> -> tensor<2x3x4xf32>
  %2 = octet.binary add %x, %1 : tensor<2x3x4xf32>, tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  return %1, %2 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// A smaller side would be broadcast and reshaped for nothing.
// CHECK-LABEL: func @reshaped_bias
func.func @reshaped_bias(%x: tensor<4xf32>, %y: tensor<1x1x6x4xf32>, %w: tensor<4x1x1x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK: octet.binary add
  %0 = octet.conv2d %y, %w : tensor<1x1x6x4xf32>, tensor<4x1x1x4xf32> -> tensor<1x1x6x4xf32>
  %1 = octet.reshape %0 : tensor<1x1x6x4xf32> -> tensor<2x3x4xf32>
  %2 = octet.binary add %x, %1 : tensor<4xf32>, tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}
