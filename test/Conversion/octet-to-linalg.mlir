// RUN: octet-opt %s --octet-to-linalg | FileCheck %s

// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<1x6x6x4xui8>, %w: tensor<8x3x3x4xsi8>, %b: tensor<8xi32>, %m: tensor<8xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x4x4x8xui8> {
  // The accumulators start from the bias, the contraction is exact in i32.
  // CHECK: linalg.generic {{.*}}ins(%arg2 : tensor<8xi32>)
  // CHECK: linalg.generic
  // CHECK: arith.extui {{.*}} : i8 to i32
  // CHECK: arith.extsi {{.*}} : i8 to i32
  // CHECK: arith.muli
  // CHECK: arith.addi
  // The epilogue: convert, scale, clamp, round half to even, convert, shift.
  // CHECK: arith.sitofp
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: arith.maxnumf
  // CHECK-NEXT: arith.minnumf
  // CHECK-NEXT: math.roundeven
  // CHECK-NEXT: arith.fptosi
  // CHECK-NEXT: arith.addi
  // CHECK-NEXT: arith.trunci {{.*}} overflow<nuw> : i32 to i8
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp : tensor<1x6x6x4xui8>, tensor<8x3x3x4xsi8>, tensor<8xi32>, tensor<8xf32> -> tensor<1x4x4x8xui8>
  return %0 : tensor<1x4x4x8xui8>
}

// CHECK-LABEL: func @blocked
func.func @blocked(%x: tensor<1x4x4x3xf32>, %w: tensor<1x1x1x3x16xf32>) -> tensor<1x4x4x16xf32> {
  // CHECK: linalg.generic {{.*}}"reduction"{{.*}} attrs = {octet.blocked}
  // CHECK: arith.mulf {{.*}} fastmath<contract>
  // CHECK: arith.addf {{.*}} fastmath<contract>
  %0 = octet.conv2d %x, %w {lanes = 16 : i64} : tensor<1x4x4x3xf32>, tensor<1x1x1x3x16xf32> -> tensor<1x4x4x16xf32>
  return %0 : tensor<1x4x4x16xf32>
}

// CHECK-LABEL: func @quantize
func.func @quantize(%x: tensor<1x3x4x4xf32>, %o: tensor<3xf32>, %d: tensor<1xf32>, %low: f32, %high: f32, %zp: i32) -> tensor<1x4x4x3xui8> {
  // CHECK: arith.subf
  // CHECK-NEXT: arith.divf
  // CHECK-NEXT: arith.cmpf uno
  // CHECK: arith.select
  %0 = octet.quantize %x, %o, %d, %low, %high, %zp {permutation = array<i64: 0, 2, 3, 1>} : tensor<1x3x4x4xf32>, tensor<3xf32>, tensor<1xf32> -> tensor<1x4x4x3xui8>
  return %0 : tensor<1x4x4x3xui8>
}

// A blocked convolution is looked up strip by strip, in place; another one byte
// by byte.
// CHECK-LABEL: func @strips
func.func @strips(%x: tensor<1x40x64x4xui8>, %w: tensor<1x1x1x1x16x4xsi8>, %d: tensor<16x1x1x4xsi8>, %b: tensor<16xi32>, %m: tensor<16xf32>, %low: f32, %high: f32, %zp: i32, %t: tensor<256xui8>) -> (tensor<1x40x64x16xui8>, tensor<1x40x64x16xui8>) {
  // 40 rows of 1024 bytes: two strips of 14, and one of 12.
  // CHECK: scf.forall {{.*}} in (2)
  // What a table is looked up at may wrap around.
  // CHECK: arith.trunci %{{.*}} : i32 to i8
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<14x64x16xi8>)
  // CHECK: tensor.extract
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<12x64x16xi8>)
  // CHECK: tensor.extract
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp table(%t) {lanes = 16 : i64} : tensor<1x40x64x4xui8>, tensor<1x1x1x1x16x4xsi8>, tensor<16xi32>, tensor<16xf32> table tensor<256xui8> -> tensor<1x40x64x16xui8>
  // CHECK: arith.trunci %{{.*}} : i32 to i8
  // CHECK-NEXT: arith.index_castui
  // CHECK-NEXT: tensor.extract
  %1 = octet.integer_conv2d %x, %d, %b, %m, %low, %high, %zp table(%t) : tensor<1x40x64x4xui8>, tensor<16x1x1x4xsi8>, tensor<16xi32>, tensor<16xf32> table tensor<256xui8> -> tensor<1x40x64x16xui8>
  return %0, %1 : tensor<1x40x64x16xui8>, tensor<1x40x64x16xui8>
}

// Integers are clamped where that is the same: of a table's indices, as signed
// ones.
// CHECK-LABEL: func @saturates
func.func @saturates(%x: tensor<1x1x1x1xui8>, %w: tensor<2x1x1x1xsi8>, %b: tensor<2xi32>, %m: tensor<2xf32>, %low: f32, %high: f32, %zp: i32, %t: tensor<256xui8>) -> (tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>) {
  // CHECK: arith.mulf
  // CHECK-NEXT: math.roundeven
  // CHECK-NEXT: arith.fptosi
  // CHECK-NEXT: arith.addi
  // CHECK: arith.maxsi %{{.*}}, %c0_i32
  // CHECK: arith.minsi %{{.*}}, %c255_i32
  // CHECK-NEXT: arith.trunci {{.*}} overflow<nuw>
  %0 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp {saturates} : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x1x1x2xui8>
  // CHECK: arith.maxsi %{{.*}}, %c-128_i32
  // CHECK: arith.minsi %{{.*}}, %c127_i32
  // CHECK-NEXT: arith.trunci {{.*}} overflow<nsw>
  // CHECK-NEXT: arith.index_castui
  %1 = octet.integer_conv2d %x, %w, %b, %m, %low, %high, %zp table(%t) {saturates} : tensor<1x1x1x1xui8>, tensor<2x1x1x1xsi8>, tensor<2xi32>, tensor<2xf32> table tensor<256xui8> -> tensor<1x1x1x2xui8>
  return %0, %1 : tensor<1x1x1x2xui8>, tensor<1x1x1x2xui8>
}
