// RUN: octet-opt %s --octet-to-linalg --octet-tile-and-fuse --octet-vectorize | FileCheck %s

// The accumulators are vectors carried by the loops.
// CHECK-LABEL: func @strided
func.func @strided(%x: tensor<1x15x15x8xui8>, %w: tensor<2x3x3x2x16x4xsi8>, %b: tensor<32xi32>, %m: tensor<32xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x7x7x32xui8> attributes {octet.kernel} {
  // CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<{{.*}}x2x16xi32>)
  // CHECK: vector.contract
  // CHECK-NOT: linalg.generic
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp {strides = array<i64: 2, 2>, lanes = 16 : i64} : tensor<1x15x15x8xui8>, tensor<2x3x3x2x16x4xsi8>, tensor<32xi32>, tensor<32xf32> -> tensor<1x7x7x32xui8>
  return %0 : tensor<1x7x7x32xui8>
}

// A sum of one product is still a contraction, which becomes one rounding.
// CHECK-LABEL: func @single
func.func @single(%x: tensor<1x4x4x1xf32>, %w: tensor<2x1x1x1x16xf32>, %b: tensor<32xf32>) -> tensor<1x4x4x32xf32> attributes {octet.kernel} {
  // CHECK: vector.contract
  // CHECK-NOT: arith.mulf
  %0 = octet.conv2d %x, %w bias(%b) {lanes = 16 : i64} : tensor<1x4x4x1xf32>, tensor<2x1x1x1x16xf32>, tensor<32xf32> -> tensor<1x4x4x32xf32>
  return %0 : tensor<1x4x4x32xf32>
}
