// RUN: octet-opt %s --octet-to-channels-last -canonicalize -cse | FileCheck %s

// CHECK-LABEL: func @residual
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<1x3x8x8xf32>
func.func @residual(%x: tensor<1x3x8x8xf32>, %w: tensor<3x1x1x3xf32>) -> tensor<1x3x8x8xf32> {
  // The normalization ends up behind the only transpose of the input.
  // CHECK: %[[MEAN:.*]] = arith.constant dense<{{.*}}1.000000e+00, 2.000000e+00, 3.000000e+00{{.*}}> : tensor<1x1x1x3xf32>
  // CHECK: %[[T:.*]] = octet.transpose %[[X]] {permutation = array<i64: 0, 2, 3, 1>}
  // CHECK: %[[N:.*]] = octet.binary sub %[[T]], %[[MEAN]]
  %mean = arith.constant dense<[[[[1.0]], [[2.0]], [[3.0]]]]> : tensor<1x3x1x1xf32>
  %n = octet.binary sub %x, %mean : tensor<1x3x8x8xf32>, tensor<1x3x1x1xf32> -> tensor<1x3x8x8xf32>
  %0 = octet.transpose %n {permutation = array<i64: 0, 2, 3, 1>} : tensor<1x3x8x8xf32> -> tensor<1x8x8x3xf32>
  // CHECK: %[[C:.*]] = octet.conv2d %[[N]]
  %1 = octet.conv2d %0, %w : tensor<1x8x8x3xf32>, tensor<3x1x1x3xf32> -> tensor<1x8x8x3xf32>
  %2 = octet.transpose %1 {permutation = array<i64: 0, 3, 1, 2>} : tensor<1x8x8x3xf32> -> tensor<1x3x8x8xf32>
  // CHECK-NEXT: %[[R:.*]] = octet.clamp %[[C]]
  %3 = octet.clamp %2 clamp(min 0.0) : tensor<1x3x8x8xf32> -> tensor<1x3x8x8xf32>
  // CHECK-NEXT: %[[S:.*]] = octet.binary add %[[R]], %[[N]]
  %4 = octet.binary add %3, %n : tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32> -> tensor<1x3x8x8xf32>
  // CHECK-NEXT: %[[O:.*]] = octet.transpose %[[S]] {permutation = array<i64: 0, 3, 1, 2>}
  // CHECK-NEXT: return %[[O]]
  return %4 : tensor<1x3x8x8xf32>
}

// CHECK-LABEL: func @moves
func.func @moves(%x: tensor<1x8x8x6xf32>) -> tensor<1x6x10x8xf32> {
  // CHECK: octet.slice {{.*}}offsets = array<i64: 0, 0, 0, 2>, sizes = array<i64: 1, 8, 8, 3>
  // CHECK: octet.concat {{.*}} {axis = 3 : i64}
  // CHECK: octet.pad {{.*}}high = array<i64: 0, 1, 0, 0>, low = array<i64: 0, 1, 0, 0>
  // CHECK: octet.transpose
  %0 = octet.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : tensor<1x8x8x6xf32> -> tensor<1x6x8x8xf32>
  %1 = octet.slice %0 {offsets = array<i64: 0, 2, 0, 0>, sizes = array<i64: 1, 3, 8, 8>, strides = array<i64: 1, 1, 1, 1>} : tensor<1x6x8x8xf32> -> tensor<1x3x8x8xf32>
  %2 = octet.concat %1, %1 {axis = 1 : i64} : tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32> -> tensor<1x6x8x8xf32>
  %3 = octet.pad %2 {low = array<i64: 0, 0, 1, 0>, high = array<i64: 0, 0, 1, 0>, value = 0.0 : f32} : tensor<1x6x8x8xf32> -> tensor<1x6x10x8xf32>
  return %3 : tensor<1x6x10x8xf32>
}

// CHECK-LABEL: func @one_channel
func.func @one_channel(%x: tensor<1x1x8x8xf32>, %w: tensor<2x1x1x1xf32>) -> tensor<1x8x8x2xf32> {
  // CHECK: %[[R:.*]] = octet.reshape %arg0
  // CHECK-NEXT: %[[D:.*]] = octet.binary div %[[R]]
  // CHECK-NEXT: octet.conv2d %[[D]]
  %s = arith.constant dense<16.0> : tensor<f32>
  %0 = octet.binary div %x, %s : tensor<1x1x8x8xf32>, tensor<f32> -> tensor<1x1x8x8xf32>
  %1 = octet.transpose %0 {permutation = array<i64: 0, 2, 3, 1>} : tensor<1x1x8x8xf32> -> tensor<1x8x8x1xf32>
  %2 = octet.conv2d %1, %w : tensor<1x8x8x1xf32>, tensor<2x1x1x1xf32> -> tensor<1x8x8x2xf32>
  return %2 : tensor<1x8x8x2xf32>
}

// Indices and weights have dimensions of their own, and stay.
// CHECK-LABEL: func @chosen
func.func @chosen(%x: tensor<1x8x8x6xf32>, %i: tensor<3xi64>, %s: tensor<5x2xi64>, %w: tensor<5x2xf32>) -> tensor<1x6x3x5xf32> {
  // CHECK: %[[G:.*]] = octet.gather %arg0, %arg1 {axis = 1 : i64} : tensor<1x8x8x6xf32>, tensor<3xi64> -> tensor<1x3x8x6xf32>
  // CHECK: %[[R:.*]] = octet.resample %[[G]], %arg2, %arg3 {axis = 2 : i64} : tensor<1x3x8x6xf32>
  // CHECK: octet.transpose %[[R]]
  %0 = octet.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : tensor<1x8x8x6xf32> -> tensor<1x6x8x8xf32>
  %1 = octet.gather %0, %i {axis = 2 : i64} : tensor<1x6x8x8xf32>, tensor<3xi64> -> tensor<1x6x3x8xf32>
  %2 = octet.resample %1, %s, %w {axis = 3 : i64} : tensor<1x6x3x8xf32>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<1x6x3x5xf32>
  return %2 : tensor<1x6x3x5xf32>
}

// A matrix of indices takes more than one dimension's place.
// CHECK-LABEL: func @chosen_matrix
func.func @chosen_matrix(%x: tensor<1x8x6xf32>, %i: tensor<3x1xi64>) -> tensor<1x3x1x8xf32> {
  // CHECK: octet.transpose
  // CHECK: octet.gather
  %0 = octet.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x8x6xf32> -> tensor<1x6x8xf32>
  %1 = octet.gather %0, %i {axis = 1 : i64} : tensor<1x6x8xf32>, tensor<3x1xi64> -> tensor<1x3x1x8xf32>
  return %1 : tensor<1x3x1x8xf32>
}

// Operands that do not agree: images of three dimensions, too, become
// channels-last.
// CHECK-LABEL: func @volumes
func.func @volumes(%x: tensor<1x2x3x4x5xf32>, %y: tensor<1x5x2x3x4xf32>) -> tensor<1x5x2x3x4xf32> {
  // CHECK: %[[T:.*]] = octet.transpose %arg1 {permutation = array<i64: 0, 2, 3, 4, 1>}
  // CHECK: %[[S:.*]] = octet.binary add %arg0, %[[T]]
  // CHECK: octet.transpose %[[S]] {permutation = array<i64: 0, 4, 1, 2, 3>}
  %0 = octet.transpose %x {permutation = array<i64: 0, 4, 1, 2, 3>} : tensor<1x2x3x4x5xf32> -> tensor<1x5x2x3x4xf32>
  %1 = octet.binary add %0, %y : tensor<1x5x2x3x4xf32>, tensor<1x5x2x3x4xf32> -> tensor<1x5x2x3x4xf32>
  return %1 : tensor<1x5x2x3x4xf32>
}

// What scales channels behind a transposed convolution scales those of all its
// phases in front.
// CHECK-LABEL: func @phases
func.func @phases(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x2x8x2xf32> {
  // CHECK: %[[K:.*]] = arith.constant dense<{{.*}}2.000000e+00, 3.000000e+00, 2.000000e+00, 3.000000e+00{{.*}}> : tensor<1x1x1x4xf32>
  // CHECK: %[[T:.*]] = octet.unary tanh %arg0
  // CHECK-NEXT: octet.binary mul %[[T]], %[[K]]
  // CHECK: octet.reshape
  // CHECK: octet.transpose
  %k = arith.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %t = octet.unary tanh %x : tensor<1x8x8x4xf32> -> tensor<1x8x8x4xf32>
  %0 = octet.reshape %t : tensor<1x8x8x4xf32> -> tensor<1x8x8x2x2xf32>
  %1 = octet.transpose %0 {permutation = array<i64: 0, 1, 3, 2, 4>} : tensor<1x8x8x2x2xf32> -> tensor<1x8x2x8x2xf32>
  %2 = octet.binary mul %1, %k : tensor<1x8x2x8x2xf32>, tensor<2xf32> -> tensor<1x8x2x8x2xf32>
  return %2 : tensor<1x8x2x8x2xf32>
}
