// RUN: octet-opt %s --split-input-file --verify-diagnostics

func.func @rank(%q: tensor<4x6x8xf32>, %k: tensor<2x2x9x8xf32>, %v: tensor<2x2x9x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{query, key and value must have four dimensions}}
  %0 = octet.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x9x5xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @elements(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x0x8xf32>, %v: tensor<2x2x0x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{query, key and value must have elements}}
  %0 = octet.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x0x8xf32>, tensor<2x2x0x5xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @heads(%q: tensor<2x4x6x8xf32>, %k: tensor<2x3x9x8xf32>, %v: tensor<2x3x9x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{must share the batch}}
  %0 = octet.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x3x9x8xf32>, tensor<2x3x9x5xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @length(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x9x8xf32>, %v: tensor<2x2x8x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{must share the batch}}
  %0 = octet.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x8x5xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @size(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x9x7xf32>, %v: tensor<2x2x9x5xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{must share the batch}}
  %0 = octet.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x7xf32>, tensor<2x2x9x5xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @mask(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x9x8xf32>, %v: tensor<2x2x9x5xf32>, %m: tensor<2x2x6x9xf32>) {
  // expected-error@+1 {{mask must have four dimensions and broadcast to [2, 4, 6, 9]}}
  %0 = octet.attention %q, %k, %v mask(%m) {scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x9x5xf32>, tensor<2x2x6x9xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @maskRank(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x9x8xf32>, %v: tensor<2x2x9x5xf32>, %m: tensor<6x9xf32>) {
  // expected-error@+1 {{mask must have four dimensions and broadcast to [2, 4, 6, 9]}}
  %0 = octet.attention %q, %k, %v mask(%m) {scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x9x5xf32>, tensor<6x9xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @lanes(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x9x8xf32>, %v: tensor<2x2x9x5xf32>) {
  // expected-error@+1 {{lanes must be a power of two from 4 to 64}}
  %0 = octet.attention %q, %k, %v {lanes = 2 : i64, registers = 4 : i64, scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x9x5xf32>) -> tensor<2x4x6x5xf32>
  return
}

// -----

func.func @registers(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x9x8xf32>, %v: tensor<2x2x9x5xf32>) {
  // expected-error@+1 {{lanes and registers must be set together}}
  %0 = octet.attention %q, %k, %v {lanes = 16 : i64, scale = 1.0 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x9x5xf32>) -> tensor<2x4x6x5xf32>
  return
}
