// RUN: octet-opt %s | octet-opt | FileCheck %s

// CHECK-LABEL: func @attention
func.func @attention(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x9x8xf32>, %v: tensor<2x2x9x5xf32>, %m: tensor<1x4x1x9xf32>) -> (tensor<2x4x6x5xf32>, tensor<2x4x6x5xf32>) {
  // CHECK: octet.attention %arg0, %arg1, %arg2 {scale = 5.000000e-01 : f32}
  %0 = octet.attention %q, %k, %v {scale = 0.5 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x9x5xf32>) -> tensor<2x4x6x5xf32>
  // CHECK: octet.attention %arg0, %arg1, %arg2 mask(%arg3) {causal = -3 : i64, lanes = 16 : i64, registers = 5 : i64, scale = 5.000000e-01 : f32}
  %1 = octet.attention %q, %k, %v mask(%m) {causal = -3 : i64, lanes = 16 : i64, registers = 5 : i64, scale = 0.5 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x9x8xf32>, tensor<2x2x9x5xf32>, tensor<1x4x1x9xf32>) -> tensor<2x4x6x5xf32>
  return %0, %1 : tensor<2x4x6x5xf32>, tensor<2x4x6x5xf32>
}
