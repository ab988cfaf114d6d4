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
