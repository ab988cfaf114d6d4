// RUN: octet-opt %s --octet-to-linalg | FileCheck %s

// The reference: head by head, tiles of 64 keys and what is left.
// CHECK-LABEL: func @reference
func.func @reference(%q: tensor<2x4x6x8xf32>, %k: tensor<2x2x150x8xf32>, %v: tensor<2x2x150x5xf32>) -> tensor<2x4x6x5xf32> {
  // CHECK: scf.forall (%[[B:.*]], %[[H:.*]]) in (2, 4)
  // CHECK: %[[G:.*]] = affine.apply {{.*}}(%[[H]])
  // CHECK: tensor.extract_slice %arg1[%[[B]], %[[G]], 0, 0]
  // CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} iter_args({{.*}}) -> (tensor<6x1xf32>, tensor<6x1xf32>, tensor<6x5xf32>)
  // CHECK: linalg.generic {{.*}}tensor<6x8xf32>, tensor<64x8xf32>
  // CHECK: scf.yield
  // CHECK: tensor.extract_slice {{.*}}[128, 0] [22, 8] [1, 1]
  // CHECK: arith.divf
  // CHECK: arith.addf
  // CHECK: tensor.parallel_insert_slice
  %0 = octet.attention %q, %k, %v {scale = 0.5 : f32} : (tensor<2x4x6x8xf32>, tensor<2x2x150x8xf32>, tensor<2x2x150x5xf32>) -> tensor<2x4x6x5xf32>
  return %0 : tensor<2x4x6x5xf32>
}

// Two blocks of 64 queries, of which four vectors and six keys are in registers.
// Tiles end where the last query of a block does.
// CHECK-LABEL: func @causal
func.func @causal(%x: tensor<1x1x128x32xf32>) -> tensor<1x1x128x32xf32> {
  // CHECK: scf.forall (%{{.*}}) in (2)
  // CHECK: linalg.transpose ins({{.*}} : tensor<64x32xf32>) outs({{.*}} : tensor<32x64xf32>)
  // CHECK: arith.maxsi
  // CHECK: %[[END:.*]] = arith.minsi
  // CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]]
  // CHECK: scf.for {{.*}} -> ({{(vector<16xf32>, )+}}vector<16xf32>)
  // CHECK: arith.cmpi sle, %{{.*}}, %{{.*}} : vector<16xi32>
  // CHECK: math.exp {{.*}} : vector<16xf32>
  // CHECK: arith.divf {{.*}} : vector<16xf32>
  // CHECK: linalg.transpose ins({{.*}} : tensor<32x64xf32>) outs({{.*}} : tensor<64x32xf32>)
  %0 = octet.attention %x, %x, %x {causal = 0 : i64, lanes = 16 : i64, registers = 28 : i64, scale = 0.5 : f32} : (tensor<1x1x128x32xf32>, tensor<1x1x128x32xf32>, tensor<1x1x128x32xf32>) -> tensor<1x1x128x32xf32>
  return %0 : tensor<1x1x128x32xf32>
}

// The last block begins where it is whole, and writes what is its own.
// CHECK-LABEL: func @overlapping
func.func @overlapping(%x: tensor<1x1x70x32xf32>) -> tensor<1x1x70x32xf32> {
  // CHECK: affine.min {{.*}}
  // CHECK: %[[ROWS:.*]] = tensor.extract_slice {{.*}} : tensor<{{.*}}x32xf32> to tensor<?x32xf32>
  // CHECK: tensor.parallel_insert_slice %[[ROWS]]
  %0 = octet.attention %x, %x, %x {lanes = 16 : i64, registers = 5 : i64, scale = 0.5 : f32} : (tensor<1x1x70x32xf32>, tensor<1x1x70x32xf32>, tensor<1x1x70x32xf32>) -> tensor<1x1x70x32xf32>
  return %0 : tensor<1x1x70x32xf32>
}

// Few queries: all heads that share a key are lanes of one vector.
// CHECK-LABEL: func @merged
func.func @merged(%q: tensor<1x8x1x16xf32>, %k: tensor<1x2x64x16xf32>) -> tensor<1x8x1x16xf32> {
  // CHECK: tensor.collapse_shape {{.*}} into tensor<1x2x4x16xf32>
  // CHECK: vector<4xf32>
  // CHECK-NOT: vector<16xf32>
  %0 = octet.attention %q, %k, %k {lanes = 16 : i64, registers = 28 : i64, scale = 0.5 : f32} : (tensor<1x8x1x16xf32>, tensor<1x2x64x16xf32>, tensor<1x2x64x16xf32>) -> tensor<1x8x1x16xf32>
  return %0 : tensor<1x8x1x16xf32>
}

// A mask of queries and keys is transposed tile by tile; one of keys is not.
// CHECK-LABEL: func @masked
func.func @masked(%x: tensor<1x2x16x4xf32>, %m: tensor<1x1x16x16xf32>, %n: tensor<1x2x1x16xf32>) -> (tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) {
  // CHECK: linalg.transpose ins({{.*}} : tensor<16x16xf32>)
  // CHECK: scf.forall
  // CHECK-NOT: linalg.transpose ins({{.*}} : tensor<16x16xf32>)
  // CHECK: tensor.extract {{.*}} : tensor<1x16xf32>
  %0 = octet.attention %x, %x, %x mask(%m) {lanes = 16 : i64, registers = 28 : i64, scale = 0.5 : f32} : (tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x1x16x16xf32>) -> tensor<1x2x16x4xf32>
  %1 = octet.attention %x, %x, %x mask(%n) {lanes = 16 : i64, registers = 28 : i64, scale = 0.5 : f32} : (tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x1x16xf32>) -> tensor<1x2x16x4xf32>
  return %0, %1 : tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>
}
