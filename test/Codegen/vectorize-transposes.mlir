// RUN: octet-opt %s --octet-vectorize-transposes=width=4 | FileCheck %s

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#planes = affine_map<(d0, d1, d2) -> (d2, d0, d1)>
#channel = affine_map<(d0, d1, d2) -> (d2)>
#one = affine_map<(d0, d1, d2) -> (0)>

// Height and width are one loop; the last tile of 30 pixels and of 6 channels
// overlaps the one before it. Four lines take two stages of two swaps.
// CHECK-LABEL: func @planes
// CHECK-DAG: %[[IN:.*]] = memref.reinterpret_cast %arg0 to offset: [0], sizes: [180], strides: [1]
// CHECK-DAG: %[[OUT:.*]] = memref.reinterpret_cast %arg1 to offset: [0], sizes: [180], strides: [1]
// CHECK: scf.parallel
// CHECK: affine.min
// CHECK: affine.min
// CHECK-COUNT-4: vector.load %[[IN]]
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store %{{.*}}, %[[OUT]]
// CHECK-NOT: linalg.generic
func.func @planes(%x: memref<6x5x6xf32>, %y: memref<5x6x6xf32>) {
  linalg.generic {indexing_maps = [#planes, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<6x5x6xf32>) outs(%y : memref<5x6x6xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// Along a line other operands are vectors, or one element or scalar for all.
// CHECK-LABEL: func @operands
// CHECK: vector.shuffle
// CHECK: vector.load %{{.*}} : memref<8xf32{{.*}}>, vector<4xf32>
// CHECK: arith.addf %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK: memref.load
// CHECK: vector.broadcast
// CHECK: arith.mulf %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK: vector.broadcast %arg4 : f32 to vector<4xf32>
// CHECK: arith.fptosi %{{.*}} : vector<4xf32> to vector<4xi8>
func.func @operands(%x: memref<8x4x4xf32>, %c: memref<8xf32>, %s: memref<1xf32>, %y: memref<4x4x8xi8>, %f: f32) {
  linalg.generic {indexing_maps = [#planes, #channel, #one, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %c, %s : memref<8x4x4xf32>, memref<8xf32>, memref<1xf32>) outs(%y : memref<4x4x8xi8>) {
  ^bb0(%in: f32, %shift: f32, %scale: f32, %out: i8):
    %0 = arith.addf %in, %shift : f32
    %1 = arith.mulf %0, %scale : f32
    %2 = arith.addf %1, %f : f32
    %3 = arith.fptosi %2 : f32 to i8
    linalg.yield %3 : i8
  }
  return
}

// Three channels fill no tile; what is not transposed stays.
// CHECK-LABEL: func @small
// CHECK-COUNT-2: linalg.generic
func.func @small(%x: memref<3x4x4xf32>, %y: memref<4x4x3xf32>, %z: memref<4x4x3xf32>) {
  linalg.generic {indexing_maps = [#planes, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<3x4x4xf32>) outs(%y : memref<4x4x3xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%y : memref<4x4x3xf32>) outs(%z : memref<4x4x3xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}
