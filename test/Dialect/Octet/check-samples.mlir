// RUN: octet-opt %s --octet-check-samples | FileCheck %s

// CHECK-LABEL: func @apart
func.func @apart(%x: tensor<13x4x6xf32> {octet.symbolic_batch}, %w: tensor<6x6xf32>) -> tensor<13x4x6xf32> {
  // Rows of all samples at once, and back.
  %0 = octet.reshape %x : tensor<13x4x6xf32> -> tensor<52x6xf32>
  %1 = octet.matmul %0, %w : tensor<52x6xf32>, tensor<6x6xf32> -> tensor<52x6xf32>
  %2 = octet.reshape %1 : tensor<52x6xf32> -> tensor<13x4x6xf32>
  %3 = octet.transpose %2 {permutation = array<i64: 0, 2, 1>} : tensor<13x4x6xf32> -> tensor<13x6x4xf32>
  %4 = octet.matmul %2, %3 : tensor<13x4x6xf32>, tensor<13x6x4xf32> -> tensor<13x4x4xf32>
  %5 = octet.softmax %4 {axis = 2 : i64} : tensor<13x4x4xf32> -> tensor<13x4x4xf32>
  %6 = octet.matmul %5, %2 : tensor<13x4x4xf32>, tensor<13x4x6xf32> -> tensor<13x4x6xf32>
  %7 = octet.binary add %6, %x : tensor<13x4x6xf32>, tensor<13x4x6xf32> -> tensor<13x4x6xf32>
  return %7 : tensor<13x4x6xf32>
}

// The same in INT8.
// CHECK-LABEL: func @integer
func.func @integer(%x: tensor<13x4x4x2xf32> {octet.symbolic_batch}, %o: tensor<2xf32>, %d: tensor<2xf32>, %w: tensor<2x1x1x2xsi8>, %b: tensor<2xi32>, %m: tensor<2xf32>, %mean: tensor<1x1xf32>, %t: tensor<256xui8>, %f: f32, %zp: i32) -> tensor<13x1x1x2xf32> {
  %0 = octet.quantize %x, %o, %d, %f, %f, %zp {permutation = array<i64: 0, 1, 2, 3>} : tensor<13x4x4x2xf32>, tensor<2xf32>, tensor<2xf32> -> tensor<13x4x4x2xui8>
  %1 = octet.integer_conv2d %0, %w, %b, %m, %f, %f, %zp residual(%0, %f, %zp) : tensor<13x4x4x2xui8>, tensor<2x1x1x2xsi8>, tensor<2xi32>, tensor<2xf32> residual tensor<13x4x4x2xui8> -> tensor<13x4x4x2xui8>
  %2 = octet.integer_add %0, %zp, %f, %1, %zp, %f, %f, %f, %zp : tensor<13x4x4x2xui8>, tensor<13x4x4x2xui8> -> tensor<13x4x4x2xui8>
  %3 = octet.lookup %2, %t : tensor<13x4x4x2xui8>, tensor<256xui8> -> tensor<13x4x4x2xui8>
  %4 = octet.integer_avg_pool2d %3, %zp, %mean, %f, %f, %zp {kernel = array<i64: 4, 4>} : tensor<13x4x4x2xui8>, tensor<1x1xf32> -> tensor<13x1x1x2xui8>
  %5 = octet.dequantize %4, %f, %zp : tensor<13x1x1x2xui8> -> tensor<13x1x1x2xf32>
  return %5 : tensor<13x1x1x2xf32>
}

// A fixed first dimension may be anything.
// CHECK-LABEL: func @fixed
func.func @fixed(%x: tensor<13x4xf32>) -> tensor<1x4xf32> {
  %0 = octet.reduce mean %x {axes = array<i64: 0>} : tensor<13x4xf32> -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
