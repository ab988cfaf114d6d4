// RUN: octet-opt %s --octet-affine-to-conv --octet-fold-batch-norm --canonicalize | FileCheck %s

// A batch normalization behind a clamp is one depthwise convolution.
// CHECK-LABEL: func @batch_norm
func.func @batch_norm(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}2.000000e+00{{.*}}-3.000000e+00{{.*}}> : tensor<2x1x1x1xf32>
  // CHECK-DAG: %[[B:.*]] = arith.constant dense<[1.000000e+01, 1.400000e+01]> : tensor<2xf32>
  // CHECK: %[[C:.*]] = octet.conv2d %{{.*}}, %[[W]] bias(%[[B]]) {groups = 2 : i64}
  // CHECK-NEXT: return %[[C]]
  %s = arith.constant dense<[[[[2.0, -3.0]]]]> : tensor<1x1x1x2xf32>
  %t = arith.constant dense<[10.0, 14.0]> : tensor<2xf32>
  %0 = octet.unary tanh %x : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.binary mul %0, %s : tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32> -> tensor<1x4x4x2xf32>
  %2 = octet.binary add %1, %t : tensor<1x4x4x2xf32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// What prepares an input stays, as do numbers for all channels, values of other
// ranks and those that are broadcast.
// CHECK-LABEL: func @others
func.func @others(%x: tensor<1x4x4x2xf32>, %y: tensor<4x2xf32>, %z: tensor<1x1x1x1xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<4x2xf32>, tensor<1x1x1x2xf32>) {
  // CHECK-NOT: octet.conv2d
  %s = arith.constant dense<[2.0, -3.0]> : tensor<2xf32>
  %k = arith.constant dense<5.0> : tensor<1xf32>
  %0 = octet.binary mul %x, %s : tensor<1x4x4x2xf32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.unary tanh %x : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %2 = octet.binary mul %1, %k : tensor<1x4x4x2xf32>, tensor<1xf32> -> tensor<1x4x4x2xf32>
  %3 = octet.unary tanh %y : tensor<4x2xf32> -> tensor<4x2xf32>
  %4 = octet.binary mul %3, %s : tensor<4x2xf32>, tensor<2xf32> -> tensor<4x2xf32>
  %5 = octet.unary tanh %z : tensor<1x1x1x1xf32> -> tensor<1x1x1x1xf32>
  %6 = octet.binary mul %5, %s : tensor<1x1x1x1xf32>, tensor<2xf32> -> tensor<1x1x1x2xf32>
  return %0, %2, %4, %6 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<4x2xf32>, tensor<1x1x1x2xf32>
}

// A second use keeps what a convolution computes.
// CHECK-LABEL: func @shared
func.func @shared(%x: tensor<1x4x4x1xf32>, %w: tensor<2x1x1x1xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  // CHECK-COUNT-2: octet.conv2d
  %s = arith.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = octet.conv2d %x, %w : tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.binary mul %0, %s : tensor<1x4x4x2xf32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  return %0, %1 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}
