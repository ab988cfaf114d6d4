// RUN: octet-opt %s | octet-opt | FileCheck %s

// CHECK-LABEL: func @rnn
func.func @rnn(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>) -> tensor<2x5x4xf32> {
  // CHECK: octet.recurrence rnn %arg0, %arg1 {activations = [#octet<activation tanh>]
  %y, %s = octet.recurrence rnn %x, %r {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<2x5x4xf32>, tensor<4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return %y : tensor<2x5x4xf32>
}

// CHECK-LABEL: func @gru
func.func @gru(%x: tensor<2x5x12xf32>, %r: tensor<4x12xf32>, %i: tensor<2x1x4xf32>, %b: tensor<4xf32>) -> tensor<2x1x4xf32> {
  // CHECK: octet.recurrence gru %arg0, %arg1 initial(%arg2) bias(%arg3) {{.*}}linear_before_reset, reverse
  %y, %s = octet.recurrence gru %x, %r initial(%i) bias(%b) {activations = [#octet<activation sigmoid>, #octet<activation tanh>], alphas = array<f32: 0.0, 0.0>, betas = array<f32: 0.0, 0.0>, linear_before_reset, reverse} : (tensor<2x5x12xf32>, tensor<4x12xf32>, tensor<2x1x4xf32>, tensor<4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return %s : tensor<2x1x4xf32>
}

// CHECK-LABEL: func @lstm
func.func @lstm(%x: tensor<2x5x16xf32>, %r: tensor<4x16xf32>, %l: tensor<2xi64>, %p: tensor<3x4xf32>) -> tensor<2x2x4xf32> {
  // CHECK: octet.recurrence lstm %arg0, %arg1 lengths(%arg2) peephole(%arg3) {{.*}}clip = 5.{{.*}}input_forget
  %y, %s = octet.recurrence lstm %x, %r lengths(%l) peephole(%p) {activations = [#octet<activation hard_sigmoid>, #octet<activation tanh>, #octet<activation relu>], alphas = array<f32: 0.2, 0.0, 0.0>, betas = array<f32: 0.5, 0.0, 0.0>, clip = 5.0 : f32, input_forget} : (tensor<2x5x16xf32>, tensor<4x16xf32>, tensor<2xi64>, tensor<3x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x2x4xf32>)
  return %s : tensor<2x2x4xf32>
}
