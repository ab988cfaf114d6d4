// RUN: octet-opt %s --octet-check-samples | FileCheck %s

// CHECK-LABEL: func @apart
func.func @apart(%x: tensor<13x4x6xf32> {octet.symbolic_batch}, %w: tensor<6x6xf32>) -> tensor<13x4x6xf32> {
  // Rows of all samples at once, and back.
  %0 = octet.reshape %x : tensor<13x4x6xf32> -> tensor<52x6xf32>
  %1 = octet.matmul %0, %w : tensor<52x6xf32>, tensor<6x6xf32> -> tensor<52x6xf32>
  %2 = octet.reshape %1 : tensor<52x6xf32> -> tensor<13x4x6xf32>
  %3 = octet.transpose %2 {permutation = array<i64: 0, 2, 1>} : tensor<13x4x6xf32> -> tensor<13x6x4xf32>
  %4 = octet.matmul %2, %3 : tensor<13x4x6xf32>, tensor<13x6x4xf32> -> tensor<13x4x4xf32>
  %5 = octet.softmax %4 {axis = 2 : i64} : tensor<13x4x4xf32> -> tensor<13x4x4xf32>
  %6 = octet.matmul %5, %2 : tensor<13x4x4xf32>, tensor<13x4x6xf32> -> tensor<13x4x6xf32>
  %7 = octet.add %6, %x : tensor<13x4x6xf32>, tensor<13x4x6xf32> -> tensor<13x4x6xf32>
  return %7 : tensor<13x4x6xf32>
}

// A fixed first dimension may be anything.
// CHECK-LABEL: func @fixed
func.func @fixed(%x: tensor<13x4xf32>) -> tensor<1x4xf32> {
  %0 = octet.reduce_mean %x {axes = array<i64: 0>} : tensor<13x4xf32> -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
