// RUN: octet-opt %s --octet-materialize-pads | FileCheck %s

// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<1x4x4x1xf32>, %w: tensor<2x3x3x1xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK: %[[P:.*]] = octet.pad %arg0 {high = array<i64: 0, 1, 1, 0>, low = array<i64: 0, 1, 1, 0>, value = 0.000000e+00 : f32} : tensor<1x4x4x1xf32> -> tensor<1x6x6x1xf32>
  // CHECK: octet.conv2d %[[P]], %arg1 : tensor<1x6x6x1xf32>
  %0 = octet.conv2d %x, %w {pads = array<i64: 1, 1, 1, 1>} : tensor<1x4x4x1xf32>, tensor<2x3x3x1xf32> -> tensor<1x4x4x2xf32>
  return %0 : tensor<1x4x4x2xf32>
}

// The count of each position stays with the pool.
// CHECK-LABEL: func @average
func.func @average(%x: tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32> {
  // CHECK-DAG: arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [2.000000e+00, 4.000000e+00]]>
  // CHECK-DAG: octet.pad
  // CHECK: octet.avg_pool2d %{{.*}} divisor(
  %0 = octet.avg_pool2d %x {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>} : tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  return %0 : tensor<1x2x2x1xf32>
}

// CHECK-LABEL: func @max
func.func @max(%x: tensor<1x2x2x1xf32>, %q: tensor<1x2x2x1xui8>) -> (tensor<1x2x2x1xf32>, tensor<1x2x2x1xui8>) {
  // CHECK: octet.pad {{.*}}value = 0xFF800000
  // CHECK: octet.pad {{.*}}value = 0.000000e+00
  %0 = octet.max_pool2d %x {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>} : tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  %1 = octet.max_pool2d %q {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>} : tensor<1x2x2x1xui8> -> tensor<1x2x2x1xui8>
  return %0, %1 : tensor<1x2x2x1xf32>, tensor<1x2x2x1xui8>
}
