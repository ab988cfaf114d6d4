// RUN: octet-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @transposes_cancel
func.func @transposes_cancel(%x: tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32> {
  // CHECK-NEXT: return %arg0
  %0 = octet.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : tensor<2x3x4x5xf32> -> tensor<2x4x5x3xf32>
  %1 = octet.transpose %0 {permutation = array<i64: 0, 3, 1, 2>} : tensor<2x4x5x3xf32> -> tensor<2x3x4x5xf32>
  return %1 : tensor<2x3x4x5xf32>
}

// CHECK-LABEL: func @unit_transpose_is_a_reshape
func.func @unit_transpose_is_a_reshape(%x: tensor<1x1x1x5xf32>) -> tensor<1x5xf32> {
  // CHECK-NEXT: %[[R:.*]] = octet.reshape %arg0 : tensor<1x1x1x5xf32> -> tensor<1x5xf32>
  // CHECK-NEXT: return %[[R]]
  %0 = octet.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : tensor<1x1x1x5xf32> -> tensor<1x5x1x1xf32>
  %1 = octet.reshape %0 : tensor<1x5x1x1xf32> -> tensor<1x5xf32>
  return %1 : tensor<1x5xf32>
}

// CHECK-LABEL: func @constants
func.func @constants() -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  // CHECK-DAG: arith.constant dense<{{\[\[}}1.100000e+01, 1.200000e+01], [2.100000e+01, 2.200000e+01]]>
  // CHECK-DAG: arith.constant dense<{{\[\[}}0.000000e+00, 2.000000e+00], [1.000000e+00, 3.000000e+00]]>
  %a = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %b = arith.constant dense<[[10.0], [20.0]]> : tensor<2x1xf32>
  %0 = octet.binary add %a, %b : tensor<1x2xf32>, tensor<2x1xf32> -> tensor<2x2xf32>
  %c = arith.constant dense<[[-5.0, 1.0], [2.0, 9.0]]> : tensor<2x2xf32>
  %1 = octet.transpose %c {permutation = array<i64: 1, 0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  %2 = octet.clamp %1 clamp(min 0.0 max 3.0) : tensor<2x2xf32> -> tensor<2x2xf32>
  return %0, %2 : tensor<2x2xf32>, tensor<2x2xf32>
}
