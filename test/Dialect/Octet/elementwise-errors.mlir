// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @binary_result(%x: tensor<4xf32>) {
  // expected-error @+1 {{operands and result must have one element type}}
  %0 = octet.binary add %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf16>
  return
}

// -----

func.func @bits_of_floats(%x: tensor<4xf32>) {
  // expected-error @+1 {{works on integers and truth values only}}
  %0 = octet.binary xor %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @shifted_truth(%x: tensor<4xi1>) {
  // expected-error @+1 {{shifts no truth values}}
  %0 = octet.binary shift_left %x, %x : tensor<4xi1>, tensor<4xi1> -> tensor<4xi1>
  return
}

// -----

func.func @shifted_floats(%x: tensor<4xf32>) {
  // expected-error @+1 {{works on integers and truth values only}}
  %0 = octet.binary shift_right %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @unary_shape(%x: tensor<4xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<4xf32>' are incompatible with return type(s) of operation 'tensor<2x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.unary tanh %x : tensor<4xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @unary_of_integers(%x: tensor<4xi32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of}}
  %0 = octet.unary neg %x : tensor<4xi32> -> tensor<4xi32>
  return
}

// -----

func.func @compare_shapes(%x: tensor<2x8xf32>, %y: tensor<3x8xf32>) {
  // expected-error @+2 {{operand shapes do not broadcast}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.compare eq %x, %y : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<2x8xi1>
  return
}

// -----

func.func @compare_types(%x: tensor<4xi32>, %y: tensor<4xi64>) {
  // expected-error @+1 {{operands must have one element type}}
  %0 = octet.compare eq %x, %y : tensor<4xi32>, tensor<4xi64> -> tensor<4xi1>
  return
}

// -----

func.func @compare_result(%x: tensor<4xf32>) {
  // expected-error @+1 {{result #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<4xi8>'}}
  %0 = octet.compare eq %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xi8>
  return
}

// -----

// The operands fit each other, but not the condition.
func.func @select_shapes(%c: tensor<3x1xi1>, %x: tensor<2x8xf32>, %y: tensor<8xf32>) {
  // expected-error @+2 {{operand shapes and attributes do not fit together}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.select %c, %x, %y : tensor<3x1xi1>, tensor<2x8xf32>, tensor<8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @select_types(%c: tensor<4xi1>, %x: tensor<4xi32>, %y: tensor<4xi64>) {
  // expected-error @+1 {{operands and result must have one element type}}
  %0 = octet.select %c, %x, %y : tensor<4xi1>, tensor<4xi32>, tensor<4xi64> -> tensor<4xi32>
  return
}

// -----

func.func @select_result(%c: tensor<4xi1>, %x: tensor<4xi32>) {
  // expected-error @+1 {{operands and result must have one element type}}
  %0 = octet.select %c, %x, %x : tensor<4xi1>, tensor<4xi32>, tensor<4xi32> -> tensor<4xi64>
  return
}

// -----

func.func @select_condition(%c: tensor<4xi8>, %x: tensor<4xi32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<4xi8>'}}
  %0 = octet.select %c, %x, %x : tensor<4xi8>, tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
  return
}

// -----

func.func @cast(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{input and result must have one shape}}
  %0 = octet.cast %x : tensor<4x2xf32> -> tensor<2x4xi64>
  return
}

// -----

func.func @clamped_integers(%x: tensor<2xi32>) {
  // expected-error @+1 {{clamps real numbers only}}
  %0 = octet.binary add %x, %x clamp(min 0.0) : tensor<2xi32>, tensor<2xi32> -> tensor<2xi32>
  return
}
