// RUN: octet-opt %s --octet-arm-dot | FileCheck %s
// RUN: octet-opt %s --octet-arm-dot=isa=neon | FileCheck %s --check-prefix=NEON
// RUN: octet-opt %s --octet-arm-dot=isa=neon-i8mm | FileCheck %s --check-prefix=I8MM

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// Signed by signed; a lone word is loaded as a float before it is splat.
// CHECK-LABEL: func @signed
// NEON-LABEL: func @signed
func.func @signed(%a: vector<2x4xi8>, %b: vector<16x4xi8>, %c: vector<2x16xi32>) -> vector<2x16xi32> {
  // CHECK: vector.bitcast %{{.*}} : vector<1xi32> to vector<1xf32>
  // CHECK: llvm.freeze %{{.*}} : vector<4xf32>
  // CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 0, 0, 0] : vector<4xi32>, vector<4xi32>
  // CHECK-COUNT-8: llvm.call_intrinsic "llvm.aarch64.neon.sdot.v4i32.v16i8"
  // CHECK: return
  // NEON-COUNT-8: llvm.call_intrinsic "llvm.aarch64.neon.saddlp.v4i32.v8i16"
  // NEON: return
  %0 = arith.extsi %a : vector<2x4xi8> to vector<2x4xi32>
  %1 = arith.extsi %b : vector<16x4xi8> to vector<16x4xi32>
  %2 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %0, %1, %c : vector<2x4xi32>, vector<16x4xi32> into vector<2x16xi32>
  return %2 : vector<2x16xi32>
}

// Three rows are two pairs; accumulators are 2 x 2 tiles inside the loop.
// I8MM-LABEL: func @pairs
func.func @pairs(%x: memref<3x64xi8>, %w: memref<8x16x8xi8>, %c: vector<3x16xi32>) -> vector<3x16xi32> {
  // I8MM: vector.shuffle %{{.*}}, %{{.*}} [0, 1, 16, 17] : vector<16xi32>, vector<16xi32>
  // I8MM: scf.for {{.*}} -> (vector<2x1x8x4xi32>)
  // I8MM-COUNT-16: llvm.call_intrinsic "llvm.aarch64.neon.usmmla.v4i32.v16i8"
  // I8MM: scf.yield
  // I8MM: return %{{.*}} : vector<3x16xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %pad = arith.constant 0 : i8
  %0 = scf.for %k = %c0 to %c8 step %c1 iter_args(%sum = %c) -> (vector<3x16xi32>) {
    %at = arith.muli %k, %c8 : index
    %1 = vector.transfer_read %x[%c0, %at], %pad {in_bounds = [true, true]} : memref<3x64xi8>, vector<3x8xi8>
    %2 = vector.transfer_read %w[%k, %c0, %c0], %pad {in_bounds = [true, true]} : memref<8x16x8xi8>, vector<16x8xi8>
    %3 = arith.extui %1 : vector<3x8xi8> to vector<3x8xi32>
    %4 = arith.extsi %2 : vector<16x8xi8> to vector<16x8xi32>
    %5 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %3, %4, %sum : vector<3x8xi32>, vector<16x8xi32> into vector<3x16xi32>
    scf.yield %5 : vector<3x16xi32>
  }
  return %0 : vector<3x16xi32>
}
