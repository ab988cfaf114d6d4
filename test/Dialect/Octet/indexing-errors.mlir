// RUN: octet-opt %s -split-input-file -verify-diagnostics

func.func @tuple(%x: tensor<4x3xf32>, %i: tensor<2x3xi64>) {
  // expected-error @+2 {{indices do not fit the input}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.gather_nd %x, %i {batch_dims = 0 : i64} : tensor<4x3xf32>, tensor<2x3xi64> -> tensor<2xf32>
  return
}

// -----

func.func @batch(%x: tensor<4x3xf32>, %i: tensor<4x1xi64>) {
  // expected-error @+2 {{indices do not fit the input}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.gather_nd %x, %i {batch_dims = -1 : i64} : tensor<4x3xf32>, tensor<4x1xi64> -> tensor<4xf32>
  return
}

// -----

func.func @nothing(%x: tensor<4x0xf32>, %i: tensor<2x2xi64>) {
  // expected-error @+1 {{chooses from nothing}}
  %0 = octet.gather_nd %x, %i {batch_dims = 0 : i64} : tensor<4x0xf32>, tensor<2x2xi64> -> tensor<2xf32>
  return
}

// -----

func.func @updates(%x: tensor<4x3xf32>, %i: tensor<2x1xi64>, %u: tensor<2x4xf32>) {
  // expected-error @+2 {{updates do not fit the input and the indices}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.scatter set %x, %i, %u {batch_dims = 0 : i64} : tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x4xf32> -> tensor<4x3xf32>
  return
}

// -----

func.func @update_types(%x: tensor<4xf32>, %i: tensor<2x1xi64>, %u: tensor<2xi32>) {
  // expected-error @+1 {{input and updates must have one element type}}
  %0 = octet.scatter set %x, %i, %u {batch_dims = 0 : i64} : tensor<4xf32>, tensor<2x1xi64>, tensor<2xi32> -> tensor<4xf32>
  return
}

// -----

func.func @truth(%x: tensor<4xi1>, %i: tensor<2x1xi64>, %u: tensor<2xi1>) {
  // expected-error @+1 {{combines no values of 'i1'}}
  %0 = octet.scatter add %x, %i, %u {batch_dims = 0 : i64} : tensor<4xi1>, tensor<2x1xi64>, tensor<2xi1> -> tensor<4xi1>
  return
}

// -----

func.func @axis(%x: tensor<4xf32>) {
  // expected-error @+2 {{axis 1 is out of range}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.top_indices %x {axis = 1 : i64, k = 1 : i64} : tensor<4xf32> -> tensor<1xi64>
  return
}

// -----

func.func @too_many(%x: tensor<4xf32>) {
  // expected-error @+2 {{k = 5 is not between 0 and 4, the size of dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = octet.top_indices %x {axis = 0 : i64, k = 5 : i64} : tensor<4xf32> -> tensor<5xi64>
  return
}

// -----

func.func @no_order(%x: tensor<4xf64>) {
  // expected-error @+1 {{has no order of 'f64'}}
  %0 = octet.top_indices %x {axis = 0 : i64, k = 1 : i64} : tensor<4xf64> -> tensor<1xi64>
  return
}
