// RUN: octet-opt %s | octet-opt | FileCheck %s
// RUN: octet-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK-LABEL: func @places
func.func @places(%x: tensor<4x10x3xf32>, %i: tensor<4x5x1xi64>, %j: tensor<2xi32>, %u: tensor<4x5x3xf32>, %v: tensor<3xf32>) -> (tensor<4x5x3xf32>, tensor<3xf32>, tensor<4x10x3xf32>, tensor<4x10x3xf32>) {
  // CHECK-NEXT: octet.gather_nd %arg0, %arg1 {batch_dims = 1 : i64} : tensor<4x10x3xf32>, tensor<4x5x1xi64> -> tensor<4x5x3xf32>
  // CHECK-NEXT: octet.gather_nd %arg0, %arg2 {batch_dims = 0 : i64} : tensor<4x10x3xf32>, tensor<2xi32> -> tensor<3xf32>
  // CHECK-NEXT: octet.scatter add %arg0, %arg1, %arg3 {batch_dims = 1 : i64} : tensor<4x10x3xf32>, tensor<4x5x1xi64>, tensor<4x5x3xf32> -> tensor<4x10x3xf32>
  // CHECK-NEXT: octet.scatter set %arg0, %arg2, %arg4 {batch_dims = 0 : i64} : tensor<4x10x3xf32>, tensor<2xi32>, tensor<3xf32> -> tensor<4x10x3xf32>
  %0 = octet.gather_nd %x, %i {batch_dims = 1 : i64} : tensor<4x10x3xf32>, tensor<4x5x1xi64> -> tensor<4x5x3xf32>
  %1 = octet.gather_nd %x, %j {batch_dims = 0 : i64} : tensor<4x10x3xf32>, tensor<2xi32> -> tensor<3xf32>
  %2 = octet.scatter add %x, %i, %u {batch_dims = 1 : i64} : tensor<4x10x3xf32>, tensor<4x5x1xi64>, tensor<4x5x3xf32> -> tensor<4x10x3xf32>
  %3 = octet.scatter set %x, %j, %v {batch_dims = 0 : i64} : tensor<4x10x3xf32>, tensor<2xi32>, tensor<3xf32> -> tensor<4x10x3xf32>
  return %0, %1, %2, %3 : tensor<4x5x3xf32>, tensor<3xf32>, tensor<4x10x3xf32>, tensor<4x10x3xf32>
}

// CHECK-LABEL: func @order
func.func @order(%x: tensor<4x10xf32>) -> (tensor<4x3xi64>, tensor<2x10xi64>) {
  // CHECK-NEXT: octet.top_indices %arg0 {axis = 1 : i64, k = 3 : i64} : tensor<4x10xf32> -> tensor<4x3xi64>
  // CHECK-NEXT: octet.top_indices %arg0 {axis = 0 : i64, k = 2 : i64, smallest} : tensor<4x10xf32> -> tensor<2x10xi64>
  %0 = octet.top_indices %x {axis = 1 : i64, k = 3 : i64} : tensor<4x10xf32> -> tensor<4x3xi64>
  %1 = octet.top_indices %x {axis = 0 : i64, k = 2 : i64, smallest} : tensor<4x10xf32> -> tensor<2x10xi64>
  return %0, %1 : tensor<4x3xi64>, tensor<2x10xi64>
}

// A negative index counts from the end; both ends cut off.
// FOLD-LABEL: func @fold_gather
func.func @fold_gather() -> tensor<2x2xf32> {
  // FOLD-NEXT: dense<{{\[\[}}3.000000e+00, 1.000000e+00], [6.000000e+00, 4.000000e+00]]>
  %x = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %i = arith.constant dense<[[[-1], [-9]], [[7], [0]]]> : tensor<2x2x1xi64>
  %0 = octet.gather_nd %x, %i {batch_dims = 1 : i64} : tensor<2x3xf32>, tensor<2x2x1xi64> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// Updates of one place follow each other.
// FOLD-LABEL: func @fold_scatter
func.func @fold_scatter() -> (tensor<3xi32>, tensor<3xf32>, tensor<3xui8>) {
  // FOLD-DAG: dense<[1, 2, 30]> : tensor<3xi32>
  // FOLD-DAG: dense<[1.000000e+00, 2.000000e+00, 3.300000e+01]> : tensor<3xf32>
  // FOLD-DAG: dense<[1, 2, 200]> : tensor<3xui8>
  %i = arith.constant dense<[[-1], [2]]> : tensor<2x1xi64>
  %a = arith.constant dense<[1, 2, 3]> : tensor<3xi32>
  %b = arith.constant dense<[20, 30]> : tensor<2xi32>
  %0 = octet.scatter set %a, %i, %b {batch_dims = 0 : i64} : tensor<3xi32>, tensor<2x1xi64>, tensor<2xi32> -> tensor<3xi32>
  %c = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %d = arith.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %1 = octet.scatter add %c, %i, %d {batch_dims = 0 : i64} : tensor<3xf32>, tensor<2x1xi64>, tensor<2xf32> -> tensor<3xf32>
  %e = arith.constant dense<[1, 2, 3]> : tensor<3xui8>
  %f = arith.constant dense<[200, 100]> : tensor<2xui8>
  %2 = octet.scatter max %e, %i, %f {batch_dims = 0 : i64} : tensor<3xui8>, tensor<2x1xi64>, tensor<2xui8> -> tensor<3xui8>
  return %0, %1, %2 : tensor<3xi32>, tensor<3xf32>, tensor<3xui8>
}

// Zeros are equal whatever their signs, a NaN is the largest, equals stay in order.
// FOLD-LABEL: func @fold_order
func.func @fold_order() -> (tensor<5xi64>, tensor<5xi64>, tensor<2xi64>) {
  // FOLD-DAG: dense<[2, 4, 0, 1, 3]> : tensor<5xi64>
  // FOLD-DAG: dense<[3, 0, 1, 4, 2]> : tensor<5xi64>
  // FOLD-DAG: dense<[1, 0]> : tensor<2xi64>
  %x = arith.constant dense<[-0.0, 0.0, 0x7FC00000, -3.0, 1.0]> : tensor<5xf32>
  %0 = octet.top_indices %x {axis = 0 : i64, k = 5 : i64} : tensor<5xf32> -> tensor<5xi64>
  %1 = octet.top_indices %x {axis = 0 : i64, k = 5 : i64, smallest} : tensor<5xf32> -> tensor<5xi64>
  %u = arith.constant dense<[100, 200]> : tensor<2xui8>
  %2 = octet.top_indices %u {axis = 0 : i64, k = 2 : i64} : tensor<2xui8> -> tensor<2xi64>
  return %0, %1, %2 : tensor<5xi64>, tensor<5xi64>, tensor<2xi64>
}
