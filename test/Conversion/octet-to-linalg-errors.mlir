// RUN: octet-opt %s --octet-to-linalg -split-input-file -verify-diagnostics

func.func @padded(%x: tensor<1x4x4x1xf32>, %w: tensor<2x3x3x1xf32>) -> tensor<1x4x4x2xf32> {
  // expected-error @+1 {{has no lowering to linalg for these types}}
  %0 = octet.conv2d %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : tensor<1x4x4x1xf32>, tensor<2x3x3x1xf32> -> tensor<1x4x4x2xf32>
  return %0 : tensor<1x4x4x2xf32>
}

// -----

func.func @cast(%x: tensor<4xf32>) -> tensor<4xi32> {
  // expected-error @+1 {{has no lowering to linalg for these types}}
  %0 = octet.cast %x : tensor<4xf32> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
