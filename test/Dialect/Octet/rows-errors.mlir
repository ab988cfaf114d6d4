// RUN: octet-opt %s --split-input-file --verify-diagnostics

func.func @rank(%x: tensor<f32>) {
  // expected-error @+2 {{the input must have a dimension}}
  // expected-error @+1 {{failed to infer returned types}}
  %q, %scale, %zp = octet.dynamic_quantize %x : tensor<f32> -> tensor<ui8>, tensor<f32>, tensor<i32>
  return
}

// -----

func.func @rows(%x: tensor<8x4xf32>) {
  // expected-error @+2 {{incompatible with return type}}
  // expected-error @+1 {{failed to infer returned types}}
  %q, %scale, %zp = octet.dynamic_quantize %x : tensor<8x4xf32> -> tensor<8x4xui8>, tensor<4xf32>, tensor<8xi32>
  return
}

// -----

func.func @f(%q: tensor<1x1x8x4xui8>, %w: tensor<6x1x1x4xsi8>, %s: tensor<6xi32>, %m: tensor<6xf32>, %scale: tensor<1x1x8xf32>, %zp: tensor<1x1x8xi32>, %one: tensor<1xf32>) {
  // expected-error @+1 {{scale and zero point must have a value for each row}}
  %0 = octet.integer_linear %q, %w, %s, %m, %one, %zp : tensor<1x1x8x4xui8>, tensor<6x1x1x4xsi8>, tensor<6xi32>, tensor<6xf32>, tensor<1xf32>, tensor<1x1x8xi32> -> tensor<1x1x8x6xf32>
  return
}

// -----

func.func @f(%q: tensor<1x1x8x4xui8>, %w: tensor<6x1x1x4xsi8>, %s: tensor<6xi32>, %m: tensor<6xf32>, %scale: tensor<1x1x8xf32>, %zp: tensor<1x1x8xi32>, %v: tensor<6x3x3x4xsi8>) {
  // expected-error @+1 {{filter must have the size 1x1}}
  %0 = octet.integer_linear %q, %v, %s, %m, %scale, %zp : tensor<1x1x8x4xui8>, tensor<6x3x3x4xsi8>, tensor<6xi32>, tensor<6xf32>, tensor<1x1x8xf32>, tensor<1x1x8xi32> -> tensor<1x1x8x6xf32>
  return
}

// -----

func.func @f(%q: tensor<1x1x8x4xui8>, %w: tensor<6x1x1x4xsi8>, %s: tensor<6xi32>, %m: tensor<6xf32>, %scale: tensor<1x1x8xf32>, %zp: tensor<1x1x8xi32>, %four: tensor<4xi32>) {
  // expected-error @+1 {{sums and multiplier must have one value for each output channel}}
  %0 = octet.integer_linear %q, %w, %four, %m, %scale, %zp : tensor<1x1x8x4xui8>, tensor<6x1x1x4xsi8>, tensor<4xi32>, tensor<6xf32>, tensor<1x1x8xf32>, tensor<1x1x8xi32> -> tensor<1x1x8x6xf32>
  return
}

// -----

func.func @f(%q: tensor<1x1x8x4xui8>, %w: tensor<6x1x1x4xsi8>, %s: tensor<6xi32>, %m: tensor<6xf32>, %scale: tensor<1x1x8xf32>, %zp: tensor<1x1x8xi32>, %r: tensor<1x1x8x4xf32>) {
  // expected-error @+1 {{residual must have the shape of the result}}
  %0 = octet.integer_linear %q, %w, %s, %m, %scale, %zp residual(%r) : tensor<1x1x8x4xui8>, tensor<6x1x1x4xsi8>, tensor<6xi32>, tensor<6xf32>, tensor<1x1x8xf32>, tensor<1x1x8xi32> residual tensor<1x1x8x4xf32> -> tensor<1x1x8x6xf32>
  return
}

// -----

func.func @f(%q: tensor<1x1x8x4xui8>, %w: tensor<6x1x1x4xsi8>, %s: tensor<6xi32>, %m: tensor<6xf32>, %scale: tensor<1x1x8xf32>, %zp: tensor<1x1x8xi32>, %v: tensor<6x1x1x5xsi8>) {
  // expected-error @+1 {{input has 4 channels but the filter takes 5}}
  %0 = octet.integer_linear %q, %v, %s, %m, %scale, %zp : tensor<1x1x8x4xui8>, tensor<6x1x1x5xsi8>, tensor<6xi32>, tensor<6xf32>, tensor<1x1x8xf32>, tensor<1x1x8xi32> -> tensor<1x1x8x6xf32>
  return
}
