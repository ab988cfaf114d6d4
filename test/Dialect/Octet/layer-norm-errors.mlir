// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @scale(%x: tensor<2x4xf32>, %s: tensor<2x4xf32>) {
  // expected-error @+1 {{scale and shift must be of shape [4], as the input's last dimension}}
  %0 = octet.layer_norm %x scale(%s) {epsilon = 1.0e-5 : f32} : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @shift(%x: tensor<2x4xf32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{scale and shift must be of shape [4], as the input's last dimension}}
  %0 = octet.layer_norm %x shift(%s) {epsilon = 1.0e-5 : f32, rms} : tensor<2x4xf32> shift tensor<2xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @number(%x: tensor<f32>) {
  // expected-error @+1 {{input has no dimension to normalize along}}
  %0 = octet.layer_norm %x {epsilon = 1.0e-5 : f32} : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @result(%x: tensor<2x4xf32>) {
  // expected-error @+2 {{'octet.layer_norm' op inferred type(s) 'tensor<2x4xf32>' are incompatible}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.layer_norm %x {epsilon = 1.0e-5 : f32} : tensor<2x4xf32> -> tensor<4x2xf32>
  return
}
