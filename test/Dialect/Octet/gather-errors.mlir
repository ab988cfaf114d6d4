// RUN: octet-opt %s -split-input-file -verify-diagnostics

// The indices' dimensions stand at the axis, not in front.
func.func @shape(%x: tensor<4x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+2 {{inferred type(s) 'tensor<4x2xf32>' are incompatible with return type(s) of operation 'tensor<2x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.gather %x, %i {axis = 1 : i64} : tensor<4x3xf32>, tensor<2xi64> -> tensor<2x4xf32>
  return
}

// -----

func.func @nothing(%x: tensor<4x0xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{chooses from nothing}}
  %0 = octet.gather %x, %i {axis = 1 : i64} : tensor<4x0xf32>, tensor<2xi64> -> tensor<4x2xf32>
  return
}

// -----

func.func @types(%x: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{input and result must have one element type}}
  %0 = octet.gather %x, %i {axis = 0 : i64} : tensor<4xf32>, tensor<2xi64> -> tensor<2xf16>
  return
}

// -----

func.func @indices(%x: tensor<4xf32>, %i: tensor<2xui8>) {
  // expected-error @+1 {{operand #1 must be ranked tensor of 32-bit signless integer or 64-bit signless integer values}}
  %0 = octet.gather %x, %i {axis = 0 : i64} : tensor<4xf32>, tensor<2xui8> -> tensor<2xf32>
  return
}

// -----

func.func @broadcast_size(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{input does not broadcast to the result's shape}}
  %0 = octet.broadcast %x : tensor<2x3xf32> -> tensor<2x4xf32>
  return
}

// -----

// What broadcasting two operands allows, a result smaller than the input.
func.func @broadcast_shrinks(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{input does not broadcast to the result's shape}}
  %0 = octet.broadcast %x : tensor<2x3xf32> -> tensor<1x3xf32>
  return
}

// -----

func.func @broadcast_types(%x: tensor<3xf32>) {
  // expected-error @+1 {{input and result must have one element type}}
  %0 = octet.broadcast %x : tensor<3xf32> -> tensor<2x3xf16>
  return
}

// -----

func.func @axis(%x: tensor<4x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+2 {{axis 2 is out of range}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.gather %x, %i {axis = 2 : i64} : tensor<4x3xf32>, tensor<2xi64> -> tensor<4x2xf32>
  return
}

// -----

func.func @negative_axis(%x: tensor<4x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+2 {{axis -1 is out of range}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.gather %x, %i {axis = -1 : i64} : tensor<4x3xf32>, tensor<2xi64> -> tensor<4x2xf32>
  return
}
