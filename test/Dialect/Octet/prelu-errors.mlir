// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @slope(%x: tensor<4x2xf32>, %s: tensor<3x4x2xf32>) {
  // expected-error @+2 {{the slope does not broadcast to the input}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.prelu %x, %s : tensor<4x2xf32>, tensor<3x4x2xf32> -> tensor<4x2xf32>
  return
}
