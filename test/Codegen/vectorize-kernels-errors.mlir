// RUN: octet-opt %s --octet-to-linalg --octet-vectorize -verify-diagnostics

// An operation that was not tiled would become a vector of its whole size.
func.func @untiled(%x: tensor<1x64x64x8xui8>, %w: tensor<2x1x1x2x16x4xsi8>, %b: tensor<32xi32>, %m: tensor<32xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x64x64x32xui8> attributes {octet.kernel} {
  // expected-error @+1 {{tile of 131072 elements is too large}}
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp {lanes = 16 : i64} : tensor<1x64x64x8xui8>, tensor<2x1x1x2x16x4xsi8>, tensor<32xi32>, tensor<32xf32> -> tensor<1x64x64x32xui8>
  return %0 : tensor<1x64x64x32xui8>
}
