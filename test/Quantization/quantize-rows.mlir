// RUN: octet-opt %s --octet-quantize-rows=all | FileCheck %s
// RUN: octet-opt %s --octet-quantize-rows | FileCheck %s --check-prefix=MARKED

// Two layers of the same rows; what else was attached stays.
// CHECK-LABEL: func @layers
// CHECK: %[[Q:.*]], %[[S:.*]], %[[Z:.*]] = octet.dynamic_quantize %arg0
// CHECK-DAG: arith.constant dense<{{.*}}63, -127{{.*}}127, 32{{.*}}> : tensor<2x1x1x2xsi8>
// CHECK-DAG: arith.constant dense<[-64, 159]> : tensor<2xi32>
// CHECK-DAG: arith.constant dense<[{{7.937.*E-4, 0.007874.*}}]> : tensor<2xf32>
// CHECK-NOT: dynamic_quantize
// CHECK: octet.integer_linear %[[Q]], %{{.*}}, %{{.*}}, %{{.*}}, %[[S]], %[[Z]] bias(%{{.*}}) clamp(min 0.000000e+00)
// CHECK: octet.integer_linear %[[Q]], {{.*}} residual(%{{.*}})
// CHECK-NOT: conv2d
// MARKED-LABEL: func @layers
// MARKED: octet.conv2d
// MARKED: octet.integer_linear
func.func @layers(%x: tensor<1x1x3x2xf32>) -> tensor<1x1x3x2xf32> {
  %w = arith.constant dense<[[[[0.05, -0.1008]]], [[[1.0, 0.252]]]]> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %0 = octet.conv2d %x, %w bias(%b) clamp(min 0.0) : tensor<1x1x3x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32> -> tensor<1x1x3x2xf32>
  %1 = octet.conv2d %x, %w residual(%0) {octet.rows} : tensor<1x1x3x2xf32>, tensor<2x1x1x2xf32> residual tensor<1x1x3x2xf32> -> tensor<1x1x3x2xf32>
  return %1 : tensor<1x1x3x2xf32>
}

// Windows, groups, and what is to stay in f32.
// CHECK-LABEL: func @others
// CHECK-COUNT-4: octet.conv2d
// CHECK-NOT: integer_linear
func.func @others(%x: tensor<1x4x4x2xf32>, %v: tensor<2x1x1x2xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %w3 = arith.constant dense<1.0> : tensor<2x3x3x2xf32>
  %wg = arith.constant dense<1.0> : tensor<2x1x1x1xf32>
  %w = arith.constant dense<1.0> : tensor<2x1x1x2xf32>
  %0 = octet.conv2d %x, %w3 : tensor<1x4x4x2xf32>, tensor<2x3x3x2xf32> -> tensor<1x2x2x2xf32>
  %1 = octet.conv2d %x, %wg {groups = 2 : i64} : tensor<1x4x4x2xf32>, tensor<2x1x1x1xf32> -> tensor<1x4x4x2xf32>
  %2 = octet.conv2d %x, %w {octet.note = "kept"} : tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32> -> tensor<1x4x4x2xf32>
  // CHECK: octet.note = "its filter is computed at run time"
  %3 = octet.conv2d %x, %v : tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32> -> tensor<1x4x4x2xf32>
  return %0, %1, %2, %3 : tensor<1x2x2x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}
