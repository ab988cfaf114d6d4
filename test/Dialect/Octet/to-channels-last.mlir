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
