// RUN: octet-opt %s --octet-to-linalg | FileCheck %s

// CHECK-DAG: #[[CHOSEN:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d2)>
// CHECK-DAG: #[[ONE:.*]] = affine_map<(d0) -> ()>
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[SCALAR:.*]] = affine_map<(d0, d1) -> ()>
// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[INNER:.*]] = affine_map<(d0, d1, d2) -> (d1, 0)>

// Negative indices count from the end; then both ends cut off, so that nothing
// outside the input is read.
// CHECK-LABEL: func @gather(
func.func @gather(%x: tensor<4x10x3xf32>, %i: tensor<2x5xi64>) -> tensor<4x2x5x3xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[CHOSEN]], {{.*}}ins(%arg1 : tensor<2x5xi64>)
  // CHECK-NEXT: ^bb0(%[[I:.*]]: i64,
  // CHECK: %[[NEGATIVE:.*]] = arith.cmpi slt, %[[I]], %c0_i64
  // CHECK: %[[BACK:.*]] = arith.addi %[[I]], %c10_i64
  // CHECK: %[[EITHER:.*]] = arith.select %[[NEGATIVE]], %[[BACK]], %[[I]]
  // CHECK: %[[LOW:.*]] = arith.maxsi %[[EITHER]], %c0_i64
  // CHECK: %[[INSIDE:.*]] = arith.minsi %[[LOW]], %c9_i64
  // CHECK: %[[D0:.*]] = linalg.index 0
  // CHECK: %[[D1:.*]] = arith.index_cast %[[INSIDE]] : i64 to index
  // CHECK: %[[D2:.*]] = linalg.index 3
  // CHECK: tensor.extract %arg0[%[[D0]], %[[D1]], %[[D2]]]
  %0 = octet.gather %x, %i {axis = 1 : i64} : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<4x2x5x3xf32>
  return %0 : tensor<4x2x5x3xf32>
}

// A single index leaves no dimension in its place, the first or the last.
// CHECK-LABEL: func @gather_one
func.func @gather_one(%x: tensor<4x10xui8>, %i: tensor<i32>) -> (tensor<10xui8>, tensor<4xui8>) {
  // CHECK: linalg.generic {indexing_maps = [#[[ONE]], {{.*}}ins(%arg1 : tensor<i32>)
  // CHECK: arith.minsi %{{.*}}, %c3_i32
  // CHECK: %[[FIRST:.*]] = arith.index_cast
  // CHECK-NEXT: %[[D:.*]] = linalg.index 0
  // CHECK-NEXT: tensor.extract %{{.*}}[%[[FIRST]], %[[D]]] : tensor<4x10xi8>
  // CHECK: arith.minsi %{{.*}}, %c9_i32
  // CHECK: %[[D:.*]] = linalg.index 0
  // CHECK-NEXT: %[[LAST:.*]] = arith.index_cast
  // CHECK-NEXT: tensor.extract %{{.*}}[%[[D]], %[[LAST]]] : tensor<4x10xi8>
  %0 = octet.gather %x, %i {axis = 0 : i64} : tensor<4x10xui8>, tensor<i32> -> tensor<10xui8>
  %1 = octet.gather %x, %i {axis = 1 : i64} : tensor<4x10xui8>, tensor<i32> -> tensor<4xui8>
  return %0, %1 : tensor<10xui8>, tensor<4xui8>
}

// Ordered predicates: a NaN compares false.
// CHECK-LABEL: func @compare_floats
func.func @compare_floats(%a: tensor<2x1xf32>, %b: tensor<3xf32>) -> (tensor<2x3xi1>, tensor<2x3xi1>, tensor<2x3xi1>, tensor<2x3xi1>, tensor<2x3xi1>) {
  // Operands broadcast where they are read, not in tensors of their own.
  // CHECK-NEXT: tensor.empty() : tensor<2x3xi1>
  // CHECK-NEXT: linalg.generic {indexing_maps = [#[[COLUMN]], #[[ROW]], #[[ALL]]], {{.*}}ins(%arg0, %arg1 :
  // CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %[[Y:.*]]: f32, %{{.*}}: i1):
  // CHECK-NEXT: arith.cmpf oeq, %[[X]], %[[Y]] : f32
  // CHECK: arith.cmpf olt,
  // CHECK: arith.cmpf ole,
  // CHECK: arith.cmpf ogt,
  // CHECK: arith.cmpf oge,
  %0 = octet.compare eq %a, %b : tensor<2x1xf32>, tensor<3xf32> -> tensor<2x3xi1>
  %1 = octet.compare lt %a, %b : tensor<2x1xf32>, tensor<3xf32> -> tensor<2x3xi1>
  %2 = octet.compare le %a, %b : tensor<2x1xf32>, tensor<3xf32> -> tensor<2x3xi1>
  %3 = octet.compare gt %a, %b : tensor<2x1xf32>, tensor<3xf32> -> tensor<2x3xi1>
  %4 = octet.compare ge %a, %b : tensor<2x1xf32>, tensor<3xf32> -> tensor<2x3xi1>
  return %0, %1, %2, %3, %4 : tensor<2x3xi1>, tensor<2x3xi1>, tensor<2x3xi1>, tensor<2x3xi1>, tensor<2x3xi1>
}

// Without a sign i8 is signed, but i1 is not: true is more than false.
// CHECK-LABEL: func @compare_integers
func.func @compare_integers(%s: tensor<3xi8>, %u: tensor<3xui8>, %t: tensor<3xi1>) -> (tensor<3xi1>, tensor<3xi1>, tensor<3xi1>, tensor<3xi1>, tensor<3xi1>) {
  // CHECK: arith.cmpi slt, {{.*}} : i8
  // CHECK: arith.cmpi sge, {{.*}} : i8
  // CHECK: arith.cmpi ule, {{.*}} : i8
  // CHECK: arith.cmpi ugt, {{.*}} : i1
  // CHECK: arith.cmpi eq, {{.*}} : i1
  %0 = octet.compare lt %s, %s : tensor<3xi8>, tensor<3xi8> -> tensor<3xi1>
  %1 = octet.compare ge %s, %s : tensor<3xi8>, tensor<3xi8> -> tensor<3xi1>
  %2 = octet.compare le %u, %u : tensor<3xui8>, tensor<3xui8> -> tensor<3xi1>
  %3 = octet.compare gt %t, %t : tensor<3xi1>, tensor<3xi1> -> tensor<3xi1>
  %4 = octet.compare eq %t, %t : tensor<3xi1>, tensor<3xi1> -> tensor<3xi1>
  return %0, %1, %2, %3, %4 : tensor<3xi1>, tensor<3xi1>, tensor<3xi1>, tensor<3xi1>, tensor<3xi1>
}

// CHECK-LABEL: func @select
func.func @select(%c: tensor<2x1xi1>, %a: tensor<3xi64>, %b: tensor<i64>) -> tensor<2x3xi64> {
  // CHECK-NEXT: tensor.empty() : tensor<2x3xi64>
  // CHECK-NEXT: linalg.generic {indexing_maps = [#[[COLUMN]], #[[ROW]], #[[SCALAR]], #[[ALL]]], {{.*}}ins(%arg0, %arg1, %arg2 :
  // CHECK-NEXT: ^bb0(%[[C:.*]]: i1, %[[A:.*]]: i64, %[[B:.*]]: i64, %{{.*}}: i64):
  // CHECK-NEXT: %[[R:.*]] = arith.select %[[C]], %[[A]], %[[B]] : i64
  // CHECK-NEXT: linalg.yield %[[R]]
  %0 = octet.select %c, %a, %b : tensor<2x1xi1>, tensor<3xi64>, tensor<i64> -> tensor<2x3xi64>
  return %0 : tensor<2x3xi64>
}

// CHECK-LABEL: func @broadcast
func.func @broadcast(%x: tensor<8x1xf32>) -> tensor<4x8x3xf32> {
  // CHECK-NEXT: tensor.empty() : tensor<4x8x3xf32>
  // CHECK-NEXT: linalg.generic {indexing_maps = [#[[INNER]], {{.*}}ins(%arg0 : tensor<8x1xf32>)
  // CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: linalg.yield %[[X]]
  %0 = octet.broadcast %x : tensor<8x1xf32> -> tensor<4x8x3xf32>
  return %0 : tensor<4x8x3xf32>
}

// The divisor is replaced where machines trap or differ: zero, and -1 under the
// least number. The quotient is 0 there.
// CHECK-LABEL: func @divide
func.func @divide(%a: tensor<3xi32>, %b: tensor<3xi32>) -> tensor<3xi32> {
  // CHECK: ^bb0(%[[X:.*]]: i32, %[[Y:.*]]: i32, %{{.*}}: i32):
  // CHECK: %[[ZERO:.*]] = arith.cmpi eq, %[[Y]], %c0_i32
  // CHECK: %[[LEAST:.*]] = arith.cmpi eq, %[[X]], %c-2147483648_i32
  // CHECK: %[[MINUS:.*]] = arith.cmpi eq, %[[Y]], %c-1_i32
  // CHECK: %[[BEYOND:.*]] = arith.andi %[[LEAST]], %[[MINUS]]
  // CHECK: %[[UNDEFINED:.*]] = arith.ori %[[ZERO]], %[[BEYOND]]
  // CHECK: %[[SAFE:.*]] = arith.select %[[UNDEFINED]], %c1_i32, %[[Y]]
  // CHECK: %[[Q:.*]] = arith.divsi %[[X]], %[[SAFE]]
  // CHECK: %[[R:.*]] = arith.select %[[UNDEFINED]], %c0_i32{{.*}}, %[[Q]]
  // CHECK: linalg.yield %[[R]]
  %0 = octet.binary div %a, %b : tensor<3xi32>, tensor<3xi32> -> tensor<3xi32>
  return %0 : tensor<3xi32>
}

// By squaring; a negative exponent leaves 1, -1 or 0.
// CHECK-LABEL: func @power
func.func @power(%a: tensor<3xi8>, %b: tensor<3xi8>) -> tensor<3xi8> {
  // CHECK: ^bb0(%[[X:.*]]: i8, %[[Y:.*]]: i8, %{{.*}}: i8):
  // CHECK-COUNT-15: arith.muli
  // CHECK-NOT: arith.muli
  // CHECK: %[[NEGATIVE:.*]] = arith.cmpi slt, %[[Y]], %c0_i8
  // CHECK-NEXT: arith.select %[[NEGATIVE]]
  %0 = octet.binary pow %a, %b : tensor<3xi8>, tensor<3xi8> -> tensor<3xi8>
  return %0 : tensor<3xi8>
}

// CHECK-LABEL: func @shifts
func.func @shifts(%a: tensor<3xi8>, %u: tensor<3xui8>) -> (tensor<3xi8>, tensor<3xui8>) {
  // CHECK: ^bb0(%[[X:.*]]: i8, %[[Y:.*]]: i8, %{{.*}}: i8):
  // CHECK: %[[INSIDE:.*]] = arith.cmpi ule, %[[Y]], %c7_i8
  // CHECK: %[[COUNT:.*]] = arith.select %[[INSIDE]], %[[Y]], %c7_i8
  // CHECK: arith.shrsi %[[X]], %[[COUNT]]
  // CHECK: arith.shrui
  // CHECK-NEXT: arith.constant 0
  // CHECK-NEXT: arith.select
  %0 = octet.binary shift_right %a, %a : tensor<3xi8>, tensor<3xi8> -> tensor<3xi8>
  %1 = octet.binary shift_right %u, %u : tensor<3xui8>, tensor<3xui8> -> tensor<3xui8>
  return %0, %1 : tensor<3xi8>, tensor<3xui8>
}
