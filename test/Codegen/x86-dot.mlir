// RUN: octet-opt %s --octet-x86-dot | FileCheck %s

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func @unsigned_by_signed
func.func @unsigned_by_signed(%a: vector<2x4xi8>, %b: vector<16x4xi8>, %c: vector<2x16xi32>) -> vector<2x16xi32> {
  // CHECK: %[[W:.*]] = vector.shape_cast %{{.*}} : vector<16x4xi8> to vector<64xi8>
  // CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %{{.*}}, %[[W]])
  // CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %{{.*}}, %[[W]])
  // CHECK-NOT: vector.contract
  %0 = arith.extui %a : vector<2x4xi8> to vector<2x4xi32>
  %1 = arith.extsi %b : vector<16x4xi8> to vector<16x4xi32>
  %2 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %0, %1, %c : vector<2x4xi32>, vector<16x4xi32> into vector<2x16xi32>
  return %2 : vector<2x16xi32>
}

// vpdpbusd cannot multiply two signed operands.
// CHECK-LABEL: func @signed_by_signed
func.func @signed_by_signed(%a: vector<2x4xi8>, %b: vector<16x4xi8>, %c: vector<2x16xi32>) -> vector<2x16xi32> {
  // CHECK: vector.contract
  %0 = arith.extsi %a : vector<2x4xi8> to vector<2x4xi32>
  %1 = arith.extsi %b : vector<16x4xi8> to vector<16x4xi32>
  %2 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %0, %1, %c : vector<2x4xi32>, vector<16x4xi32> into vector<2x16xi32>
  return %2 : vector<2x16xi32>
}
