// RUN: octet-opt %s --octet-outline-kernels -split-input-file -verify-diagnostics

// expected-error @+1 {{has no function main}}
module {
}

// -----

module {
  func.func private @f(tensor<4xf32>) -> tensor<4xf32>
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    // expected-error @+1 {{cannot stand in a function that is outlined}}
    %0 = call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
