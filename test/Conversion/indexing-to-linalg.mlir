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
  // CHECK: %[[I:.*]] = tensor.extract %arg1[%[[ROW]],
  // CHECK: arith.minsi %{{.*}}, %c3_i64
  // CHECK: %[[PLACE:.*]] = arith.index_cast
  // CHECK: scf.for %[[COLUMN:.*]] = %c0
  // CHECK: %[[X:.*]] = tensor.extract %arg2[%[[ROW]], %[[COLUMN]]]
  // CHECK: %[[OLD:.*]] = tensor.extract %[[INTO:.*]][%[[PLACE]], %[[COLUMN]]]
  // CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %[[X]]
  // CHECK: tensor.insert %[[NEW]] into %[[INTO]][%[[PLACE]], %[[COLUMN]]]
  %0 = octet.scatter add %x, %i, %u {batch_dims = 0 : i64} : tensor<4x10xf32>, tensor<5x1xi64>, tensor<5x10xf32> -> tensor<4x10xf32>
  return %0 : tensor<4x10xf32>
}

// The largest key of those behind the last one, then the first place of it.
// CHECK-LABEL: func @top_indices(
func.func @top_indices(%x: tensor<4x10xui8>) -> tensor<4x3xi64> {
  // CHECK: %[[KEYS:.*]] = linalg.generic
  // CHECK: arith.extui
  // CHECK: scf.for
  // CHECK: scf.for %{{.*}} iter_args(%{{.*}}, %[[KEY:.*]] = %c2147483647_i32{{[_0-9]*}}, %[[PLACE:.*]] = %c-1_i32{{[_0-9]*}})
  // CHECK: scf.for
  // CHECK: %[[X:.*]] = tensor.extract %[[KEYS]]
  // CHECK-DAG: arith.cmpi slt, %[[X]], %[[KEY]]
  // CHECK-DAG: arith.cmpi eq, %[[X]], %[[KEY]]
  // CHECK: arith.maxsi
  // CHECK: scf.for
  // CHECK: arith.minsi
  // CHECK: tensor.insert
  %0 = octet.top_indices %x {axis = 1 : i64, k = 3 : i64} : tensor<4x10xui8> -> tensor<4x3xi64>
  return %0 : tensor<4x3xi64>
}

// The 20th key, bit by bit, the places of what is not below it, and runs of 1, 2, 4, 8
// and 16 of them, merged.
// CHECK-LABEL: func @many_indices(
func.func @many_indices(%x: tensor<4x40xi32>) -> tensor<4x20xi64> {
  // CHECK: %[[PLACES:.*]] = tensor.empty() : tensor<2x21xi32>
  // CHECK: scf.for {{.*}} iter_args(%{{.*}}, %{{.*}} = %[[PLACES]])
  // CHECK: scf.for
  // CHECK: arith.shrui
  // CHECK: arith.cmpi sge, %{{.*}}, %c20_i32
  // CHECK: tensor.insert {{.*}} : tensor<2x21xi32>
  // CHECK-COUNT-5: tensor.insert {{.*}} : tensor<2x21xi32>
  // CHECK-NOT: tensor.insert {{.*}} : tensor<2x21xi32>
  // CHECK: tensor.insert {{.*}} : tensor<4x20xi64>
  %0 = octet.top_indices %x {axis = 1 : i64, k = 20 : i64} : tensor<4x40xi32> -> tensor<4x20xi64>
  return %0 : tensor<4x20xi64>
}
