// RUN: octet-opt %s --split-input-file --verify-diagnostics

func.func @rank(%x: tensor<5x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{the input must have three dimensions and the weight two}}
  %y, %s = octet.recurrence rnn %x, %r {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<5x4xf32>, tensor<4x4xf32>) -> (tensor<5x4xf32>, tensor<5x4xf32>)
  return
}

// -----

func.func @gates(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{the last dimension of input and weight must be 16, all gates of 4}}
  %y, %s = octet.recurrence lstm %x, %r {activations = [#octet<activation sigmoid>, #octet<activation tanh>, #octet<activation tanh>], alphas = array<f32: 0.0, 0.0, 0.0>, betas = array<f32: 0.0, 0.0, 0.0>} : (tensor<2x5x4xf32>, tensor<4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x2x4xf32>)
  return
}

// -----

func.func @initial(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>, %i: tensor<2x2x4xf32>) {
  // expected-error@+1 {{the initial state must be of shape [2, 1, 4]}}
  %y, %s = octet.recurrence rnn %x, %r initial(%i) {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<2x5x4xf32>, tensor<4x4xf32>, tensor<2x2x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return
}

// -----

func.func @lengths(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>, %l: tensor<5xi64>) {
  // expected-error@+1 {{lengths must be of shape [2]}}
  %y, %s = octet.recurrence rnn %x, %r lengths(%l) {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<2x5x4xf32>, tensor<4x4xf32>, tensor<5xi64>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return
}

// -----

func.func @bias(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>, %b: tensor<4xf32>) {
  // expected-error@+1 {{has a bias only with linear_before_reset}}
  %y, %s = octet.recurrence rnn %x, %r bias(%b) {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<2x5x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return
}

// -----

func.func @linear(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error@+1 {{has linear_before_reset only of kind gru}}
  %y, %s = octet.recurrence rnn %x, %r {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>, linear_before_reset} : (tensor<2x5x4xf32>, tensor<4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return
}

// -----

func.func @forget(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error@+1 {{has a peephole and input_forget only of kind lstm}}
  %y, %s = octet.recurrence rnn %x, %r {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>, input_forget} : (tensor<2x5x4xf32>, tensor<4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return
}

// -----

func.func @activations(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error@+1 {{must have 1 activations, alphas and betas}}
  %y, %s = octet.recurrence rnn %x, %r {activations = [#octet<activation sigmoid>, #octet<activation tanh>, #octet<activation tanh>], alphas = array<f32: 0.0, 0.0, 0.0>, betas = array<f32: 0.0, 0.0, 0.0>} : (tensor<2x5x4xf32>, tensor<4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return
}

// -----

func.func @clip(%x: tensor<2x5x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error@+1 {{must not clip to a negative number}}
  %y, %s = octet.recurrence rnn %x, %r {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>, clip = -1.0 : f32} : (tensor<2x5x4xf32>, tensor<4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  return
}
