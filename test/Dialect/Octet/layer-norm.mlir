// RUN: octet-opt %s | octet-opt | FileCheck %s
// RUN: octet-opt %s -canonicalize | FileCheck %s --check-prefix=CANONICAL

// CHECK-LABEL: func @syntax
func.func @syntax(%x: tensor<2x4xf32>, %s: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  // CHECK-NEXT: octet.layer_norm %arg0 scale(%arg1) shift(%arg1) {epsilon = 1.000000e-03 : f32} : tensor<2x4xf32>, tensor<4xf32> shift tensor<4xf32> -> tensor<2x4xf32>
  %0 = octet.layer_norm %x scale(%s) shift(%s) {epsilon = 1.0e-3 : f32} : tensor<2x4xf32>, tensor<4xf32> shift tensor<4xf32> -> tensor<2x4xf32>
  // CHECK-NEXT: octet.layer_norm %arg0 scale(%arg1) {epsilon = 1.000000e-03 : f32, rms} : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  %1 = octet.layer_norm %x scale(%s) {epsilon = 1.0e-3 : f32, rms} : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  // CHECK-NEXT: octet.layer_norm %arg0 {epsilon = 1.000000e-03 : f32} : tensor<2x4xf32> -> tensor<2x4xf32>
  %2 = octet.layer_norm %x {epsilon = 1.0e-3 : f32} : tensor<2x4xf32> -> tensor<2x4xf32>
  return %0, %1, %2 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// Reshapes around it meet where they leave its rows alone.
// CANONICAL-LABEL: func @sink
// CANONICAL-NEXT: %[[Y:.*]] = octet.layer_norm %arg0 scale(%arg1) {epsilon = 1.000000e-03 : f32, rms} : tensor<1x1x6x4xf32>
// CANONICAL-NEXT: return %[[Y]]
func.func @sink(%x: tensor<1x1x6x4xf32>, %s: tensor<4xf32>) -> tensor<1x1x6x4xf32> {
  %0 = octet.reshape %x : tensor<1x1x6x4xf32> -> tensor<2x3x4xf32>
  %1 = octet.layer_norm %0 scale(%s) {epsilon = 1.0e-3 : f32, rms} : tensor<2x3x4xf32>, tensor<4xf32> -> tensor<2x3x4xf32>
  %2 = octet.reshape %1 : tensor<2x3x4xf32> -> tensor<1x1x6x4xf32>
  return %2 : tensor<1x1x6x4xf32>
}

// CANONICAL-LABEL: func @other_rows
// CANONICAL-NEXT: octet.reshape
// CANONICAL-NEXT: octet.layer_norm
func.func @other_rows(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %0 = octet.reshape %x : tensor<2x6xf32> -> tensor<3x4xf32>
  %1 = octet.layer_norm %0 {epsilon = 1.0e-3 : f32} : tensor<3x4xf32> -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}
