// RUN: octet compile %s --target avx2 -o %t.s
// RUN: FileCheck %s < %t.s

// Rows of 33 of 48 channels: vectors run along a row, not across the rows.

// CHECK-LABEL: {{^}}dequantize_{{[0-9]+}}:
// CHECK-NOT: vpinsrb
// CHECK: vpmovzxbd
// CHECK-NOT: vpinsrb
// CHECK: ret
func.func @main(%x: tensor<1x1x29x33xui8> {octet.name = "x"})
    -> (tensor<1x1x28x33xf32> {octet.name = "y"}) {
  %scale = arith.constant 0.5 : f32
  %zero = arith.constant 3 : i32
  %0 = octet.max_pool2d %x {dilations = array<i64: 1, 1>,
      kernel = array<i64: 1, 2>, pads = array<i64: 0, 0, 0, 0>,
      strides = array<i64: 1, 1>}
      : tensor<1x1x29x33xui8> -> tensor<1x1x28x33xui8>
  %1 = octet.dequantize %0, %scale, %zero
      : tensor<1x1x28x33xui8> -> tensor<1x1x28x33xf32>
  return %1 : tensor<1x1x28x33xf32>
}
