// RUN: octet-opt %s | octet-opt | FileCheck %s
// RUN: octet-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: octet-opt %s --octet-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func @sum
// LOWER-LABEL: func @sum
func.func @sum(%x: tensor<2x5x4xf32>) -> tensor<2x5x4xf32> {
  // CHECK: octet.cumulative cumulative_sum %arg0 {axis = 1 : i64, reverse}
  // The first total is the last element itself; each step reads its element,
  // adds it and writes the total.
  // LOWER: tensor.extract_slice %arg0[0, %{{.*}}, 0] [2, 1, 4]
  // LOWER: scf.for %[[I:[a-z0-9]+]] = {{.*}} -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
  // LOWER: %[[AT:.*]] = arith.subi %{{.*}}, %[[I]]
  // LOWER: tensor.extract_slice %arg0[0, %[[AT]], 0] [2, 1, 4]
  // LOWER: arith.addf
  // LOWER: tensor.insert_slice
  // LOWER: scf.yield
  %y = octet.cumulative cumulative_sum %x {axis = 1 : i64, reverse} : tensor<2x5x4xf32> -> tensor<2x5x4xf32>
  return %y : tensor<2x5x4xf32>
}

// LOWER-LABEL: func @prod
func.func @prod(%x: tensor<3xi32>) -> tensor<3xi32> {
  // CHECK: octet.cumulative cumulative_prod %arg0 {axis = 0 : i64, exclusive}
  // LOWER: linalg.fill ins(%c1_i32
  // LOWER: scf.for
  // LOWER: arith.muli
  %y = octet.cumulative cumulative_prod %x {axis = 0 : i64, exclusive} : tensor<3xi32> -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// FOLD-LABEL: func @constants
func.func @constants() -> (tensor<2x3xf32>, tensor<2x3xi8>, tensor<2x3xi64>) {
  // FOLD-DAG: dense<{{\[\[}}1.000000e+00, 3.000000e+00, 6.000000e+00], [-0.000000e+00, 5.000000e-01, 0.000000e+00]]>
  // FOLD-DAG: dense<{{\[\[}}0, 0, 0], [100, 50, -1]]> : tensor<2x3xi8>
  // FOLD-DAG: dense<{{\[\[}}24, 6, 1], [0, 1, 1]]> : tensor<2x3xi64>
  %f = arith.constant dense<[[1.0, 2.0, 3.0], [-0.0, 0.5, -0.5]]> : tensor<2x3xf32>
  %b = arith.constant dense<[[100, 50, -1], [100, 0, 3]]> : tensor<2x3xi8>
  %i = arith.constant dense<[[3, 4, 6], [7, 0, 1]]> : tensor<2x3xi64>
  %0 = octet.cumulative cumulative_sum %f {axis = 1 : i64} : tensor<2x3xf32> -> tensor<2x3xf32>
  %1 = octet.cumulative cumulative_sum %b {axis = 0 : i64, exclusive} : tensor<2x3xi8> -> tensor<2x3xi8>
  %2 = octet.cumulative cumulative_prod %i {axis = 1 : i64, exclusive, reverse} : tensor<2x3xi64> -> tensor<2x3xi64>
  return %0, %1, %2 : tensor<2x3xf32>, tensor<2x3xi8>, tensor<2x3xi64>
}
