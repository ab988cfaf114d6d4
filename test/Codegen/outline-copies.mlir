// RUN: octet-opt %s -split-input-file --octet-outline-kernels | FileCheck %s

// Boxes of one shape share what copies them; places are scalars. Dimensions that
// lie one behind the other are one.
// CHECK-LABEL: func.func @octet_run(
// CHECK-SAME: %[[X:.*]]: memref<4x2x3xf32>
// CHECK-SAME: %[[Y:.*]]: memref<2x2x3xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[SIX:.*]] = arith.constant 6 : index
// CHECK: call @[[COPY:copy_[0-9]+]](%[[X]], %[[A:.*]], %[[SIX]], %[[ZERO]]) {octet.layer =
// CHECK: %[[EIGHTEEN:.*]] = arith.constant 18 : index
// CHECK: call @[[COPY]](%[[X]], %[[B:.*]], %[[EIGHTEEN]], %{{.*}}) {octet.layer =
// The first call of an operation describes it.
// CHECK: call @[[JOIN:copy_[0-9]+]](%[[A]], %[[Y]], {{.*}}) {octet.layer =
// CHECK: call @[[JOIN]](%[[B]], %[[Y]],
// CHECK-NOT: octet.layer
// CHECK: return
func.func @main(%x: tensor<4x2x3xf32> {octet.name = "x"}) -> (tensor<2x2x3xf32> {octet.name = "y"}) {
  %0 = octet.slice %x {offsets = array<i64: 1, 0, 0>, sizes = array<i64: 1, 2, 3>, strides = array<i64: 1, 1, 1>} : tensor<4x2x3xf32> -> tensor<1x2x3xf32>
  %1 = octet.slice %x {offsets = array<i64: 3, 0, 0>, sizes = array<i64: 1, 2, 3>, strides = array<i64: -1, 1, 1>} : tensor<4x2x3xf32> -> tensor<1x2x3xf32>
  %2 = octet.concat %0, %1 {axis = 0 : i64} : tensor<1x2x3xf32>, tensor<1x2x3xf32> -> tensor<2x2x3xf32>
  return %2 : tensor<2x2x3xf32>
}

// CHECK: func.func private @[[COPY]](%arg0: memref<4x2x3xf32>
// CHECK-DAG: %[[READ:.*]] = memref.reinterpret_cast %arg0 to offset: [%arg2], sizes: [6], strides: [1]
// CHECK-DAG: %[[WRITE:.*]] = memref.reinterpret_cast %arg1 to offset: [%arg3], sizes: [6], strides: [1]
// CHECK: linalg.copy ins(%[[READ]] : {{.*}}) outs(%[[WRITE]] :

// -----

// Borders and padded channels are jumped over, steps are strides.
// CHECK-LABEL: func.func @octet_run(
// CHECK: %[[PLACE:.*]] = arith.constant 56 : index
// CHECK: call @[[COPY:copy_[0-9]+]](%{{.*}}, %{{.*}}, %[[PLACE]],
// CHECK: func.func private @[[COPY]](%arg0
// CHECK: memref.reinterpret_cast %arg0 to offset: [%arg2], sizes: [2, 3], strides: [8, 1] : memref<1x6x6x4xf32>
// CHECK: memref.reinterpret_cast %arg1 to offset: [%arg3], sizes: [2, 3], strides: [3, 1] : memref<1x1x2x3xf32>
!b = tensor<1x4x4x3xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>
func.func @main(%x: tensor<1x4x4x3xf32> {octet.name = "x"}) -> (tensor<1x1x2x3xf32> {octet.name = "y"}) {
  %0 = octet.unary neg %x : tensor<1x4x4x3xf32> -> !b
  %1 = octet.slice %0 {offsets = array<i64: 0, 1, 1, 0>, sizes = array<i64: 1, 1, 2, 3>, strides = array<i64: 1, 1, 2, 1>} : !b -> tensor<1x1x2x3xf32>
  return %1 : tensor<1x1x2x3xf32>
}
