// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @channels(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x5xf32>) {
  // expected-error @+1 {{input has 4 channels but the filter takes 5 in each of 1 groups}}
  %0 = octet.conv2d %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : tensor<1x8x8x4xf32>, tensor<6x3x3x5xf32> -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv_shape(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error @+1 {{result has shape [1, 8, 8, 6] but the operands give [1, 6, 6, 6]}}
  %0 = octet.conv2d %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : tensor<1x8x8x4xf32>, tensor<6x3x3x4xf32> -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @dynamic(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{takes tensors of static shape only}}
  %0 = octet.clamp %x {clamp_min = 0.0 : f32} : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @broadcast(%x: tensor<2x8xf32>, %y: tensor<3x8xf32>) {
  // expected-error @+1 {{operand shapes and attributes do not fit together}}
  %0 = octet.add %x, %y : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<3x8xf32>
  return
}

// -----

func.func @slice(%x: tensor<8xf32>) {
  // expected-error @+1 {{reads outside dimension 0}}
  %0 = octet.slice %x {offsets = array<i64: 4>, sizes = array<i64: 5>, strides = array<i64: 1>} : tensor<8xf32> -> tensor<5xf32>
  return
}

// -----

func.func @transpose(%x: tensor<8x2xf32>) {
  // expected-error @+1 {{permutation must name each dimension once}}
  %0 = octet.transpose %x {permutation = array<i64: 0, 0>} : tensor<8x2xf32> -> tensor<8x8xf32>
  return
}

// -----

func.func @reshape(%x: tensor<8x2xf32>) {
  // expected-error @+1 {{changes the number of elements}}
  %0 = octet.reshape %x : tensor<8x2xf32> -> tensor<15xf32>
  return
}

// -----

func.func @table(%x: tensor<8xui8>, %t: tensor<255xui8>) {
  // expected-error @+1 {{table must have 256 entries}}
  %0 = octet.lookup %x, %t : tensor<8xui8>, tensor<255xui8> -> tensor<8xui8>
  return
}

// -----

// expected-error @+1 {{border must hold four sizes that are not negative}}
func.func @layout(%x: tensor<1x8x8x61xui8, #octet.layout<channels = 64, border = 1, 1>>) {
  return
}
