// RUN: octet-opt %s --octet-to-linalg --octet-tile-and-fuse="registers=28" -canonicalize | FileCheck %s

// 14 columns of 2 blocks fill 28 registers; nothing is left over. The reduction
// runs in steps of one around the accumulators.
// CHECK-LABEL: func @whole
func.func @whole(%x: tensor<1x14x14x8xui8>, %w: tensor<2x1x1x2x16x4xsi8>, %b: tensor<32xi32>, %m: tensor<32xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x14x14x32xui8> attributes {octet.kernel} {
  // CHECK: scf.for
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x14x2x16xi32>)
  // CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args(%{{.*}}) -> (tensor<1x14x2x16xi32>)
  // CHECK: linalg.generic {{.*}}octet.blocked
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x14x2x16xi8>)
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp {lanes = 16 : i64} : tensor<1x14x14x8xui8>, tensor<2x1x1x2x16x4xsi8>, tensor<32xi32>, tensor<32xf32> -> tensor<1x14x14x32xui8>
  return %0 : tensor<1x14x14x32xui8>
}

// Depthwise tiles are as wide as divides the width, up to 8.
// CHECK-LABEL: func @depthwise
// CHECK: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) = (0, 0, 0) to (2, 14, 14) step (1, 1, 7)
// CHECK-NOT: scf.forall (
func.func @depthwise(%x: tensor<1x16x16x32xui8>, %w: tensor<3x3x2x16xsi8>, %b: tensor<32xi32>, %m: tensor<32xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x14x14x32xui8> attributes {octet.kernel} {
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp {groups = 32 : i64, lanes = 16 : i64} : tensor<1x16x16x32xui8>, tensor<3x3x2x16xsi8>, tensor<32xi32>, tensor<32xf32> -> tensor<1x14x14x32xui8>
  return %0 : tensor<1x14x14x32xui8>
}

// Outside the blocked form the accumulators are those of one position.
// CHECK-LABEL: func @reference
func.func @reference(%x: tensor<1x4x4x8xui8>, %w: tensor<5x1x1x8xsi8>, %b: tensor<5xi32>, %m: tensor<5xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x4x4x5xui8> attributes {octet.kernel} {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x1x5xi32>)
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp : tensor<1x4x4x8xui8>, tensor<5x1x1x8xsi8>, tensor<5xi32>, tensor<5xf32> -> tensor<1x4x4x5xui8>
  return %0 : tensor<1x4x4x5xui8>
}

// A window begins where it goes on; the order of its sum stays.
// CHECK-LABEL: func @window
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (4, 4)
// CHECK: linalg.fill {{.*}} outs(%{{.*}} : tensor<1x1x1x8xf32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x1x8xf32>)
func.func @window(%x: tensor<1x8x8x8xf32>) -> tensor<1x4x4x8xf32> attributes {octet.kernel} {
  %0 = octet.max_pool2d %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x8x8x8xf32> -> tensor<1x4x4x8xf32>
  return %0 : tensor<1x4x4x8xf32>
}

// One that follows another stays whole: each tile would compute all of that.
// CHECK-LABEL: func @twice
// CHECK-NOT: scf.forall (
// CHECK: return
func.func @twice(%x: tensor<1x40x40x8xf32>) -> tensor<1x1x1x8xf32> attributes {octet.kernel} {
  %0 = octet.avg_pool2d %x {kernel = array<i64: 40, 40>, strides = array<i64: 1, 1>} : tensor<1x40x40x8xf32> -> tensor<1x1x1x8xf32>
  return %0 : tensor<1x1x1x8xf32>
}
