// RUN: octet-opt %s --octet-to-linalg | FileCheck %s

// Members of tuples are tensors of their own; what they choose lies inside.
// CHECK-LABEL: func @gather_nd(
func.func @gather_nd(%x: tensor<4x10x6x3xf32>, %i: tensor<4x5x2xi64>) -> tensor<4x5x3xf32> {
  // CHECK: %[[FIRST:.*]] = tensor.extract_slice %arg1[0, 0, 0] [4, 5, 1] [1, 1, 1] : tensor<4x5x2xi64> to tensor<4x5xi64>
  // CHECK: %[[SECOND:.*]] = tensor.extract_slice %arg1[0, 0, 1] [4, 5, 1] [1, 1, 1] : tensor<4x5x2xi64> to tensor<4x5xi64>
  // CHECK: linalg.generic {{.*}}ins(%[[FIRST]], %[[SECOND]] :
  // CHECK: arith.minsi %{{.*}}, %c9_i64
  // CHECK: arith.minsi %{{.*}}, %c5_i64
  // CHECK: tensor.extract %arg0[
  %0 = octet.gather_nd %x, %i {batch_dims = 1 : i64} : tensor<4x10x6x3xf32>, tensor<4x5x2xi64> -> tensor<4x5x3xf32>
  return %0 : tensor<4x5x3xf32>
}

// Updates are taken one after the other.
// CHECK-LABEL: func @scatter(
func.func @scatter(%x: tensor<4x10xf32>, %i: tensor<5x1xi64>, %u: tensor<5x10xf32>) -> tensor<4x10xf32> {
  // CHECK: scf.for %[[ROW:.*]] = %c0
  // CHECK: scf.for %[[COLUMN:.*]] = %c0
  // CHECK: %[[I:.*]] = tensor.extract %arg1[%[[ROW]],
  // CHECK: arith.minsi %{{.*}}, %c3_i64
  // CHECK: %[[PLACE:.*]] = arith.index_cast
  // CHECK: %[[X:.*]] = tensor.extract %arg2[%[[ROW]], %[[COLUMN]]]
  // CHECK: %[[OLD:.*]] = tensor.extract %[[INTO:.*]][%[[PLACE]], %[[COLUMN]]]
  // CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %[[X]]
  // CHECK: tensor.insert %[[NEW]] into %[[INTO]][%[[PLACE]], %[[COLUMN]]]
  %0 = octet.scatter add %x, %i, %u {batch_dims = 0 : i64} : tensor<4x10xf32>, tensor<5x1xi64>, tensor<5x10xf32> -> tensor<4x10xf32>
  return %0 : tensor<4x10xf32>
}

// Each element counts those in front of it; the one with n of them is the n-th.
// CHECK-LABEL: func @top_indices(
func.func @top_indices(%x: tensor<4x10xui8>) -> tensor<4x3xi64> {
  // CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[X:.*]], %[[X]] :
  // CHECK: arith.cmpi ugt
  // CHECK: arith.cmpi eq
  // CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]}
  // CHECK: arith.cmpi eq
  // CHECK: arith.select
  %0 = octet.top_indices %x {axis = 1 : i64, k = 3 : i64} : tensor<4x10xui8> -> tensor<4x3xi64>
  return %0 : tensor<4x3xi64>
}
