// RUN: octet-opt %s --octet-to-linalg -canonicalize -cse | FileCheck %s

// Four rows at a time, then those that are left; the rest of a row belongs to the
// first lanes.
// CHECK-LABEL: func @sum
// CHECK: %[[WHOLE:.*]] = scf.forall (%[[G:.*]]) in (24) shared_outs(%[[OUT:.*]] = %{{.*}})
// CHECK: %[[ROW:.*]] = affine.apply {{.*}}(%[[G]])
// CHECK: %[[ROWS:.*]] = tensor.extract_slice %arg0[%[[ROW]], 0] [4, 39] [1, 1]
// CHECK: %[[LANES:.*]]:4 = scf.for {{.*}} to %c32 step %c16
// CHECK: vector.transfer_read %[[ROWS]]
// CHECK: %[[REST:.*]] = vector.transfer_read %[[ROWS]][%c0, %c32]{{.*}} vector<7xf32>
// CHECK: %[[FRONT:.*]] = vector.extract_strided_slice %[[LANES]]#0 {offsets = [0], sizes = [7], strides = [1]}
// CHECK: %[[ADDED:.*]] = arith.addf %[[FRONT]], %[[REST]]
// CHECK: %[[SUM:.*]] = vector.insert_strided_slice %[[ADDED]], %[[LANES]]#0
// CHECK-DAG: %[[LOW:.*]] = vector.extract_strided_slice %[[SUM]] {offsets = [0], sizes = [8]
// CHECK-DAG: %[[HIGH:.*]] = vector.extract_strided_slice %[[SUM]] {offsets = [8], sizes = [8]
// CHECK: arith.addf %[[LOW]], %[[HIGH]] : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK: arith.addf {{.*}} : vector<2xf32>
// CHECK: arith.addf {{.*}} : vector<1xf32>
// CHECK: tensor.parallel_insert_slice %{{.*}} into %[[OUT]][%[[ROW]], 0] [4, 1]
// CHECK: tensor.extract_slice %arg0[96, 0] [2, 39]
func.func @sum(%x: tensor<98x39xf32>) -> tensor<98x1xf32> {
  %0 = octet.reduce sum %x {axes = array<i64: 1>} : tensor<98x39xf32> -> tensor<98x1xf32>
  return %0 : tensor<98x1xf32>
}

// A mean over several dimensions is divided once, in the end.
// CHECK-LABEL: func @mean
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (2, 3)
// CHECK-NOT: arith.divf
// CHECK: tensor.parallel_insert_slice
// CHECK: linalg.generic
// CHECK: arith.divf %{{.*}}, %{{.*}} : f32
func.func @mean(%x: tensor<2x3x8xf32>) -> tensor<2x1x1xf32> {
  %0 = octet.reduce mean %x {axes = array<i64: 1, 2>} : tensor<2x3x8xf32> -> tensor<2x1x1xf32>
  return %0 : tensor<2x1x1xf32>
}

// The largest value, powers and their sum, quotients.
// CHECK-LABEL: func @softmax
// CHECK: scf.forall
// CHECK: arith.cmpf ogt, %{{.*}} : vector<16xf32>
// CHECK: scf.for
// CHECK: %[[POWER:.*]] = math.exp %{{.*}} : vector<16xf32>
// CHECK: vector.transfer_write %[[POWER]]
// CHECK: arith.addf %{{.*}}, %[[POWER]]
// CHECK: scf.for
// CHECK: arith.divf %{{.*}} : vector<16xf32>
func.func @softmax(%x: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %0 = octet.softmax %x {axis = 1 : i64} : tensor<4x32xf32> -> tensor<4x32xf32>
  return %0 : tensor<4x32xf32>
}

// Each step is rounded by itself (QS-23); short rows are one vector.
// CHECK-LABEL: func @layer_norm
// CHECK-NOT: scf.for
// CHECK: %[[X:.*]] = vector.transfer_read %arg0[%c0]{{.*}} vector<8xf32>
// CHECK: %[[MEAN:.*]] = arith.divf %{{.*}}, %cst{{.*}} : f32
// CHECK: %[[MEANS:.*]] = vector.broadcast %[[MEAN]]
// CHECK: %[[C:.*]] = arith.subf %[[X]], %[[MEANS]]
// CHECK: arith.mulf %[[C]], %[[C]]
// CHECK: %[[VARIANCE:.*]] = arith.divf %{{.*}}, %cst{{.*}} : f32
// CHECK: %[[SUM:.*]] = arith.addf %[[VARIANCE]], %cst{{.*}} : f32
// CHECK: %[[ROOT:.*]] = math.sqrt %[[SUM]]
// CHECK: %[[INVERSE:.*]] = arith.divf %cst{{.*}}, %[[ROOT]]
// CHECK: %[[INVERSES:.*]] = vector.broadcast %[[INVERSE]]
// CHECK: %[[Y:.*]] = arith.mulf %[[C]], %[[INVERSES]]
// CHECK: %[[SCALED:.*]] = arith.mulf %[[Y]], %{{.*}}
// CHECK: arith.addf %[[SCALED]], %{{.*}}
func.func @layer_norm(%x: tensor<8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<8xf32> {
  %0 = octet.layer_norm %x scale(%g) shift(%b) {epsilon = 1.0e-5 : f32} : tensor<8xf32>, tensor<8xf32> shift tensor<8xf32> -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: func @rms_norm
// CHECK-NOT: arith.subf
// CHECK: math.sqrt
// CHECK-NOT: arith.subf
// CHECK: return
func.func @rms_norm(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = octet.layer_norm %x {epsilon = 1.0e-5 : f32, rms} : tensor<8xf32> -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
