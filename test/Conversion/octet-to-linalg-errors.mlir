// RUN: octet-opt %s --octet-to-linalg -split-input-file -verify-diagnostics

func.func @padded(%x: tensor<1x4x4x1xf32>, %w: tensor<2x3x3x1xf32>) -> tensor<1x4x4x2xf32> {
  // expected-error @+1 {{has no lowering to linalg for these types}}
  %0 = octet.conv2d %x, %w {pads = array<i64: 1, 1, 1, 1>} : tensor<1x4x4x1xf32>, tensor<2x3x3x1xf32> -> tensor<1x4x4x2xf32>
  return %0 : tensor<1x4x4x2xf32>
}

// -----

!q = !quant.uniform<u8:f32, 0.5:10>

func.func @quantized(%x: tensor<4x!q>) -> tensor<4x!q> {
  // expected-error @+1 {{has no lowering to linalg for these types}}
  %0 = octet.unary tanh %x : tensor<4x!q> -> tensor<4x!q>
  return %0 : tensor<4x!q>
}
