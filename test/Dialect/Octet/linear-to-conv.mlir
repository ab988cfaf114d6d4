// RUN: octet-opt %s --octet-linear-to-conv -canonicalize | FileCheck %s

// CHECK-LABEL: func @fully_connected
func.func @fully_connected(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  // CHECK: %[[W:.*]] = arith.constant dense<{{.*}}[1.000000e+00, 3.000000e+00, 5.000000e+00]{{.*}}> : tensor<2x1x1x3xf32>
  // CHECK: %[[I:.*]] = octet.reshape %arg0 : tensor<2x3xf32> -> tensor<1x1x2x3xf32>
  // CHECK: octet.conv2d %[[I]], %[[W]]
  // CHECK: octet.reshape {{.*}} -> tensor<2x2xf32>
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %0 = octet.matmul %x, %w : tensor<2x3xf32>, tensor<3x2xf32> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// All rows lie along the width.
// CHECK-LABEL: func @sequence
func.func @sequence(%x: tensor<1x7x3xf32>) -> tensor<1x7x2xf32> {
  // CHECK: octet.conv2d {{.*}} : tensor<1x1x7x3xf32>, tensor<2x1x1x3xf32> -> tensor<1x1x7x2xf32>
  %w = arith.constant dense<1.0> : tensor<3x2xf32>
  %0 = octet.matmul %x, %w : tensor<1x7x3xf32>, tensor<3x2xf32> -> tensor<1x7x2xf32>
  return %0 : tensor<1x7x2xf32>
}

// CHECK-LABEL: func @two_variables
func.func @two_variables(%x: tensor<2x3xf32>, %y: tensor<3x2xf32>) -> tensor<2x2xf32> {
  // CHECK-NEXT: octet.matmul
  %0 = octet.matmul %x, %y : tensor<2x3xf32>, tensor<3x2xf32> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// Products of integers stay what they are.
// CHECK-LABEL: func @integers
func.func @integers(%x: tensor<2x3xi32>) -> tensor<2x2xi32> {
  // CHECK: octet.matmul
  %w = arith.constant dense<2> : tensor<3x2xi32>
  %0 = octet.matmul %x, %w : tensor<2x3xi32>, tensor<3x2xi32> -> tensor<2x2xi32>
  return %0 : tensor<2x2xi32>
}

// A function of the product stays one of the image, whatever it reads twice.
// CHECK-LABEL: func @gated
func.func @gated(%x: tensor<1x7x3xf32>) -> tensor<1x7x2xf32> {
  // CHECK: %[[Y:.*]] = octet.conv2d
  // CHECK-NEXT: %[[S:.*]] = octet.unary sigmoid %[[Y]] : tensor<1x1x7x2xf32>
  // CHECK-NEXT: %[[M:.*]] = octet.binary mul %[[Y]], %[[S]] : tensor<1x1x7x2xf32>
  // CHECK-NEXT: octet.reshape %[[M]] : tensor<1x1x7x2xf32> -> tensor<1x7x2xf32>
  %w = arith.constant dense<1.0> : tensor<3x2xf32>
  %0 = octet.matmul %x, %w : tensor<1x7x3xf32>, tensor<3x2xf32> -> tensor<1x7x2xf32>
  %1 = octet.unary sigmoid %0 : tensor<1x7x2xf32> -> tensor<1x7x2xf32>
  %2 = octet.binary mul %0, %1 : tensor<1x7x2xf32>, tensor<1x7x2xf32> -> tensor<1x7x2xf32>
  return %2 : tensor<1x7x2xf32>
}
