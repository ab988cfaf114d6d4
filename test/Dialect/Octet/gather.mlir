// RUN: octet-opt %s | octet-opt | FileCheck %s

// The indices' dimensions take the place of the one that they choose from; an index
// without dimensions leaves none.
// CHECK-LABEL: func @gather
func.func @gather(%x: tensor<4x10x3xf32>, %i: tensor<2x5xi64>, %s: tensor<i32>) -> (tensor<2x5x10x3xf32>, tensor<4x2x5x3xf32>, tensor<4x10x2x5xf32>, tensor<4x10xf32>) {
  // CHECK-NEXT: %[[FIRST:.*]] = octet.gather %arg0, %arg1 {axis = 0 : i64} : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<2x5x10x3xf32>
  // CHECK-NEXT: %[[INNER:.*]] = octet.gather %arg0, %arg1 {axis = 1 : i64} : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<4x2x5x3xf32>
  // CHECK-NEXT: %[[LAST:.*]] = octet.gather %arg0, %arg1 {axis = 2 : i64} : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<4x10x2x5xf32>
  // CHECK-NEXT: %[[ONE:.*]] = octet.gather %arg0, %arg2 {axis = 2 : i64} : tensor<4x10x3xf32>, tensor<i32> -> tensor<4x10xf32>
  // CHECK-NEXT: return %[[FIRST]], %[[INNER]], %[[LAST]], %[[ONE]]
  %0 = octet.gather %x, %i {axis = 0 : i64} : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<2x5x10x3xf32>
  %1 = octet.gather %x, %i {axis = 1 : i64} : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<4x2x5x3xf32>
  %2 = octet.gather %x, %i {axis = 2 : i64} : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<4x10x2x5xf32>
  %3 = octet.gather %x, %s {axis = 2 : i64} : tensor<4x10x3xf32>, tensor<i32> -> tensor<4x10xf32>
  return %0, %1, %2, %3 : tensor<2x5x10x3xf32>, tensor<4x2x5x3xf32>, tensor<4x10x2x5xf32>, tensor<4x10xf32>
}
