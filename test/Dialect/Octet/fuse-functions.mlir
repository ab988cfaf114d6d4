// RUN: octet-opt %s --octet-fuse-functions | FileCheck %s

// CHECK-LABEL: func @silu
// CHECK: %[[CONV:.*]] = octet.conv2d
// CHECK-NEXT: octet.map %[[CONV]] : tensor<1x4x4x3xf32> -> tensor<1x4x4x3xf32> {
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32
// CHECK: %[[SIGMOID:.*]] = arith.divf
// CHECK-NEXT: %[[Y:.*]] = arith.mulf %[[X]], %[[SIGMOID]]
// CHECK-NEXT: octet.yield %[[Y]]
// CHECK-NOT: octet.binary
func.func @silu(%x: tensor<1x4x4x3xf32>, %w: tensor<3x1x1x3xf32>) -> tensor<1x4x4x3xf32> {
  %0 = octet.conv2d %x, %w : tensor<1x4x4x3xf32>, tensor<3x1x1x3xf32> -> tensor<1x4x4x3xf32>
  %1 = octet.unary sigmoid %0 : tensor<1x4x4x3xf32> -> tensor<1x4x4x3xf32>
  %2 = octet.binary mul %0, %1 : tensor<1x4x4x3xf32>, tensor<1x4x4x3xf32> -> tensor<1x4x4x3xf32>
  return %2 : tensor<1x4x4x3xf32>
}

// Numbers are part of the body; a constant for each channel is not.
// CHECK-LABEL: func @numbers
// CHECK: %[[SCALED:.*]] = octet.binary mul
// CHECK-NEXT: octet.map %[[SCALED]]
// CHECK: arith.constant 3.000000e+00 : f32
// CHECK: octet.yield
func.func @numbers(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %c = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %three = arith.constant dense<3.0> : tensor<f32>
  %0 = octet.binary mul %x, %c : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %1 = octet.binary add %0, %three : tensor<2x3xf32>, tensor<f32> -> tensor<2x3xf32>
  %2 = octet.clamp %1 clamp(min 0.0 max 6.0) : tensor<2x3xf32> -> tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}

// What is used elsewhere stays; a sum of two values ends a body.
// CHECK-LABEL: func @shared
// CHECK: %[[TANH:.*]] = octet.unary tanh
// CHECK: %[[SUM:.*]] = octet.binary add
// CHECK: %[[MAP:.*]] = octet.map %[[SUM]]
// CHECK: return %[[TANH]], %[[MAP]]
func.func @shared(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = octet.unary tanh %x : tensor<4xf32> -> tensor<4xf32>
  %1 = octet.binary add %0, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %2 = octet.unary exp %1 : tensor<4xf32> -> tensor<4xf32>
  %3 = octet.unary sqrt %2 : tensor<4xf32> -> tensor<4xf32>
  return %0, %3 : tensor<4xf32>, tensor<4xf32>
}

// What prepares an input for its first layer becomes part of its scale.
// CHECK-LABEL: func @normalization
// CHECK-NOT: octet.map
func.func @normalization(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = arith.constant dense<255.0> : tensor<f32>
  %b = arith.constant dense<0.5> : tensor<f32>
  %0 = octet.binary div %x, %a : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %1 = octet.binary sub %0, %b : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
