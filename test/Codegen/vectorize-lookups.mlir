// RUN: octet-opt %s --octet-vectorize-lookups=isa=avx512vbmi | FileCheck %s --check-prefixes=CHECK,VBMI
// RUN: octet-opt %s --octet-vectorize-lookups=isa=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: octet-opt %s --octet-vectorize-lookups=isa=neon | FileCheck %s --check-prefixes=CHECK,NEON

#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>

// Two dimensions are one row of 120 bytes; the last vector overlaps, and is read
// before the others are written.
// CHECK-LABEL: func @rows
// CHECK-DAG: %[[IN:.*]] = memref.reinterpret_cast %arg0 to offset: [0], sizes: [2, 120], strides: [120, 1]
// CHECK-DAG: %[[OUT:.*]] = memref.reinterpret_cast %arg2 to offset: [0], sizes: [2, 120], strides: [200, 1]
// VBMI-COUNT-4: vector.load %arg1[%{{.*}}] : memref<256xi8>, vector<64xi8>
// AVX2-COUNT-16: vector.load %arg1[%{{.*}}] : memref<256xi8>, vector<16xi8>
// NEON-COUNT-16: vector.load %arg1[%{{.*}}] : memref<256xi8>, vector<16xi8>
// The last vector of a row overlaps the one before it.
// CHECK: scf.parallel (%[[ROW:.*]], %[[I:.*]]) =
// CHECK: %[[AT:.*]] = affine.min #{{.*}}(%[[I]])
// CHECK: %[[X:.*]] = vector.load %[[IN]][%[[ROW]], %[[AT]]]
// VBMI-COUNT-2: llvm.x86.avx512.vpermi2var.qi.512
// VBMI: arith.cmpi slt, %[[X]]
// AVX2: llvm.x86.avx2.pshuf.b
// AVX2-COUNT-7: llvm.ssub.sat
// AVX2: llvm.x86.avx2.pshuf.b
// AVX2-COUNT-7: llvm.ssub.sat
// AVX2: llvm.x86.avx2.pshuf.b
// NEON: llvm.aarch64.neon.tbl4
// NEON-COUNT-3: llvm.aarch64.neon.tbx4
// CHECK: vector.store %{{.*}}, %[[OUT]][%[[ROW]], %[[AT]]]
// CHECK-NOT: linalg.generic
func.func @rows(%x: memref<2x3x40xi8>, %t: memref<256xi8>, %y: memref<2x3x40xi8, strided<[200, 40, 1]>>) {
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<2x3x40xi8>) outs(%y : memref<2x3x40xi8, strided<[200, 40, 1]>>) {
  ^bb0(%in: i8, %out: i8):
    %i = arith.index_castui %in : i8 to index
    %v = memref.load %t[%i] : memref<256xi8>
    linalg.yield %v : i8
  }
  return
}

// CHECK-LABEL: func @short
// CHECK: linalg.generic
func.func @short(%x: memref<1x1x15xi8>, %t: memref<256xi8>, %y: memref<1x1x15xi8>) {
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<1x1x15xi8>) outs(%y : memref<1x1x15xi8>) {
  ^bb0(%in: i8, %out: i8):
    %i = arith.index_castui %in : i8 to index
    %v = memref.load %t[%i] : memref<256xi8>
    linalg.yield %v : i8
  }
  return
}

// Bytes are looked up where they lie; a row of 48 fills a part of 64.
// CHECK-LABEL: func @inPlace
// VBMI: vector.load %{{.*}} : memref<2x48xi8, strided<[64, 1]>>, vector<48xi8>
// VBMI: vector.insert_strided_slice {{.*}} : vector<48xi8> into vector<64xi8>
// VBMI: vector.store {{.*}}vector<48xi8>
// CHECK-NOT: linalg.generic
func.func @inPlace(%x: memref<2x3x16xi8, strided<[64, 16, 1]>>, %t: memref<256xi8>) {
  linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%x : memref<2x3x16xi8, strided<[64, 16, 1]>>) {
  ^bb0(%out: i8):
    %i = arith.index_castui %out : i8 to index
    %v = memref.load %t[%i] : memref<256xi8>
    linalg.yield %v : i8
  }
  return
}

// A strip is one row wherever it lies.
// CHECK-LABEL: func @strip
// CHECK: %{{.*}}, %[[OFFSET:.*]], %{{.*}}:3, %{{.*}}:3 = memref.extract_strided_metadata %arg0
// CHECK: memref.reinterpret_cast %arg0 to offset: [%[[OFFSET]]], sizes: [192], strides: [1]
func.func @strip(%x: memref<2x6x16xi8, strided<[96, 16, 1], offset: ?>>, %t: memref<256xi8>) {
  linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%x : memref<2x6x16xi8, strided<[96, 16, 1], offset: ?>>) {
  ^bb0(%out: i8):
    %i = arith.index_castui %out : i8 to index
    %v = memref.load %t[%i] : memref<256xi8>
    linalg.yield %v : i8
  }
  return
}

// In place, what overlaps is read before it is looked up.
// CHECK-LABEL: func @overlap
// VBMI: %[[END:.*]] = arith.constant 56 : index
// AVX2: %[[END:.*]] = arith.constant 88 : index
// NEON: %[[END:.*]] = arith.constant 104 : index
// CHECK: vector.load %[[ROWS:.*]][%[[END]]]
// CHECK: scf.for
// CHECK: vector.store
// CHECK: vector.store %{{.*}}, %{{.*}}[%[[END]]]
func.func @overlap(%x: memref<1x3x40xi8>, %t: memref<256xi8>) {
  linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%x : memref<1x3x40xi8>) {
  ^bb0(%out: i8):
    %i = arith.index_castui %out : i8 to index
    %v = memref.load %t[%i] : memref<256xi8>
    linalg.yield %v : i8
  }
  return
}
