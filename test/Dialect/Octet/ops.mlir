// RUN: octet-opt %s | octet-opt | FileCheck %s

// CHECK-LABEL: func @graph
func.func @graph(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x4xf32>, %b: tensor<6xf32>, %r: tensor<1x8x8x6xf32>) -> tensor<1x6xf32> {
  // CHECK: octet.conv2d %{{.*}}, %{{.*}} bias(%{{.*}}) residual(%{{.*}}) clamp(min 0.000000e+00) {pads
  %0 = octet.conv2d %x, %w bias(%b) residual(%r) clamp(min 0.0) {pads = array<i64: 1, 1, 1, 1>}
    : tensor<1x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<6xf32> residual tensor<1x8x8x6xf32> -> tensor<1x8x8x6xf32>
  // CHECK: octet.avg_pool2d
  %1 = octet.avg_pool2d %0 {kernel = array<i64: 8, 8>} : tensor<1x8x8x6xf32> -> tensor<1x1x1x6xf32>
  // CHECK: octet.unary hard_swish %{{.*}} :
  %2 = octet.unary hard_swish %1 : tensor<1x1x1x6xf32> -> tensor<1x1x1x6xf32>
  // CHECK: octet.observe %{{.*}} {high = 2.000000e+00 : f32, key = "v", low = -1.000000e+00 : f32}
  %3 = octet.observe %2 {key = "v", low = -1.0 : f32, high = 2.0 : f32} : tensor<1x1x1x6xf32>
  // CHECK: octet.reshape
  %4 = octet.reshape %3 : tensor<1x1x1x6xf32> -> tensor<1x6xf32>
  // CHECK: octet.softmax
  %5 = octet.softmax %4 {axis = 1 : i64} : tensor<1x6xf32> -> tensor<1x6xf32>
  return %5 : tensor<1x6xf32>
}

// CHECK-LABEL: func @integers
func.func @integers(%x: tensor<1x8x8x4xui8>, %w: tensor<6x3x3x4xsi8>, %b: tensor<6xi32>, %m: tensor<6xf32>, %low: f32, %high: f32, %zp: i32, %t: tensor<256xui8>) -> tensor<1x6x6x6xui8> {
  // CHECK: octet.integer_conv2d
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp
    : tensor<1x8x8x4xui8>, tensor<6x3x3x4xsi8>, tensor<6xi32>, tensor<6xf32> -> tensor<1x6x6x6xui8>
  // CHECK: octet.lookup
  %1 = octet.lookup %0, %t : tensor<1x6x6x6xui8>, tensor<256xui8> -> tensor<1x6x6x6xui8>
  // CHECK: octet.integer_add
  %2 = octet.integer_add %0, %zp, %low, %1, %zp, %high, %low, %high, %zp : tensor<1x6x6x6xui8>, tensor<1x6x6x6xui8> -> tensor<1x6x6x6xui8>
  // CHECK: octet.integer_extreme {{.*}} {smaller}
  %3 = octet.integer_extreme %2, %zp, %low, %1, %zp, %high, %low, %high, %zp {smaller} : tensor<1x6x6x6xui8>, tensor<1x6x6x6xui8> -> tensor<1x6x6x6xui8>
  // CHECK: octet.integer_conv2d {{.*}} table(%{{.*}}) : {{.*}} table tensor<256xui8> ->
  %4 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp table(%t)
    : tensor<1x8x8x4xui8>, tensor<6x3x3x4xsi8>, tensor<6xi32>, tensor<6xf32> table tensor<256xui8> -> tensor<1x6x6x6xui8>
  return %3 : tensor<1x6x6x6xui8>
}

// The blocked form covers a last block that is not full.
// CHECK-LABEL: func @blocked
func.func @blocked(%x: tensor<1x8x8x5xui8>, %w: tensor<2x3x3x2x16x4xsi8>, %b: tensor<32xi32>, %m: tensor<32xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x6x6x20xui8> {
  // CHECK: lanes = 16
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp {lanes = 16 : i64}
    : tensor<1x8x8x5xui8>, tensor<2x3x3x2x16x4xsi8>, tensor<32xi32>, tensor<32xf32> -> tensor<1x6x6x20xui8>
  return %0 : tensor<1x6x6x20xui8>
}

// CHECK-LABEL: func @layout
// CHECK-SAME: #octet.layout<channels = 64, border = 1, 1, 1, 1>
func.func @layout(%x: tensor<1x8x8x61xui8, #octet.layout<channels = 64, border = 1, 1, 1, 1>>) {
  return
}
