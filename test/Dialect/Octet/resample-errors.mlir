// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @axis(%x: tensor<2x3xf32>, %s: tensor<5x2xi64>, %w: tensor<5x2xf32>) {
  // expected-error @+2 {{axis 2 is out of range}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.resample %x, %s, %w {axis = 2 : i64} : tensor<2x3xf32>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @taps(%x: tensor<2x3xf32>, %s: tensor<5x2xi64>, %w: tensor<5x3xf32>) {
  // expected-error @+2 {{sources and weights must be matrices of one shape}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.resample %x, %s, %w {axis = 1 : i64} : tensor<2x3xf32>, tensor<5x2xi64>, tensor<5x3xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @nothing(%x: tensor<2x0xf32>, %s: tensor<5x2xi64>, %w: tensor<5x2xf32>) {
  // expected-error @+2 {{chooses from nothing}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.resample %x, %s, %w {axis = 1 : i64} : tensor<2x0xf32>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @elements(%x: tensor<2x3xui8>, %s: tensor<5x2xi64>, %w: tensor<5x2xf32>) {
  // expected-error @+1 {{input and result must be both quantized or both f32}}
  %0 = octet.resample %x, %s, %w {axis = 1 : i64} : tensor<2x3xui8>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<2x5xui8>
  return
}
