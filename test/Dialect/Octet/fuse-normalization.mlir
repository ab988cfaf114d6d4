// RUN: octet-opt %s --octet-fuse-normalization -canonicalize | FileCheck %s

// As PyTorch writes it for operator sets before 17.
// CHECK-LABEL: func @layer_norm
// CHECK-NEXT: %[[Y:.*]] = octet.layer_norm %arg0 scale(%arg1) shift(%arg2) {epsilon = 9.99999974E-6 : f32} : tensor<2x3x8xf32>, tensor<8xf32> shift tensor<8xf32> -> tensor<2x3x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %k = octet.binary mul %n, %g : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  %y = octet.binary add %k, %b : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// Products in either order; an inverse instead of a quotient.
// CHECK-LABEL: func @inverse
// CHECK-NEXT: octet.layer_norm %arg0 scale(%arg1) shift(%arg2)
// CHECK-NEXT: return
func.func @inverse(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary mul %c, %c : tensor<2x3x8xf32>, tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %eps, %v : tensor<f32>, tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %i = octet.unary reciprocal %d : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary mul %c, %i : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %k = octet.binary mul %g, %n : tensor<8xf32>, tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %y = octet.binary add %b, %k : tensor<8xf32>, tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// The difference may be there twice.
// CHECK-LABEL: func @twice
// CHECK-NEXT: octet.layer_norm %arg0 {epsilon
// CHECK-NEXT: return
func.func @twice(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %less = arith.constant dense<-0.5> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %m1 = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c1 = octet.binary sub %x, %m1 : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary mul %c1, %c1 : tensor<2x3x8xf32>, tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %i = octet.binary pow %w, %less : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %y = octet.binary mul %i, %c : tensor<2x3x1xf32>, tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// As language models have it.
// CHECK-LABEL: func @rms
// CHECK-NEXT: octet.layer_norm %arg0 scale(%arg1) {epsilon = 9.99999974E-6 : f32, rms}
// CHECK-NEXT: return
func.func @rms(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %two = arith.constant dense<2.0> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %q = octet.binary pow %x, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %i = octet.binary div %one, %d : tensor<1xf32>, tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary mul %x, %i : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %y = octet.binary mul %g, %n : tensor<8xf32>, tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// CHECK-LABEL: func @root_as_power
// CHECK-NEXT: octet.layer_norm %arg0 shift(%arg2) {epsilon
// CHECK-NEXT: return
func.func @root_as_power(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %two = arith.constant dense<2.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.binary pow %w, %half : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %n = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %y = octet.binary add %n, %b : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// Parameters may have more dimensions.
// CHECK-LABEL: func @image_parameters
// CHECK-NEXT: %[[G:.*]] = octet.reshape %arg1 : tensor<1x1x8xf32> -> tensor<8xf32>
// CHECK-NEXT: octet.layer_norm %arg0 scale(%[[G]])
// CHECK-NEXT: return
func.func @image_parameters(%x: tensor<2x3x8xf32>, %g: tensor<1x1x8xf32>) -> tensor<2x3x8xf32> {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %y = octet.binary mul %n, %g : tensor<2x3x8xf32>, tensor<1x1x8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// With its mean used elsewhere, what is left normalizes the differences.
// CHECK-LABEL: func @mean_used
// CHECK-NEXT: %[[M:.*]] = octet.reduce mean
// CHECK-NEXT: %[[C:.*]] = octet.binary sub
// CHECK-NEXT: %[[Y:.*]] = octet.layer_norm %[[C]] scale(%arg1) shift(%arg2) {epsilon = 9.99999974E-6 : f32, rms}
// CHECK-NEXT: return %[[Y]], %[[M]]
func.func @mean_used(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> (tensor<2x3x8xf32>, tensor<2x3x1xf32>) {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %k = octet.binary mul %n, %g : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  %y = octet.binary add %k, %b : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  return %y, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32>
}

// CHECK-LABEL: func @deviation_used
// CHECK-NOT: octet.layer_norm
// CHECK: return
func.func @deviation_used(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> (tensor<2x3x8xf32>, tensor<2x3x1xf32>) {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %k = octet.binary mul %n, %g : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  %y = octet.binary add %k, %b : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  return %y, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32>
}

// What is used before it is scaled ends the operation.
// CHECK-LABEL: func @normal_used
// CHECK: %[[N:.*]] = octet.layer_norm %arg0 {epsilon
// CHECK-NEXT: %[[K:.*]] = octet.binary mul %[[N]]
// CHECK-NEXT: %[[Y:.*]] = octet.binary add %[[K]]
// CHECK-NEXT: return %[[Y]], %[[N]]
func.func @normal_used(%x: tensor<2x3x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> (tensor<2x3x8xf32>, tensor<2x3x8xf32>) {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %k = octet.binary mul %n, %g : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  %y = octet.binary add %k, %b : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>
  return %y, %n : tensor<2x3x8xf32>, tensor<2x3x8xf32>
}

// CHECK-LABEL: func @other_dimension
// CHECK-NOT: octet.layer_norm
// CHECK: return
func.func @other_dimension(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 1>} : tensor<2x3x8xf32> -> tensor<2x1x8xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x1x8xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 1>} : tensor<2x3x8xf32> -> tensor<2x1x8xf32>
  %w = octet.binary add %v, %eps : tensor<2x1x8xf32>, tensor<f32> -> tensor<2x1x8xf32>
  %d = octet.unary sqrt %w : tensor<2x1x8xf32> -> tensor<2x1x8xf32>
  %y = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x1x8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// The mean of squares of something else.
// CHECK-LABEL: func @other_squares
// CHECK-NOT: octet.layer_norm
// CHECK: return
func.func @other_squares(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary mul %x, %x : tensor<2x3x8xf32>, tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %y = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// One number for all positions stays outside.
// CHECK-LABEL: func @one_scale
// CHECK: %[[N:.*]] = octet.layer_norm %arg0 {epsilon
// CHECK-NEXT: octet.binary mul %[[N]]
func.func @one_scale(%x: tensor<2x3x8xf32>, %g: tensor<f32>) -> tensor<2x3x8xf32> {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %m = octet.reduce mean %x {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %c = octet.binary sub %x, %m : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %q = octet.binary pow %c, %two : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  %v = octet.reduce mean %q {axes = array<i64: 2>} : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  %w = octet.binary add %v, %eps : tensor<2x3x1xf32>, tensor<f32> -> tensor<2x3x1xf32>
  %d = octet.unary sqrt %w : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %n = octet.binary div %c, %d : tensor<2x3x8xf32>, tensor<2x3x1xf32> -> tensor<2x3x8xf32>
  %y = octet.binary mul %n, %g : tensor<2x3x8xf32>, tensor<f32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}
