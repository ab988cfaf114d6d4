// RUN: octet-opt %s --octet-fold-batch-norm -canonicalize | FileCheck %s

// CHECK-LABEL: func @scale_and_shift
func.func @scale_and_shift(%x: tensor<1x4x4x1xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}2.000000e+00{{.*}}-9.000000e+00{{.*}}> : tensor<2x1x1x1xf32>
  // CHECK-DAG: %[[B:.*]] = arith.constant dense<[1.200000e+01, 1.700000e+01]> : tensor<2xf32>
  // CHECK: %[[C:.*]] = octet.conv2d %arg0, %[[W]] bias(%[[B]])
  // CHECK-NEXT: return %[[C]]
  %w = arith.constant dense<[[[[1.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>
  %b = arith.constant dense<[1.0, -1.0]> : tensor<2xf32>
  %s = arith.constant dense<[[[[2.0, -3.0]]]]> : tensor<1x1x1x2xf32>
  %t = arith.constant dense<[10.0, 14.0]> : tensor<2xf32>
  %0 = octet.conv2d %x, %w bias(%b) : tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.binary mul %0, %s : tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32> -> tensor<1x4x4x2xf32>
  %2 = octet.binary add %1, %t : tensor<1x4x4x2xf32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// A convolution with a second use keeps its value.
// CHECK-LABEL: func @shared
func.func @shared(%x: tensor<1x4x4x1xf32>, %w: tensor<2x1x1x1xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  // CHECK: octet.conv2d
  // CHECK: octet.binary mul
  %s = arith.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = octet.conv2d %x, %w : tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32> -> tensor<1x4x4x2xf32>
  %1 = octet.binary mul %0, %s : tensor<1x4x4x2xf32>, tensor<2xf32> -> tensor<1x4x4x2xf32>
  return %0, %1 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}
