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
  %1 = octet.conv2d %0, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32> -> tensor<1x4x4x2xf32>
  return %1 : tensor<1x4x4x2xf32>
}

// A concatenation's inputs adopt its scale where nothing else uses them.
// CHECK-LABEL: func @concat
func.func @concat(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> tensor<1x4xf32> {
  // CHECK-COUNT-3: quant.qcast {{.*}}!quant.uniform<u8:f32, 2.000000e+00>>
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 1.0 : f32} : tensor<1x2xf32>
  %1 = octet.observe %y {key = "y", low = 0.0 : f32, high = 2.0 : f32} : tensor<1x2xf32>
  %2 = octet.concat %0, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %3 = octet.observe %2 {key = "z", low = 0.0 : f32, high = 510.0 : f32} : tensor<1x4xf32>
  return %3 : tensor<1x4xf32>
}

// An input that something else uses too keeps its own scale.
// CHECK-LABEL: func @shared
func.func @shared(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> (tensor<1x4xf32>, tensor<1x2xf32>) {
  // CHECK-DAG: quant.qcast %arg0 {{.*}}!quant.uniform<u8:f32, 5.000000e-01>>
  // CHECK-DAG: quant.qcast %arg1 {{.*}}!quant.uniform<u8:f32, 2.000000e+00>>
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 127.5 : f32} : tensor<1x2xf32>
  %1 = octet.observe %y {key = "y", low = 0.0 : f32, high = 2.0 : f32} : tensor<1x2xf32>
  %2 = octet.concat %0, %1 {axis = 1 : i64} : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x4xf32>
  %3 = octet.observe %2 {key = "z", low = 0.0 : f32, high = 510.0 : f32} : tensor<1x4xf32>
  %4 = octet.clamp %0 {clamp_min = 0.0 : f32} : tensor<1x2xf32> -> tensor<1x2xf32>
  return %3, %4 : tensor<1x4xf32>, tensor<1x2xf32>
}

// QS-11: 255 · 127 · 66,400 is above 2^31; the layer stays f32 and says why.
// CHECK-LABEL: func @wide
func.func @wide(%x: tensor<1x1x1x66400xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK: octet.conv2d {{.*}}octet.note = "its sums could leave 32 bits"{{.*}} tensor<1x1x1x66400xf32>, tensor<1x1x1x66400xf32> -> tensor<1x1x1x1xf32>
  // CHECK-NOT: i8<-127:127>
  %w = arith.constant dense<1.0> : tensor<1x1x1x66400xf32>
  %0 = octet.observe %x {key = "x", low = 0.0 : f32, high = 1.0 : f32} : tensor<1x1x1x66400xf32>
  %1 = octet.conv2d %0, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : tensor<1x1x1x66400xf32>, tensor<1x1x1x66400xf32> -> tensor<1x1x1x1xf32>
  return %1 : tensor<1x1x1x1xf32>
}
