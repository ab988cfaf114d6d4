// RUN: octet-opt %s --octet-x86-dot | FileCheck %s
// RUN: octet-opt %s --octet-x86-dot=isa=avxvnni | FileCheck %s --check-prefix=YMM
// RUN: octet-opt %s --octet-x86-dot=isa=avx2 | FileCheck %s --check-prefix=AVX2

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func @unsigned_by_signed
// YMM-LABEL: func @unsigned_by_signed
// AVX2-LABEL: func @unsigned_by_signed
func.func @unsigned_by_signed(%a: vector<2x4xi8>, %b: vector<16x4xi8>, %c: vector<2x16xi32>) -> vector<2x16xi32> {
  // CHECK: %[[W:.*]] = vector.shape_cast %{{.*}} : vector<16x4xi8> to vector<64xi8>
  // CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %{{.*}}, %[[W]])
  // CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %{{.*}}, %[[W]])
  // CHECK: return
  // YMM-COUNT-4: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
  // YMM: return

  // Even and odd bytes, two halves of the lanes, two rows.
  // AVX2-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  // AVX2: return
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

// Three rows of one column, and a row of zeros, make one dot product; the loops
// over the window are gone.
// CHECK-LABEL: func @depthwise
// AVX2-LABEL: func @depthwise
func.func @depthwise(%x: memref<8x8x16xi8>, %w: memref<3x2x16xi8>, %acc: vector<16xi32>, %y: index) -> vector<16xi32> {
  // CHECK-NOT: scf.for
  // CHECK: vector.interleave %{{.*}}, %{{.*}} : vector<16xi8> -> vector<32xi8>
  // CHECK: vector.interleave %{{.*}}, %{{.*}} : vector<16xi16> -> vector<32xi16>
  // CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
  // CHECK-NOT: llvm.call_intrinsic
  // AVX2-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  // AVX2-NOT: llvm.call_intrinsic
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %pad = arith.constant 0 : i8
  %0 = scf.for %ky = %c0 to %c3 step %c1 iter_args(%outer = %acc) -> (vector<16xi32>) {
    %row = arith.addi %y, %ky : index
    %1 = scf.for %kx = %c0 to %c2 step %c1 iter_args(%sum = %outer) -> (vector<16xi32>) {
      %2 = vector.transfer_read %x[%row, %kx, %c0], %pad {in_bounds = [true]} : memref<8x8x16xi8>, vector<16xi8>
      %3 = vector.transfer_read %w[%ky, %kx, %c0], %pad {in_bounds = [true]} : memref<3x2x16xi8>, vector<16xi8>
      %4 = arith.extui %2 : vector<16xi8> to vector<16xi32>
      %5 = arith.extsi %3 : vector<16xi8> to vector<16xi32>
      %6 = arith.muli %4, %5 : vector<16xi32>
      %7 = arith.addi %sum, %6 : vector<16xi32>
      scf.yield %7 : vector<16xi32>
    }
    scf.yield %1 : vector<16xi32>
  }
  return %0 : vector<16xi32>
}
