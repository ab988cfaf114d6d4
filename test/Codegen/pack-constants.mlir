// RUN: octet-opt %s --octet-pack-constants="lanes=4" | FileCheck %s

!x = tensor<1x1x1x3xui8, #octet.layout<channels = 4, border = 0, 0, 0, 0>>
!y = tensor<1x1x1x2xui8, #octet.layout<channels = 4, border = 0, 0, 0, 0>>

// CHECK-LABEL: func @dense
func.func @dense(%x: !x, %low: f32, %high: f32, %zp: i32) -> !y {
  // CHECK-DAG: arith.constant dense<{{.*}}[1, 2, 3, 0], [4, 5, 6, 0], [0, 0, 0, 0], [0, 0, 0, 0]{{.*}}> : tensor<1x1x1x1x4x4xsi8>
  // CHECK-DAG: arith.constant dense<[7, 8, 0, 0]> : tensor<4xi32>
  // CHECK-DAG: arith.constant dense<[5.000000e-01, 2.500000e-01, 0.000000e+00, 0.000000e+00]> : tensor<4xf32>
  // CHECK: octet.integer_conv2d {{.*}}{{.*}}lanes = 4
  %w = arith.constant dense<[[[[1, 2, 3]]], [[[4, 5, 6]]]]> : tensor<2x1x1x3xsi8>
  %b = arith.constant dense<[7, 8]> : tensor<2xi32>
  %m = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp : !x, tensor<2x1x1x3xsi8>, tensor<2xi32>, tensor<2xf32> -> !y
  return %0 : !y
}

// CHECK-LABEL: func @depthwise
func.func @depthwise(%x: !y, %low: f32, %high: f32, %zp: i32) -> !y {
  // CHECK-DAG: arith.constant dense<{{.*}}[1, 2, 0, 0]{{.*}}> : tensor<1x1x1x4xsi8>
  %w = arith.constant dense<[[[[1]]], [[[2]]]]> : tensor<2x1x1x1xsi8>
  %b = arith.constant dense<[7, 8]> : tensor<2xi32>
  %m = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp {groups = 2 : i64} : !y, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> !y
  return %0 : !y
}

// A computed matrix is packed by its kernel; integers are not blocked.
// CHECK-LABEL: func @products
func.func @products(%x: tensor<5x3xf32>, %y: tensor<3x7xf32>, %i: tensor<5x3xi32>, %j: tensor<3x7xi32>) -> (tensor<5x7xf32>, tensor<5x7xi32>) {
  // CHECK: octet.matmul %arg0, %arg1 {lanes = 4 : i64}
  // CHECK: octet.matmul %arg2, %arg3 :
  %0 = octet.matmul %x, %y : tensor<5x3xf32>, tensor<3x7xf32> -> tensor<5x7xf32>
  %1 = octet.matmul %i, %j : tensor<5x3xi32>, tensor<3x7xi32> -> tensor<5x7xi32>
  return %0, %1 : tensor<5x7xf32>, tensor<5x7xi32>
}

// So is an attention, which keeps as many accumulators as there are registers for.
// CHECK-LABEL: func @attention
func.func @attention(%q: tensor<1x2x5x3xf32>, %k: tensor<1x2x7x3xf32>) -> tensor<1x2x5x3xf32> {
  // CHECK: octet.attention {{.*}} {lanes = 4 : i64, registers = 28 : i64, scale = 1.000000e+00 : f32}
  %0 = octet.attention %q, %k, %k {scale = 1.0 : f32} : (tensor<1x2x5x3xf32>, tensor<1x2x7x3xf32>, tensor<1x2x7x3xf32>) -> tensor<1x2x5x3xf32>
  return %0 : tensor<1x2x5x3xf32>
}
