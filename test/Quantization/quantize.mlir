// RUN: octet-opt %s --octet-quantize | FileCheck %s

// CHECK: ![[W:.*]] = !quant.uniform<i8<-127:127>:f32:0, {1.000000e+00,2.000000e+00}>
// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<1x4x4x1xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK: quant.qcast %arg0 : tensor<1x4x4x1xf32> to tensor<1x4x4x1x!quant.uniform<u8:f32, 5.000000e-01:51>>
  // CHECK: quant.dcast
  %w = arith.constant dense<[[[[127.0]]], [[[-254.0]]]]> : tensor<2x1x1x1xf32>
  %0 = octet.observe %x {key = "x", low = -25.5 : f32, high = 102.0 : f32} : tensor<1x4x4x1xf32>
  // CHECK: quant.qcast %{{.*}} : tensor<2x1x1x1xf32> to tensor<2x1x1x1x![[W]]>
  // CHECK: octet.conv2d
  %1 = octet.conv2d %0, %w : tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32> -> tensor<1x4x4x2xf32>
  return %1 : tensor<1x4x4x2xf32>
}

// A concatenation's inputs adopt its scale where nothing else uses them.
// CHECK-LABEL: func @concat
func.func @concat(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> tensor<1x4xf32> {
  // CHECK-COUNT-2: quant.qcast {{.*}}!quant.uniform<u8:f32, 2.000000e+00>>
  // CHECK: octet.concat {{.*}} {axis = 1 : i64} :
  // CHECK: quant.qcast {{.*}}!quant.uniform<u8:f32, 2.000000e+00>>
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
  // CHECK-DAG: quant.qcast %arg0 {{.*}}!quant.uniform<u8:f32, 2.000000e+00>>
  // CHECK-DAG: quant.qcast %arg1 {{.*}}!quant.uniform<u8:f32, 1.000000e+00>>
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
  // CHECK-COUNT-4: quant.qcast {{.*}}!quant.uniform<u8:f32, 2.000000e+00>>
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
  // CHECK: quant.qcast %arg0 {{.*}}!quant.uniform<u8:f32, 0.0039215688593685627>>
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
  // CHECK-COUNT-2: quant.qcast
  // CHECK-NOT: quant.qcast
  // CHECK: octet.concat {{.*}}octet.note = "only joins values on their way to an output"
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 1.0 : f32} : tensor<1x2xf32>
  %1 = octet.observe %y {key = "y", low = 0.0 : f32, high = 2.0 : f32} : tensor<1x2xf32>
  %2 = octet.concat %0, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %3 = octet.observe %2 {key = "z", low = 0.0 : f32, high = 2.0 : f32} : tensor<1x4xf32>
  %4 = octet.reshape %3 : tensor<1x4xf32> -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// A constant that is not finite has no scale; nor has one behind a max pool but
// that of what the pool takes.
// CHECK-LABEL: func @constants
func.func @constants(%x: tensor<1x2x2x1xf32>) -> (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) {
  // CHECK: octet.binary add {{.*}}octet.note = "a constant operand is not finite"
  // CHECK: octet.max_pool2d
  // CHECK: quant.qcast {{.*}} tensor<1xf32> to tensor<1x!quant.uniform<u8:f32, 0.0078431377187371254>>
  %inf = arith.constant dense<[[[[0xFF800000], [0.0]], [[0.0], [0.0]]]]> : tensor<1x2x2x1xf32>
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 1.0 : f32} : tensor<1x2x2x1xf32>
  %1 = octet.binary add %0, %inf : tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  %2 = octet.max_pool2d %0 {kernel = array<i64: 2, 2>} : tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
  %3 = octet.binary add %2, %two : tensor<1x1x1x1xf32>, tensor<1xf32> -> tensor<1x1x1x1xf32>
  return %1, %3 : tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>
}

// QS-11: 255 · 127 · 66313 is the most that 31 bits hold.
// CHECK-LABEL: func @overflow
func.func @overflow(%x: tensor<1x1x1x66400xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK: octet.conv2d {{.*}}octet.note = "its sums could leave 32 bits"
  %w = arith.constant dense<1.0> : tensor<1x1x1x66400xf32>
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 255.0 : f32} : tensor<1x1x1x66400xf32>
  %1 = octet.conv2d %0, %w : tensor<1x1x1x66400xf32>, tensor<1x1x1x66400xf32> -> tensor<1x1x1x1xf32>
  return %1 : tensor<1x1x1x1xf32>
}

// CHECK-LABEL: func @no_overflow
func.func @no_overflow(%x: tensor<1x1x1x66300xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK-NOT: octet.note
  %w = arith.constant dense<1.0> : tensor<1x1x1x66300xf32>
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 255.0 : f32} : tensor<1x1x1x66300xf32>
  %1 = octet.conv2d %0, %w : tensor<1x1x1x66300xf32>, tensor<1x1x1x66300xf32> -> tensor<1x1x1x1xf32>
  return %1 : tensor<1x1x1x1xf32>
}
