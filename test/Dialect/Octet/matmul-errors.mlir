// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @mixed(%x: tensor<2x3xi32>, %y: tensor<3x4xi64>) {
  // expected-error @+1 {{operands must have one element type}}
  %0 = octet.matmul %x, %y : tensor<2x3xi32>, tensor<3x4xi64> -> tensor<2x4xi32>
  return
}

// -----

func.func @bias(%x: tensor<2x3xi32>, %y: tensor<3x4xi32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{a product of integers takes no bias}}
  %0 = octet.matmul %x, %y bias(%b) : tensor<2x3xi32>, tensor<3x4xi32>, tensor<4xf32> -> tensor<2x4xi32>
  return
}

// -----

func.func @lanes(%x: tensor<2x3xf32>, %y: tensor<3x4xf32>) {
  // expected-error @+1 {{lanes must be a power of two up to 64}}
  %0 = octet.matmul %x, %y {lanes = 12} : tensor<2x3xf32>, tensor<3x4xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @integers(%x: tensor<2x3xi32>, %y: tensor<3x4xi32>) {
  // expected-error @+1 {{a product of integers is not blocked}}
  %0 = octet.matmul %x, %y {lanes = 16} : tensor<2x3xi32>, tensor<3x4xi32> -> tensor<2x4xi32>
  return
}
