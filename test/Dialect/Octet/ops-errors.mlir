// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @channels(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x5xf32>) {
  // expected-error @+1 {{input has 4 channels but the filter takes 5 in each of 1 groups}}
  %0 = octet.conv2d %x, %w : tensor<1x8x8x4xf32>, tensor<6x3x3x5xf32> -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv_shape(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<1x6x6x6xf32>' are incompatible with return type(s) of operation 'tensor<1x8x8x6xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.conv2d %x, %w : tensor<1x8x8x4xf32>, tensor<6x3x3x4xf32> -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @dynamic(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{takes tensors of static shape only}}
  %0 = octet.clamp %x clamp(min 0.0) : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @broadcast(%x: tensor<2x8xf32>, %y: tensor<3x8xf32>) {
  // expected-error @+2 {{operand shapes and attributes do not fit together}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.binary add %x, %y : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<3x8xf32>
  return
}

// -----

func.func @slice(%x: tensor<8xf32>) {
  // expected-error @+2 {{reads outside dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.slice %x {offsets = array<i64: 4>, sizes = array<i64: 5>, strides = array<i64: 1>} : tensor<8xf32> -> tensor<5xf32>
  return
}

// -----

func.func @transpose(%x: tensor<8x2xf32>) {
  // expected-error @+2 {{permutation must name each dimension once}}
  // expected-error @+1 {{failed to infer returned types}}
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

// -----

func.func @border(%x: tensor<1x4x4x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>) {
  // expected-error @+1 {{must be the same memory}}
  %0 = octet.border %x {pads = array<i64: 1, 1, 1, 1>, value = 0.0 : f32} : tensor<1x4x4x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>> -> tensor<1x6x6x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>
  return
}

// -----

func.func @types(%x: tensor<4xf32>, %y: tensor<4xi32>) {
  // expected-error @+1 {{operands and result must have one element type}}
  %0 = octet.binary add %x, %y : tensor<4xf32>, tensor<4xi32> -> tensor<4xf32>
  return
}

// -----

func.func @border_pads(%x: tensor<1x4x4x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>) {
  // expected-error @+2 {{takes an input of rank 4 and four pads from zero up}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.border %x {pads = array<i64: 1, 1, 1, 1, 1>, value = 0.0 : f32} : tensor<1x4x4x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>> -> tensor<1x6x6x4xf32, #octet.layout<channels = 4, border = 0, 0, 0, 0>>
  return
}

// -----

func.func @conv_table(%x: tensor<1x1x1x1xui8>, %w: tensor<2x1x1x1xsi8>, %b: tensor<2xi32>, %m: tensor<2xf32>, %f: f32, %z: i32, %t: tensor<16xui8>) {
  // expected-error @+1 {{table must have 256 entries}}
  %0 = octet.integer_conv2d %x, %w, %b, %m, %f, %f, %z table(%t) : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> table tensor<16xui8> -> tensor<1x1x1x2xui8>
  return
}
