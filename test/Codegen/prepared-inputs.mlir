// RUN: octet-opt %s --octet-x86-dot=isa=avx2 | FileCheck %s --check-prefix=AVX2
// RUN: octet-opt %s --octet-arm-dot=isa=neon-i8mm | FileCheck %s --check-prefix=I8MM

// Inputs that a kernel takes often are widened (AVX2), or put together for two
// positions (I8MM), in front of its loops.

#filter = affine_map<(o, kh, kw, i, l, p) -> (o, i, l, p)>
#left = affine_map<(y, x, o, l, i, p) -> (y, x, i, p)>
#right = affine_map<(y, x, o, l, i, p) -> (o, i, l, p)>
#acc = affine_map<(y, x, o, l, i, p) -> (y, x, o, l)>
#twice = affine_map<(d) -> (d * 2)>

// A window of 1 x 2 with stride 2, over 4 blocks of output channels: each group
// of 4 channels is taken 4 times.
// AVX2-LABEL: func @window_avx2
// AVX2-SAME: (%[[X:.*]]: memref<3x12x4x4xi8>
func.func @window_avx2(%x: memref<3x12x4x4xi8>, %w: memref<4x1x2x4x16x4xi8>, %c: vector<1x2x1x16xi32>, %y: memref<3x6x4x16xi32>) {
  // AVX2: %[[BUFFER:.*]] = memref.alloc() {alignment = 64 : i64} : memref<3x12x8xi32>
  // AVX2: %[[ROWS:.*]] = memref.collapse_shape %[[X]] {{.*}} into memref<3x12x16xi8>
  // AVX2: %[[BYTES:.*]] = vector.load %[[ROWS]][%[[H:.*]], %[[W:.*]], %{{.*}}] : memref<3x12x16xi8>, vector<16xi8>
  // AVX2: %[[WORDS:.*]] = arith.extui %[[BYTES]] : vector<16xi8> to vector<16xi16>
  // AVX2: %[[PAIRS:.*]] = vector.bitcast %[[WORDS]] : vector<16xi16> to vector<8xi32>
  // AVX2: vector.store %[[PAIRS]], %[[BUFFER]][%[[H]], %[[W]], %{{.*}}]
  // Neighbouring bytes of the filter go into one operand too.
  // AVX2: vector.shuffle %{{.*}}, %{{.*}} [32, 0, 32, 1, 32, 4, 32, 5,
  // AVX2-COUNT-4: memref.load %[[BUFFER]]
  // AVX2: vector.broadcast %{{.*}} : i32 to vector<8xi32>
  // AVX2-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c6 = arith.constant 6 : index
  %pad = arith.constant 0 : i8
  scf.for %o = %c0 to %c4 step %c1 {
    scf.for %h = %c0 to %c3 step %c1 {
      scf.for %q = %c0 to %c6 step %c2 {
        %left = affine.apply #twice(%q)
        %view = memref.subview %x[%h, %left, 0, 0] [1, 4, 4, 4] [1, 1, 1, 1] : memref<3x12x4x4xi8> to memref<1x4x4x4xi8, strided<[192, 16, 4, 1], offset: ?>>
        %0 = scf.for %kw = %c0 to %c2 step %c1 iter_args(%outer = %c) -> (vector<1x2x1x16xi32>) {
          %taps = memref.subview %view[0, %kw, 0, 0] [1, 2, 4, 4] [1, 2, 1, 1] : memref<1x4x4x4xi8, strided<[192, 16, 4, 1], offset: ?>> to memref<1x2x4x4xi8, strided<[192, 32, 4, 1], offset: ?>>
          %1 = scf.for %k = %c0 to %c4 step %c1 iter_args(%sum = %outer) -> (vector<1x2x1x16xi32>) {
            %2 = vector.transfer_read %taps[%c0, %c0, %k, %c0], %pad {in_bounds = [true, true, true, true]} : memref<1x2x4x4xi8, strided<[192, 32, 4, 1], offset: ?>>, vector<1x2x1x4xi8>
            %3 = vector.transfer_read %w[%o, %c0, %kw, %k, %c0, %c0], %pad {in_bounds = [true, true, true, true], permutation_map = #filter} : memref<4x1x2x4x16x4xi8>, vector<1x1x16x4xi8>
            %4 = arith.extui %2 : vector<1x2x1x4xi8> to vector<1x2x1x4xi32>
            %5 = arith.extsi %3 : vector<1x1x16x4xi8> to vector<1x1x16x4xi32>
            %6 = vector.contract {indexing_maps = [#left, #right, #acc], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"], kind = #vector.kind<add>} %4, %5, %sum : vector<1x2x1x4xi32>, vector<1x1x16x4xi32> into vector<1x2x1x16xi32>
            scf.yield %6 : vector<1x2x1x16xi32>
          }
          scf.yield %1 : vector<1x2x1x16xi32>
        }
        vector.transfer_write %0, %y[%h, %q, %o, %c0] {in_bounds = [true, true, true, true]} : vector<1x2x1x16xi32>, memref<3x6x4x16xi32>
      }
    }
  }
  return
}

// One block of output channels takes each input once: no buffer pays.
// AVX2-LABEL: func @once_avx2
func.func @once_avx2(%x: memref<3x12x4x4xi8>, %w: memref<1x1x1x4x16x4xi8>, %c: vector<1x2x1x16xi32>, %y: memref<3x12x1x16xi32>) {
  // AVX2-NOT: memref<3x12x8xi32>
  // AVX2: vector.transfer_read %{{.*}} : memref<3x12x4x4xi8>, vector<1x2x1x4xi8>
  // AVX2-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c12 = arith.constant 12 : index
  %pad = arith.constant 0 : i8
  scf.for %h = %c0 to %c3 step %c1 {
    scf.for %q = %c0 to %c12 step %c2 {
      %1 = scf.for %k = %c0 to %c4 step %c1 iter_args(%sum = %c) -> (vector<1x2x1x16xi32>) {
        %2 = vector.transfer_read %x[%h, %q, %k, %c0], %pad {in_bounds = [true, true, true, true]} : memref<3x12x4x4xi8>, vector<1x2x1x4xi8>
        %3 = vector.transfer_read %w[%c0, %c0, %c0, %k, %c0, %c0], %pad {in_bounds = [true, true, true, true], permutation_map = #filter} : memref<1x1x1x4x16x4xi8>, vector<1x1x16x4xi8>
        %4 = arith.extui %2 : vector<1x2x1x4xi8> to vector<1x2x1x4xi32>
        %5 = arith.extsi %3 : vector<1x1x16x4xi8> to vector<1x1x16x4xi32>
        %6 = vector.contract {indexing_maps = [#left, #right, #acc], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"], kind = #vector.kind<add>} %4, %5, %sum : vector<1x2x1x4xi32>, vector<1x1x16x4xi32> into vector<1x2x1x16xi32>
        scf.yield %6 : vector<1x2x1x16xi32>
      }
      vector.transfer_write %1, %y[%h, %q, %c0, %c0] {in_bounds = [true, true, true, true]} : vector<1x2x1x16xi32>, memref<3x12x1x16xi32>
    }
  }
  return
}

// Three rows are two pairs, one column apart, over 8 blocks of output channels.
// The last column has no partner: it stands twice.
// I8MM-LABEL: func @columns_i8mm
func.func @columns_i8mm(%x: memref<2x6x4x8xi8>, %w: memref<8x1x1x4x16x8xi8>, %c: vector<1x3x1x16xi32>, %y: memref<2x6x8x16xi32>) {
  // I8MM: %[[BUFFER:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2x6x64xi8>
  // I8MM: %[[A:.*]] = vector.load %[[ROWS:.*]][%[[H:.*]], %[[W:.*]], %[[G:.*]]] : memref<2x6x32xi8>, vector<16xi8>
  // I8MM: %[[NEXT:.*]] = affine.apply #{{.*}}(%[[W]])
  // I8MM: %[[B:.*]] = vector.load %[[ROWS]][%{{.*}}, %[[NEXT]], %[[G]]]
  // I8MM: vector.shuffle %[[A]], %[[B]] [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]
  // I8MM: vector.store %{{.*}}, %[[BUFFER]]
  // I8MM: %[[LAST:.*]] = vector.load
  // I8MM: vector.shuffle %[[LAST]], %[[LAST]]
  // I8MM: vector.store %{{.*}}, %[[BUFFER]]
  // I8MM: scf.for
  // I8MM-COUNT-2: vector.load %[[BUFFER]]{{.*}} : memref<2x6x64xi8>, vector<16xi8>
  // I8MM-COUNT-16: llvm.call_intrinsic "llvm.aarch64.neon.usmmla.v4i32.v16i8"
  // I8MM: return
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c6 = arith.constant 6 : index
  %c8 = arith.constant 8 : index
  %pad = arith.constant 0 : i8
  scf.for %o = %c0 to %c8 step %c1 {
    scf.for %h = %c0 to %c2 step %c1 {
      scf.for %q = %c0 to %c6 step %c3 {
        %1 = scf.for %k = %c0 to %c4 step %c1 iter_args(%sum = %c) -> (vector<1x3x1x16xi32>) {
          %2 = vector.transfer_read %x[%h, %q, %k, %c0], %pad {in_bounds = [true, true, true, true]} : memref<2x6x4x8xi8>, vector<1x3x1x8xi8>
          %3 = vector.transfer_read %w[%o, %c0, %c0, %k, %c0, %c0], %pad {in_bounds = [true, true, true, true], permutation_map = #filter} : memref<8x1x1x4x16x8xi8>, vector<1x1x16x8xi8>
          %4 = arith.extui %2 : vector<1x3x1x8xi8> to vector<1x3x1x8xi32>
          %5 = arith.extsi %3 : vector<1x1x16x8xi8> to vector<1x1x16x8xi32>
          %6 = vector.contract {indexing_maps = [#left, #right, #acc], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"], kind = #vector.kind<add>} %4, %5, %sum : vector<1x3x1x8xi32>, vector<1x1x16x8xi32> into vector<1x3x1x16xi32>
          scf.yield %6 : vector<1x3x1x16xi32>
        }
        vector.transfer_write %1, %y[%h, %q, %o, %c0] {in_bounds = [true, true, true, true]} : vector<1x3x1x16xi32>, memref<2x6x8x16xi32>
      }
    }
  }
  return
}

// Tiles of two columns, two columns apart: the pairs of odd columns are not
// taken, and not made.
// I8MM-LABEL: func @strided_i8mm
func.func @strided_i8mm(%x: memref<2x8x4x8xi8>, %w: memref<8x1x1x4x16x8xi8>, %c: vector<1x2x1x16xi32>, %y: memref<2x4x8x16xi32>) {
  // I8MM: %[[BUFFER:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2x2x64xi8>
  // I8MM: %[[FIRST:.*]] = affine.apply #{{.*}}(%[[W:.*]])
  // I8MM: vector.load %{{.*}}[%{{.*}}, %[[FIRST]], %{{.*}}] : memref<2x8x32xi8>, vector<16xi8>
  // I8MM: vector.store %{{.*}}, %[[BUFFER]][%{{.*}}, %[[W]], %{{.*}}]
  // I8MM: vector.load %[[BUFFER]]{{.*}} : memref<2x2x64xi8>, vector<16xi8>
  // I8MM-COUNT-8: llvm.call_intrinsic "llvm.aarch64.neon.usmmla.v4i32.v16i8"
  // I8MM: return
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %pad = arith.constant 0 : i8
  scf.for %o = %c0 to %c8 step %c1 {
    scf.for %h = %c0 to %c2 step %c1 {
      scf.for %q = %c0 to %c4 step %c2 {
        %left = affine.apply #twice(%q)
        %taps = memref.subview %x[%h, %left, 0, 0] [1, 2, 4, 8] [1, 2, 1, 1] : memref<2x8x4x8xi8> to memref<1x2x4x8xi8, strided<[256, 64, 8, 1], offset: ?>>
        %1 = scf.for %k = %c0 to %c4 step %c1 iter_args(%sum = %c) -> (vector<1x2x1x16xi32>) {
          %2 = vector.transfer_read %taps[%c0, %c0, %k, %c0], %pad {in_bounds = [true, true, true, true]} : memref<1x2x4x8xi8, strided<[256, 64, 8, 1], offset: ?>>, vector<1x2x1x8xi8>
          %3 = vector.transfer_read %w[%o, %c0, %c0, %k, %c0, %c0], %pad {in_bounds = [true, true, true, true], permutation_map = #filter} : memref<8x1x1x4x16x8xi8>, vector<1x1x16x8xi8>
          %4 = arith.extui %2 : vector<1x2x1x8xi8> to vector<1x2x1x8xi32>
          %5 = arith.extsi %3 : vector<1x1x16x8xi8> to vector<1x1x16x8xi32>
          %6 = vector.contract {indexing_maps = [#left, #right, #acc], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"], kind = #vector.kind<add>} %4, %5, %sum : vector<1x2x1x8xi32>, vector<1x1x16x8xi32> into vector<1x2x1x16xi32>
          scf.yield %6 : vector<1x2x1x16xi32>
        }
        vector.transfer_write %1, %y[%h, %q, %o, %c0] {in_bounds = [true, true, true, true]} : vector<1x2x1x16xi32>, memref<2x4x8x16xi32>
      }
    }
  }
  return
}

// Two lines of three columns: the pairs are one column apart, then one line less
// two columns. Rows are put together in each step.
// I8MM-LABEL: func @lines_i8mm
func.func @lines_i8mm(%x: memref<4x3x4x8xi8>, %w: memref<8x1x1x4x16x8xi8>, %c: vector<2x3x1x16xi32>, %y: memref<4x3x8x16xi32>) {
  // I8MM-NOT: memref.alloc
  // I8MM: vector.transfer_read %{{.*}} : memref<4x3x4x8xi8>, vector<2x3x1x8xi8>
  // I8MM-COUNT-24: llvm.call_intrinsic "llvm.aarch64.neon.usmmla.v4i32.v16i8"
  // I8MM: return
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %pad = arith.constant 0 : i8
  scf.for %o = %c0 to %c8 step %c1 {
    scf.for %h = %c0 to %c4 step %c2 {
      %1 = scf.for %k = %c0 to %c4 step %c1 iter_args(%sum = %c) -> (vector<2x3x1x16xi32>) {
        %2 = vector.transfer_read %x[%h, %c0, %k, %c0], %pad {in_bounds = [true, true, true, true]} : memref<4x3x4x8xi8>, vector<2x3x1x8xi8>
        %3 = vector.transfer_read %w[%o, %c0, %c0, %k, %c0, %c0], %pad {in_bounds = [true, true, true, true], permutation_map = #filter} : memref<8x1x1x4x16x8xi8>, vector<1x1x16x8xi8>
        %4 = arith.extui %2 : vector<2x3x1x8xi8> to vector<2x3x1x8xi32>
        %5 = arith.extsi %3 : vector<1x1x16x8xi8> to vector<1x1x16x8xi32>
        %6 = vector.contract {indexing_maps = [#left, #right, #acc], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"], kind = #vector.kind<add>} %4, %5, %sum : vector<2x3x1x8xi32>, vector<1x1x16x8xi32> into vector<2x3x1x16xi32>
        scf.yield %6 : vector<2x3x1x16xi32>
      }
      vector.transfer_write %1, %y[%h, %c0, %o, %c0] {in_bounds = [true, true, true, true]} : vector<2x3x1x16xi32>, memref<4x3x8x16xi32>
    }
  }
  return
}
