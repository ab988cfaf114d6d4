// RUN: octet-opt %s --split-input-file --verify-diagnostics

func.func @axis(%x: tensor<2x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{axis 2 is out of range}}
  %y = octet.cumulative cumulative_sum %x {axis = 2 : i64} : tensor<2x5xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @negative(%x: tensor<2x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{axis -1 is out of range}}
  %y = octet.cumulative cumulative_sum %x {axis = -1 : i64} : tensor<2x5xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @shape(%x: tensor<2x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{inferred type}}
  %y = octet.cumulative cumulative_sum %x {axis = 0 : i64} : tensor<2x5xf32> -> tensor<5x2xf32>
  return
}

// -----

func.func @truth(%x: tensor<2x5xi1>) {
  // expected-error@+1 {{accumulates f32 and integers only}}
  %y = octet.cumulative cumulative_sum %x {axis = 0 : i64} : tensor<2x5xi1> -> tensor<2x5xi1>
  return
}
