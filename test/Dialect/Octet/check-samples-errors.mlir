// RUN: octet-opt %s --octet-check-samples --split-input-file --verify-diagnostics

func.func @mean(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<1x4xf32> {
  // expected-error @+1 {{mixes samples: the model's first dimension is symbolic}}
  %0 = octet.reduce mean %x {axes = array<i64: 0>} : tensor<13x4xf32> -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func @transpose(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<4x13xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.transpose %x {permutation = array<i64: 1, 0>} : tensor<13x4xf32> -> tensor<4x13xf32>
  return %0 : tensor<4x13xf32>
}

// -----

func.func @reshape(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<1x52xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.reshape %x : tensor<13x4xf32> -> tensor<1x52xf32>
  return %0 : tensor<1x52xf32>
}

// -----

func.func @slice(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<1x4xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.slice %x {offsets = array<i64: 0, 0>, sizes = array<i64: 1, 4>, strides = array<i64: 1, 1>} : tensor<13x4xf32> -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func @gram(%x: tensor<13x13xf32> {octet.symbolic_batch}, %w: tensor<4x13xf32>) -> tensor<4x13xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.matmul %w, %x : tensor<4x13xf32>, tensor<13x13xf32> -> tensor<4x13xf32>
  return %0 : tensor<4x13xf32>
}

// -----

// expected-error @+1 {{output does not depend on the sample}}
func.func @constant(%x: tensor<13x4xf32> {octet.symbolic_batch}, %w: tensor<4xf32>) -> tensor<4xf32> {
  return %w : tensor<4xf32>
}

// -----

func.func @pad(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<14x4xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.pad %x {low = array<i64: 0, 0>, high = array<i64: 1, 0>, value = 0.0 : f32} : tensor<13x4xf32> -> tensor<14x4xf32>
  return %0 : tensor<14x4xf32>
}

// -----

func.func @pad_below(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<14x4xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.pad %x {low = array<i64: 1, 0>, high = array<i64: 0, 0>, value = 0.0 : f32} : tensor<13x4xf32> -> tensor<14x4xf32>
  return %0 : tensor<14x4xf32>
}

// -----

func.func @concat(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<26x4xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.concat %x, %x {axis = 0 : i64} : tensor<13x4xf32>, tensor<13x4xf32> -> tensor<26x4xf32>
  return %0 : tensor<26x4xf32>
}

// -----

func.func @slice_backwards(%x: tensor<13x4xf32> {octet.symbolic_batch}) -> tensor<13x4xf32> {
  // expected-error @+1 {{mixes samples}}
  %0 = octet.slice %x {offsets = array<i64: 12, 0>, sizes = array<i64: 13, 4>, strides = array<i64: -1, 1>} : tensor<13x4xf32> -> tensor<13x4xf32>
  return %0 : tensor<13x4xf32>
}
