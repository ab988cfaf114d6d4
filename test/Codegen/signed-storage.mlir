// RUN: octet-opt %s --octet-signed-storage --canonicalize | FileCheck %s

// Zero points move by 128, the bias makes up for an input of q - 128:
// 7 + 128 · (1 + 2 + 3), 8 + 128 · (4 + 5 - 6).
// CHECK-LABEL: func @chain
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense<[775, 392]> : tensor<2xi32>
// CHECK-DAG: %[[MINUS118:.*]] = arith.constant -118 : i32
// CHECK-DAG: %[[MINUS128:.*]] = arith.constant -128 : i32
func.func @chain(%x: tensor<1x4x4x3xf32>, %o: tensor<3xf32>, %d: tensor<3xf32>, %f: f32) -> tensor<1x4x4x2xf32> {
  %ten = arith.constant 10 : i32
  %zero = arith.constant 0 : i32
  %w = arith.constant dense<[[[[1, 2, 3]]], [[[4, 5, -6]]]]> : tensor<2x1x1x3xsi8>
  %b = arith.constant dense<[7, 8]> : tensor<2xi32>
  %m = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  // CHECK: octet.quantize {{.*}}, %[[MINUS118]] {{.*}} -> tensor<1x4x4x3xsi8>
  %0 = octet.quantize %x, %o, %d, %f, %f, %ten {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<1x4x4x3xui8>
  // CHECK: octet.integer_conv2d %{{.*}}, %{{.*}}, %[[BIAS]], {{.*}}, %[[MINUS128]] {{.*}} -> tensor<1x4x4x2xsi8>
  %1 = octet.integer_conv2d %0, %w, %b, %m, %f, %f, %zero : tensor<1x4x4x3xui8>, tensor<2x1x1x3xsi8>, tensor<2xi32>, tensor<2xf32> -> tensor<1x4x4x2xui8>
  // CHECK: octet.pad {{.*}} value = -1.180000e+02 : f32
  %2 = octet.pad %1 {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 0, 1, 0>, value = 10.0 : f32} : tensor<1x4x4x2xui8> -> tensor<1x5x5x2xui8>
  // CHECK: octet.max_pool2d {{.*}} -> tensor<1x4x4x2xsi8>
  %3 = octet.max_pool2d %2 {kernel = array<i64: 2, 2>} : tensor<1x5x5x2xui8> -> tensor<1x4x4x2xui8>
  // CHECK: octet.integer_add {{.*}} tensor<1x4x4x2xsi8>, tensor<1x1x1x2xsi8> -> tensor<1x4x4x2xsi8>
  // CHECK: octet.dequantize {{.*}}, %[[MINUS118]] : tensor<1x4x4x2xsi8>
  %c = arith.constant dense<[[[[0, 255]]]]> : tensor<1x1x1x2xui8>
  %4 = octet.integer_add %3, %zero, %f, %c, %ten, %f, %f, %f, %ten : tensor<1x4x4x2xui8>, tensor<1x1x1x2xui8> -> tensor<1x4x4x2xui8>
  %5 = octet.dequantize %4, %f, %ten : tensor<1x4x4x2xui8> -> tensor<1x4x4x2xf32>
  return %5 : tensor<1x4x4x2xf32>
}

// An input of the model keeps its bytes, and what is no quantized value.
// CHECK-LABEL: func @input
func.func @input(%x: tensor<1x4xui8>, %f: f32, %zp: i32) -> (tensor<1x4xf32>, tensor<4x1xf32>) {
  // CHECK: %[[S:.*]] = octet.lookup %arg0, %{{.*}} : tensor<1x4xui8>, tensor<256xsi8> -> tensor<1x4xsi8>
  // CHECK: octet.dequantize %[[S]],
  %0 = octet.dequantize %x, %f, %zp : tensor<1x4xui8> -> tensor<1x4xf32>
  // CHECK: octet.reshape %arg0 : tensor<1x4xui8>
  %1 = octet.transpose %x {permutation = array<i64: 1, 0>} : tensor<1x4xui8> -> tensor<4x1xui8>
  %2 = octet.cast %1 : tensor<4x1xui8> -> tensor<4x1xf32>
  return %0, %2 : tensor<1x4xf32>, tensor<4x1xf32>
}

// The table of a convolution gives what is kept; what it is looked up at is not,
// and has the zero point that it had.
// CHECK-LABEL: func @table
func.func @table(%x: tensor<1x1x1x1xf32>, %o: tensor<1xf32>, %f: f32, %zp: i32) -> tensor<1x1x1x1xf32> {
  // CHECK-DAG: %[[T:.*]] = arith.constant dense<"0x8583838383{{[38]*}}"> : tensor<256xsi8>
  // CHECK: octet.integer_conv2d {{.*}}, %arg2, %arg2, %arg3 table(%[[T]]) {{.*}} table tensor<256xsi8> -> tensor<1x1x1x1xsi8>
  %w = arith.constant dense<1> : tensor<1x1x1x1xsi8>
  %b = arith.constant dense<7> : tensor<1xi32>
  %m = arith.constant dense<0.5> : tensor<1xf32>
  %t = arith.constant dense<"0x05030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303"> : tensor<256xui8>
  %0 = octet.quantize %x, %o, %o, %f, %f, %zp {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32> -> tensor<1x1x1x1xui8>
  %1 = octet.integer_conv2d %0, %w, %b, %m, %f, %f, %zp table(%t) : tensor<1x1x1x1xui8>, tensor<1x1x1x1xsi8>, tensor<1xi32>, tensor<1xf32> table tensor<256xui8> -> tensor<1x1x1x1xui8>
  %2 = octet.dequantize %1, %f, %zp : tensor<1x1x1x1xui8> -> tensor<1x1x1x1xf32>
  return %2 : tensor<1x1x1x1xf32>
}
