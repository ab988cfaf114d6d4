// RUN: octet-opt %s --octet-signed-storage --split-input-file --verify-diagnostics

func.func @filter(%x: tensor<1x4x4x1xui8>, %w: tensor<2x1x1x1xsi8>, %b: tensor<2xi32>, %m: tensor<2xf32>, %f: f32, %zp: i32) -> tensor<1x4x4x2xui8> {
  // expected-error @+1 {{needs a constant filter and bias}}
  %0 = octet.integer_conv2d %x, %w, %b, %m, %f, %f, %zp : tensor<1x4x4x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x4x4x2xui8>
  return %0 : tensor<1x4x4x2xui8>
}

// -----

func.func @table(%x: tensor<4xui8>, %t: tensor<256xui8>) -> tensor<4xui8> {
  // expected-error @+1 {{needs a constant table}}
  %0 = octet.lookup %x, %t : tensor<4xui8>, tensor<256xui8> -> tensor<4xui8>
  return %0 : tensor<4xui8>
}
