// RUN: octet-opt %s --octet-fold-scales -canonicalize | FileCheck %s

!a = !quant.uniform<u8:f32, 0.5:10>
!b = !quant.uniform<u8:f32, 0.25:0>
!w = !quant.uniform<i8<-127:127>:f32:0, {1.0, 2.0}>

// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x2xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}4{{.*}}-3{{.*}}> : tensor<2x1x1x1xsi8>
  // bias / (0.5 · s_w) - 10 · w: 2/0.5 - 40 and 8/1 + 30
  // CHECK-DAG: %[[B:.*]] = arith.constant dense<[-36, 38]> : tensor<2xi32>
  // 0.5 · s_w / 0.25
  // CHECK-DAG: %[[M:.*]] = arith.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32>
  // The normalization (x - 3) / 4 becomes part of the quantization: 4 · 0.5.
  // CHECK-DAG: %[[OFF:.*]] = arith.constant dense<3.000000e+00> : tensor<1xf32>
  // CHECK-DAG: %[[DIV:.*]] = arith.constant dense<2.000000e+00> : tensor<1xf32>
  // CHECK: %[[Q:.*]] = octet.quantize %arg0, %[[OFF]], %[[DIV]]
  // CHECK: octet.integer_conv2d %[[Q]], %[[W]], %[[B]], %[[M]]
  // CHECK: octet.dequantize
  // CHECK-NOT: quant.
  %three = arith.constant dense<3.0> : tensor<1xf32>
  %four = arith.constant dense<4.0> : tensor<1xf32>
  %w = arith.constant dense<[[[[4.0]]], [[[-6.0]]]]> : tensor<2x1x1x1xf32>
  %bias = arith.constant dense<[2.0, 8.0]> : tensor<2xf32>
  %c = octet.binary sub %x, %three : tensor<1x1x1x1xf32>, tensor<1xf32> -> tensor<1x1x1x1xf32>
  %n = octet.binary div %c, %four : tensor<1x1x1x1xf32>, tensor<1xf32> -> tensor<1x1x1x1xf32>
  %q = quant.qcast %n : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!a>
  %wq = quant.qcast %w : tensor<2x1x1x1xf32> to tensor<2x1x1x1x!w>
  %0 = octet.conv2d %q, %wq bias(%bias) : tensor<1x1x1x1x!a>, tensor<2x1x1x1x!w>, tensor<2xf32> -> tensor<1x1x1x2x!b>
  %1 = quant.dcast %0 : tensor<1x1x1x2x!b> to tensor<1x1x1x2xf32>
  return %1 : tensor<1x1x1x2xf32>
}

// Padding around a quantized image is its zero point.
// CHECK-LABEL: func @pads
func.func @pads(%x: tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32> {
  // CHECK: octet.pad {{.*}} value = 1.000000e+01
  // CHECK: octet.integer_avg_pool2d
  %q = quant.qcast %x : tensor<1x2x2x1xf32> to tensor<1x2x2x1x!a>
  %0 = octet.avg_pool2d %q {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x2x2x1x!a> -> tensor<1x2x2x1x!b>
  %1 = quant.dcast %0 : tensor<1x2x2x1x!b> to tensor<1x2x2x1xf32>
  return %1 : tensor<1x2x2x1xf32>
}

// CHECK-LABEL: func @table
func.func @table(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: arith.constant dense<"0x{{.*}}"> : tensor<256xui8>
  // CHECK: octet.lookup
  %q = quant.qcast %x : tensor<4xf32> to tensor<4x!a>
  %0 = octet.unary sigmoid %q : tensor<4x!a> -> tensor<4x!b>
  %1 = quant.dcast %0 : tensor<4x!b> to tensor<4xf32>
  return %1 : tensor<4xf32>
}

// A difference has a negative second multiplier: 0.5 / 0.25, -0.25 / 0.25.
// CHECK-LABEL: func @difference
func.func @difference(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i32
  // CHECK-DAG: %[[TEN:.*]] = arith.constant 10 : i32
  // CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK-DAG: %[[MINUS:.*]] = arith.constant -1.000000e+00 : f32
  // CHECK: octet.integer_add %{{[^,]*}}, %[[TEN]], %[[TWO]], %{{[^,]*}}, %[[ZERO]], %[[MINUS]],
  %q = quant.qcast %x : tensor<4xf32> to tensor<4x!a>
  %r = quant.qcast %y : tensor<4xf32> to tensor<4x!b>
  %0 = octet.binary sub %q, %r : tensor<4x!a>, tensor<4x!b> -> tensor<4x!b>
  %1 = quant.dcast %0 : tensor<4x!b> to tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Each operand by its own multiplier: 0.5 / 0.25, 0.25 / 0.25.
// CHECK-LABEL: func @smaller
func.func @smaller(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i32
  // CHECK-DAG: %[[TEN:.*]] = arith.constant 10 : i32
  // CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
  // CHECK: octet.integer_extreme %{{[^,]*}}, %[[TEN]], %[[TWO]], %{{[^,]*}}, %[[ZERO]], %[[ONE]], {{.*}} {smaller}
  %q = quant.qcast %x : tensor<4xf32> to tensor<4x!a>
  %r = quant.qcast %y : tensor<4xf32> to tensor<4x!b>
  %0 = octet.binary min %q, %r : tensor<4x!a>, tensor<4x!b> -> tensor<4x!b>
  %1 = quant.dcast %0 : tensor<4x!b> to tensor<4xf32>
  return %1 : tensor<4xf32>
}

// 0.5 · 0.125 / 0.25.
// CHECK-LABEL: func @product
func.func @product(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-DAG: %[[M:.*]] = arith.constant 2.500000e-01 : f32
  // CHECK-DAG: %[[TEN:.*]] = arith.constant 10 : i32
  // CHECK-DAG: %[[SEVEN:.*]] = arith.constant 7 : i32
  // CHECK: octet.integer_mul %{{[^,]*}}, %[[TEN]], %{{[^,]*}}, %[[SEVEN]], %[[M]],
  %q = quant.qcast %x : tensor<4xf32> to tensor<4x!a>
  %r = quant.qcast %y : tensor<4xf32> to tensor<4x!quant.uniform<u8:f32, 0.125:7>>
  %0 = octet.binary mul %q, %r : tensor<4x!a>, tensor<4x!quant.uniform<u8:f32, 0.125:7>> -> tensor<4x!b>
  %1 = quant.dcast %0 : tensor<4x!b> to tensor<4xf32>
  return %1 : tensor<4xf32>
}

// A convolution takes the table of what follows it, unless another user wants
// its own result.
// CHECK-LABEL: func @fusedTable
func.func @fusedTable(%x: tensor<1x1x1x1xf32>) -> (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) {
  // CHECK: octet.integer_conv2d {{.*}} table(%{{.*}}) : {{.*}} table tensor<256xui8> -> tensor<1x1x1x2xui8>
  // CHECK: octet.integer_conv2d
  // CHECK-NOT: table(
  // CHECK: octet.lookup
  %w = arith.constant dense<[[[[4.0]]], [[[-6.0]]]]> : tensor<2x1x1x1xf32>
  %v = arith.constant dense<[[[[2.0]]], [[[-4.0]]]]> : tensor<2x1x1x1xf32>
  %q = quant.qcast %x : tensor<1x1x1x1xf32> to tensor<1x1x1x1x!a>
  %wq = quant.qcast %w : tensor<2x1x1x1xf32> to tensor<2x1x1x1x!w>
  %vq = quant.qcast %v : tensor<2x1x1x1xf32> to tensor<2x1x1x1x!w>
  %0 = octet.conv2d %q, %wq : tensor<1x1x1x1x!a>, tensor<2x1x1x1x!w> -> tensor<1x1x1x2x!b>
  %1 = octet.unary tanh %0 {alpha = 0.0 : f32, beta = 0.0 : f32} : tensor<1x1x1x2x!b> -> tensor<1x1x1x2x!b>
  %2 = octet.conv2d %q, %vq : tensor<1x1x1x1x!a>, tensor<2x1x1x1x!w> -> tensor<1x1x1x2x!b>
  %3 = octet.unary tanh %2 {alpha = 0.0 : f32, beta = 0.0 : f32} : tensor<1x1x1x2x!b> -> tensor<1x1x1x2x!b>
  %4 = quant.dcast %1 : tensor<1x1x1x2x!b> to tensor<1x1x1x2xf32>
  %5 = quant.dcast %2 : tensor<1x1x1x2x!b> to tensor<1x1x1x2xf32>
  %6 = quant.dcast %3 : tensor<1x1x1x2x!b> to tensor<1x1x1x2xf32>
  return %4, %5, %6 : tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>
}
