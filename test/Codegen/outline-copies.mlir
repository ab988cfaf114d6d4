// RUN: octet-opt %s -split-input-file --octet-outline-kernels | FileCheck %s

// Boxes of one shape share what copies them; places are scalars. Dimensions that
// lie one behind the other are one.
// CHECK-LABEL: func.func @octet_run(
// CHECK: call @[[FIRST:slice_[0-9]+]](
// CHECK: call @[[SECOND:slice_[0-9]+]](
// CHECK: call @[[JOIN:concat_[0-9]+]](
func.func @main(%x: tensor<4x2x3xf32> {octet.name = "x"}) -> (tensor<2x2x3xf32> {octet.name = "y"}) {
  %0 = octet.slice %x {offsets = array<i64: 1, 0, 0>, sizes = array<i64: 1, 2, 3>, strides = array<i64: 1, 1, 1>} : tensor<4x2x3xf32> -> tensor<1x2x3xf32>
  %1 = octet.slice %x {offsets = array<i64: 3, 0, 0>, sizes = array<i64: 1, 2, 3>, strides = array<i64: -1, 1, 1>} : tensor<4x2x3xf32> -> tensor<1x2x3xf32>
  %2 = octet.concat %0, %1 {axis = 0 : i64} : tensor<1x2x3xf32>, tensor<1x2x3xf32> -> tensor<2x2x3xf32>
  return %2 : tensor<2x2x3xf32>
}

// CHECK: func.func private @[[COPY:copy_[0-9]+]](%arg0: memref<4x2x3xf32>
// CHECK-DAG: %[[READ:.*]] = memref.reinterpret_cast %arg0 to offset: [%arg2], sizes: [6], strides: [1]
// CHECK-DAG: %[[WRITE:.*]] = memref.reinterpret_cast %arg1 to offset: [%arg3], sizes: [6], strides: [1]
// CHECK: linalg.copy ins(%[[READ]] : {{.*}}) outs(%[[WRITE]] :

// CHECK: func.func private @[[FIRST]](
// CHECK-DAG: %[[SIX:.*]] = arith.constant 6 : index
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: call @[[COPY]](%{{.*}}, %{{.*}}, %[[SIX]], %[[ZERO]])
// CHECK: func.func private @[[SECOND]](
// CHECK: arith.constant 18 : index
// CHECK: call @[[COPY]](
// CHECK: func.func private @[[JOIN]](
// CHECK: call @{{copy_[0-9]+}}(%arg0, %arg2
// CHECK: call @{{copy_[0-9]+}}(%arg1, %arg2

// -----

// Borders and padded channels are jumped over, steps are strides.
// CHECK-LABEL: func.func @octet_run(
// CHECK: func.func private @[[COPY:copy_[0-9]+]](
// CHECK: memref.reinterpret_cast %arg0 to offset: [%arg2], sizes: [2, 3], strides: [8, 1] : memref<1x6x6x4xf32>
// CHECK: memref.reinterpret_cast %arg1 to offset: [%arg3], sizes: [2, 3], strides: [3, 1] : memref<1x1x2x3xf32>
// CHECK: func.func private @slice_
// CHECK: %[[PLACE:.*]] = arith.constant 56 : index
// CHECK: call @[[COPY]](%arg0, %arg1, %[[PLACE]],
!b = tensor<1x4x4x3xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>
func.func @main(%x: tensor<1x4x4x3xf32> {octet.name = "x"}) -> (tensor<1x1x2x3xf32> {octet.name = "y"}) {
  %0 = octet.unary neg %x : tensor<1x4x4x3xf32> -> !b
  %1 = octet.slice %0 {offsets = array<i64: 0, 1, 1, 0>, sizes = array<i64: 1, 1, 2, 3>, strides = array<i64: 1, 1, 2, 1>} : !b -> tensor<1x1x2x3xf32>
  return %1 : tensor<1x1x2x3xf32>
}
