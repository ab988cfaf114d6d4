// RUN: octet-opt %s --octet-join-ranges | FileCheck %s

// A concatenation's inputs adopt its scale where nothing else uses them.
// CHECK-LABEL: func @concat
func.func @concat(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> tensor<1x4xf32> {
  // CHECK-COUNT-2: octet.observe %arg{{.}} {high = 5.100000e+02 : f32
  // CHECK: octet.concat {{.*}} {axis = 1 : i64} :
  // CHECK: octet.observe {{.*}}high = 5.100000e+02 : f32, key = "z"
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 100.0 : f32} : tensor<1x2xf32>
  %1 = octet.observe %y {key = "y", low = 0.0 : f32, high = 500.0 : f32} : tensor<1x2xf32>
  %2 = octet.concat %0, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %3 = octet.observe %2 {key = "z", low = 0.0 : f32, high = 510.0 : f32} : tensor<1x4xf32>
  %4 = octet.unary tanh %3 : tensor<1x4xf32> -> tensor<1x4xf32>
  return %4 : tensor<1x4xf32>
}

// An input that is used elsewhere too keeps its scale, and moves are looked
// through.
// CHECK-LABEL: func @looks_through_moves
func.func @looks_through_moves(%x: tensor<2xf32>, %y: tensor<1x2xf32>) -> (tensor<1x4xf32>, tensor<1x2xf32>) {
  // CHECK: octet.observe %arg0 {high = 5.100000e+02 : f32
  // CHECK: octet.observe %arg1 {high = 2.550000e+02 : f32
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 100.0 : f32} : tensor<2xf32>
  %1 = octet.observe %y {key = "y", low = 0.0 : f32, high = 255.0 : f32} : tensor<1x2xf32>
  %2 = octet.reshape %0 : tensor<2xf32> -> tensor<1x2xf32>
  %3 = octet.concat %2, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %4 = octet.observe %3 {key = "z", low = 0.0 : f32, high = 510.0 : f32} : tensor<1x4xf32>
  %5 = octet.unary tanh %4 : tensor<1x4xf32> -> tensor<1x4xf32>
  %6 = octet.unary sigmoid %1 : tensor<1x2xf32> -> tensor<1x2xf32>
  return %5, %6 : tensor<1x4xf32>, tensor<1x2xf32>
}

// What a concatenation joins twice takes the outer scale.
// CHECK-LABEL: func @nested
func.func @nested(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> tensor<1x6xf32> {
  // CHECK-COUNT-4: octet.observe {{.*}}high = 5.100000e+02 : f32
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 100.0 : f32} : tensor<1x2xf32>
  %1 = octet.observe %y {key = "y", low = 0.0 : f32, high = 500.0 : f32} : tensor<1x2xf32>
  %2 = octet.concat %0, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %3 = octet.observe %2 {key = "z", low = 0.0 : f32, high = 500.0 : f32} : tensor<1x4xf32>
  %4 = octet.unary tanh %y : tensor<1x2xf32> -> tensor<1x2xf32>
  %5 = octet.observe %4 {key = "u", low = 0.0 : f32, high = 200.0 : f32} : tensor<1x2xf32>
  %6 = octet.concat %3, %5 {axis = 1 : i64} : tensor<1x4xf32>, tensor<1x2xf32> -> tensor<1x6xf32>
  %7 = octet.observe %6 {key = "v", low = 0.0 : f32, high = 510.0 : f32} : tensor<1x6xf32>
  %8 = octet.unary tanh %7 : tensor<1x6xf32> -> tensor<1x6xf32>
  return %8 : tensor<1x6xf32>
}

// Boxes beside scores: one scale would leave the scores one bit.
// CHECK-LABEL: func @far_apart
func.func @far_apart(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> tensor<1x4xf32> {
  // CHECK: octet.observe %arg0 {high = 1.000000e+00 : f32
  // CHECK: octet.concat {{.*}}octet.note = "joins values whose ranges differ by more than 16 times"
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 1.0 : f32} : tensor<1x2xf32>
  %1 = octet.observe %y {key = "y", low = -640.0 : f32, high = 2.0 : f32} : tensor<1x2xf32>
  %2 = octet.concat %0, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %3 = octet.observe %2 {key = "z", low = -640.0 : f32, high = 2.0 : f32} : tensor<1x4xf32>
  %4 = octet.unary tanh %3 : tensor<1x4xf32> -> tensor<1x4xf32>
  return %4 : tensor<1x4xf32>
}

// What is only moved and joined on its way to an output is not rounded for it.
// CHECK-LABEL: func @on_its_way_out
func.func @on_its_way_out(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> tensor<4xf32> {
  // CHECK-COUNT-2: octet.observe
  // CHECK-NOT: octet.observe
  // CHECK: octet.concat {{.*}}octet.note = "only joins values on their way to an output"
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 1.0 : f32} : tensor<1x2xf32>
  %1 = octet.observe %y {key = "y", low = 0.0 : f32, high = 2.0 : f32} : tensor<1x2xf32>
  %2 = octet.concat %0, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %3 = octet.observe %2 {key = "z", low = 0.0 : f32, high = 2.0 : f32} : tensor<1x4xf32>
  %4 = octet.reshape %3 : tensor<1x4xf32> -> tensor<4xf32>
  return %4 : tensor<4xf32>
}
