// RUN: octet-opt --mlir-print-op-generic %s | %python -m octet.reference | FileCheck %s
// REQUIRES: onnx

// The oracle itself, on numbers worked out by hand: integer operations behind
// octet-fold-scales. Functions are in generic form, as the oracle reads them.

"builtin.module"() ({

// (x - 1) / 0.5 is -4, 0.5, 1.5, 254.2 and 1e10: ties go to even, clamping comes
// first, NaN is the zero point.
// CHECK: quantize: [0, 3, 5, 255, 255, 3]
"func.func"() <{function_type = () -> tensor<6xui8>, sym_name = "quantize"}> ({
  %x = "arith.constant"() <{value = dense<[-1.0, 1.25, 1.75, 128.1, 5.0e+09, 0x7FC00000]> : tensor<6xf32>}> : () -> tensor<6xf32>
  %offset = "arith.constant"() <{value = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %divisor = "arith.constant"() <{value = dense<0.5> : tensor<1xf32>}> : () -> tensor<1xf32>
  %low = "arith.constant"() <{value = -3.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 252.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 3 : i32}> : () -> i32
  %q = "octet.quantize"(%x, %offset, %divisor, %low, %high, %zp) <{permutation = array<i64: 0>}> : (tensor<6xf32>, tensor<1xf32>, tensor<1xf32>, f32, f32, i32) -> tensor<6xui8>
  "func.return"(%q) : (tensor<6xui8>) -> ()
}) : () -> ()

// Channels-first [[1, 2], [30, 40]] is read as [[1, 30], [2, 40]]; channel 1 is
// (x - 10) / 5.
// CHECK-NEXT: planes: {{\[}}[1, 4], [2, 6]]
"func.func"() <{function_type = () -> tensor<2x2xui8>, sym_name = "planes"}> ({
  %x = "arith.constant"() <{value = dense<[[1.0, 2.0], [30.0, 40.0]]> : tensor<2x2xf32>}> : () -> tensor<2x2xf32>
  %offset = "arith.constant"() <{value = dense<[0.0, 10.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %divisor = "arith.constant"() <{value = dense<[1.0, 5.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %low = "arith.constant"() <{value = 0.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 255.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 0 : i32}> : () -> i32
  %q = "octet.quantize"(%x, %offset, %divisor, %low, %high, %zp) <{permutation = array<i64: 1, 0>}> : (tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>, f32, f32, i32) -> tensor<2x2xui8>
  "func.return"(%q) : (tensor<2x2xui8>) -> ()
}) : () -> ()

// 0.25 · (q - 200).
// CHECK-NEXT: dequantize: [-50.0, 0.0, 13.75]
"func.func"() <{function_type = () -> tensor<3xf32>, sym_name = "dequantize"}> ({
  %q = "arith.constant"() <{value = dense<[0, 200, 255]> : tensor<3xui8>}> : () -> tensor<3xui8>
  %s = "arith.constant"() <{value = 0.25 : f32}> : () -> f32
  %z = "arith.constant"() <{value = 200 : i32}> : () -> i32
  %x = "octet.dequantize"(%q, %s, %z) : (tensor<3xui8>, f32, i32) -> tensor<3xf32>
  "func.return"(%x) : (tensor<3xf32>) -> ()
}) : () -> ()

// Two channels of two inputs, [200, 100] and [1, 255]:
//   acc = 10 + 200·127 - 100 = 25310, 10 + 127 - 255 = -118;
//         -7 - 2·200 + 3·100 = -107,  -7 - 2 + 765 = 756.
// Channel 0: acc · 0.001 = 25.3, -0.118; channel 1: acc · 0.5 = -53.5 -> -54, 378.
// Zero point 60, so that steps go from -60 to 195.
// CHECK-NEXT: conv: {{\[\[\[}}[85, 6], [60, 255]]]]
"func.func"() <{function_type = () -> tensor<1x1x2x2xui8>, sym_name = "conv"}> ({
  %x = "arith.constant"() <{value = dense<[[[[200, 100], [1, 255]]]]> : tensor<1x1x2x2xui8>}> : () -> tensor<1x1x2x2xui8>
  %w = "arith.constant"() <{value = dense<[[[[127, -1]]], [[[-2, 3]]]]> : tensor<2x1x1x2xsi8>}> : () -> tensor<2x1x1x2xsi8>
  %b = "arith.constant"() <{value = dense<[10, -7]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %m = "arith.constant"() <{value = dense<[0.001, 0.5]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %low = "arith.constant"() <{value = -60.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 195.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 60 : i32}> : () -> i32
  %q = "octet.integer_conv2d"(%x, %w, %b, %m, %low, %high, %zp) <{dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x1x2x2xui8>, tensor<2x1x1x2xsi8>, tensor<2xi32>, tensor<2xf32>, f32, f32, i32) -> tensor<1x1x2x2xui8>
  "func.return"(%q) : (tensor<1x1x2x2xui8>) -> ()
}) : () -> ()

// Two groups, a stride of 2 and a dilation of 2 along the width. Columns 0 and 2
// are multiplied, then 2 and 4. Group 0: 1·1 + 2·3 = 7, 3 + 2·5 = 13; group 1:
// 3·10 - 30 = 0, 3·30 - 50 = 40. The residual [7, 8, 9, 10] with zero point 8 and
// multiplier 1.5 adds -1.5, 0, 1.5, 3: 5.5 -> 6, 0, 14.5 -> 14, 43.
// CHECK-NEXT: residual: {{\[\[\[}}[6, 0], [14, 43]]]]
"func.func"() <{function_type = () -> tensor<1x1x2x2xui8>, sym_name = "residual"}> ({
  %x = "arith.constant"() <{value = dense<[[[[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]]]]> : tensor<1x1x5x2xui8>}> : () -> tensor<1x1x5x2xui8>
  %w = "arith.constant"() <{value = dense<[[[[1], [2]]], [[[3], [-1]]]]> : tensor<2x1x2x1xsi8>}> : () -> tensor<2x1x2x1xsi8>
  %b = "arith.constant"() <{value = dense<0> : tensor<2xi32>}> : () -> tensor<2xi32>
  %m = "arith.constant"() <{value = dense<1.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %low = "arith.constant"() <{value = 0.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 255.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 0 : i32}> : () -> i32
  %r = "arith.constant"() <{value = dense<[[[[7, 8], [9, 10]]]]> : tensor<1x1x2x2xui8>}> : () -> tensor<1x1x2x2xui8>
  %rm = "arith.constant"() <{value = 1.5 : f32}> : () -> f32
  %rz = "arith.constant"() <{value = 8 : i32}> : () -> i32
  %q = "octet.integer_conv2d"(%x, %w, %b, %m, %low, %high, %zp, %r, %rm, %rz) <{dilations = array<i64: 1, 2>, groups = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0>, strides = array<i64: 1, 2>}> : (tensor<1x1x5x2xui8>, tensor<2x1x2x1xsi8>, tensor<2xi32>, tensor<2xf32>, f32, f32, i32, tensor<1x1x2x2xui8>, f32, i32) -> tensor<1x1x2x2xui8>
  "func.return"(%q) : (tensor<1x1x2x2xui8>) -> ()
}) : () -> ()

// f32(16777217) is 16777216: the accumulator is rounded before it is multiplied.
// 2^-25 of it is a half, which rounds to zero; zero point 1.
// CHECK-NEXT: wide: {{\[\[\[}}[1]]]]
"func.func"() <{function_type = () -> tensor<1x1x1x1xui8>, sym_name = "wide"}> ({
  %x = "arith.constant"() <{value = dense<1> : tensor<1x1x1x1xui8>}> : () -> tensor<1x1x1x1xui8>
  %w = "arith.constant"() <{value = dense<1> : tensor<1x1x1x1xsi8>}> : () -> tensor<1x1x1x1xsi8>
  %b = "arith.constant"() <{value = dense<16777216> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "arith.constant"() <{value = dense<2.98023223876953125e-08> : tensor<1xf32>}> : () -> tensor<1xf32>
  %low = "arith.constant"() <{value = -1.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 254.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 1 : i32}> : () -> i32
  %q = "octet.integer_conv2d"(%x, %w, %b, %m, %low, %high, %zp) <{dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x1x1x1xui8>, tensor<1x1x1x1xsi8>, tensor<1xi32>, tensor<1xf32>, f32, f32, i32) -> tensor<1x1x1x1xui8>
  "func.return"(%q) : (tensor<1x1x1x1xui8>) -> ()
}) : () -> ()

// A table's index is the byte that would be stored without it: 3·2·0.5 + 252 = 255,
// 4·2·0.5 + 252 cut to 255, and 0·2·0.5 + 252. The table is 0 but for 252 and 255.
// CHECK-NEXT: table: {{\[\[\[}}[9], [9], [7]]]]
"func.func"() <{function_type = () -> tensor<1x1x3x1xui8>, sym_name = "table"}> ({
  %x = "arith.constant"() <{value = dense<[[[[3], [4], [0]]]]> : tensor<1x1x3x1xui8>}> : () -> tensor<1x1x3x1xui8>
  %w = "arith.constant"() <{value = dense<2> : tensor<1x1x1x1xsi8>}> : () -> tensor<1x1x1x1xsi8>
  %b = "arith.constant"() <{value = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "arith.constant"() <{value = dense<0.5> : tensor<1xf32>}> : () -> tensor<1xf32>
  %low = "arith.constant"() <{value = -252.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 3.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 252 : i32}> : () -> i32
  %t = "arith.constant"() <{value = dense<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 9]> : tensor<256xui8>}> : () -> tensor<256xui8>
  %q = "octet.integer_conv2d"(%x, %w, %b, %m, %low, %high, %zp, %t) <{dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1>, strides = array<i64: 1, 1>}> : (tensor<1x1x3x1xui8>, tensor<1x1x1x1xsi8>, tensor<1xi32>, tensor<1xf32>, f32, f32, i32, tensor<256xui8>) -> tensor<1x1x3x1xui8>
  "func.return"(%q) : (tensor<1x1x3x1xui8>) -> ()
}) : () -> ()

// (a - 100)·0.5 - (b - 7)·0.25: -50 + 1.75, 77.5 - 62 = 15.5 -> 16, 0.5 -> 0; the
// bounds -20 and 15 cut the first two. Zero point 20.
// CHECK-NEXT: difference: [0, 35, 20]
"func.func"() <{function_type = () -> tensor<3xui8>, sym_name = "difference"}> ({
  %a = "arith.constant"() <{value = dense<[0, 255, 101]> : tensor<3xui8>}> : () -> tensor<3xui8>
  %b = "arith.constant"() <{value = dense<[0, 255, 7]> : tensor<3xui8>}> : () -> tensor<3xui8>
  %za = "arith.constant"() <{value = 100 : i32}> : () -> i32
  %ma = "arith.constant"() <{value = 0.5 : f32}> : () -> f32
  %zb = "arith.constant"() <{value = 7 : i32}> : () -> i32
  %mb = "arith.constant"() <{value = -0.25 : f32}> : () -> f32
  %low = "arith.constant"() <{value = -20.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 15.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 20 : i32}> : () -> i32
  %q = "octet.integer_add"(%a, %za, %ma, %b, %zb, %mb, %low, %high, %zp) : (tensor<3xui8>, i32, f32, tensor<3xui8>, i32, f32, f32, f32, i32) -> tensor<3xui8>
  "func.return"(%q) : (tensor<3xui8>) -> ()
}) : () -> ()

// The smaller of (a - 100)·0.5 and (b - 7)·0.25: -50 and -1.75, 77.5 and 62, 0.5 and
// 0.75 -> 0; the bounds -20 and 15 cut the first two. Zero point 20.
// CHECK-NEXT: smaller: [0, 35, 20]
"func.func"() <{function_type = () -> tensor<3xui8>, sym_name = "smaller"}> ({
  %a = "arith.constant"() <{value = dense<[0, 255, 101]> : tensor<3xui8>}> : () -> tensor<3xui8>
  %b = "arith.constant"() <{value = dense<[0, 255, 10]> : tensor<3xui8>}> : () -> tensor<3xui8>
  %za = "arith.constant"() <{value = 100 : i32}> : () -> i32
  %ma = "arith.constant"() <{value = 0.5 : f32}> : () -> f32
  %zb = "arith.constant"() <{value = 7 : i32}> : () -> i32
  %mb = "arith.constant"() <{value = 0.25 : f32}> : () -> f32
  %low = "arith.constant"() <{value = -20.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 15.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 20 : i32}> : () -> i32
  %q = "octet.integer_extreme"(%a, %za, %ma, %b, %zb, %mb, %low, %high, %zp) <{smaller}> : (tensor<3xui8>, i32, f32, tensor<3xui8>, i32, f32, f32, f32, i32) -> tensor<3xui8>
  "func.return"(%q) : (tensor<3xui8>) -> ()
}) : () -> ()

// (a - 10)(b - 3) · 0.125 with b for each column: -10·2, -10·-3; 5·2, 5·-3: -2.5 ->
// -2, 3.75 -> 4; 1.25 -> 1, -1.875 -> -2. Zero point 128.
// CHECK-NEXT: product: {{\[}}[126, 132], [129, 126]]
"func.func"() <{function_type = () -> tensor<2x2xui8>, sym_name = "product"}> ({
  %a = "arith.constant"() <{value = dense<[[0, 0], [15, 15]]> : tensor<2x2xui8>}> : () -> tensor<2x2xui8>
  %b = "arith.constant"() <{value = dense<[5, 0]> : tensor<2xui8>}> : () -> tensor<2xui8>
  %za = "arith.constant"() <{value = 10 : i32}> : () -> i32
  %zb = "arith.constant"() <{value = 3 : i32}> : () -> i32
  %m = "arith.constant"() <{value = 0.125 : f32}> : () -> f32
  %low = "arith.constant"() <{value = -128.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 127.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 128 : i32}> : () -> i32
  %q = "octet.integer_mul"(%a, %za, %b, %zb, %m, %low, %high, %zp) : (tensor<2x2xui8>, i32, tensor<2xui8>, i32, f32, f32, f32, i32) -> tensor<2x2xui8>
  "func.return"(%q) : (tensor<2x2xui8>) -> ()
}) : () -> ()

// Windows of two with zero point 9: sums -8 + 2 = -6 and 2 + 20 =
// 22; multipliers 0.5 and 0.25 by position: -3, 5.5 -> 6. Zero point 4.
// CHECK-NEXT: mean: {{\[\[\[}}[1], [10]]]]
"func.func"() <{function_type = () -> tensor<1x1x2x1xui8>, sym_name = "mean"}> ({
  %x = "arith.constant"() <{value = dense<[[[[1], [11], [29]]]]> : tensor<1x1x3x1xui8>}> : () -> tensor<1x1x3x1xui8>
  %zin = "arith.constant"() <{value = 9 : i32}> : () -> i32
  %m = "arith.constant"() <{value = dense<[[0.5, 0.25]]> : tensor<1x2xf32>}> : () -> tensor<1x2xf32>
  %low = "arith.constant"() <{value = -4.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 251.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 4 : i32}> : () -> i32
  %q = "octet.integer_avg_pool2d"(%x, %zin, %m, %low, %high, %zp) <{dilations = array<i64: 1, 1>, kernel = array<i64: 1, 2>, strides = array<i64: 1, 1>}> : (tensor<1x1x3x1xui8>, i32, tensor<1x2xf32>, f32, f32, i32) -> tensor<1x1x2x1xui8>
  "func.return"(%q) : (tensor<1x1x2x1xui8>) -> ()
}) : () -> ()

// CHECK-NEXT: slice: [40, 20]
"func.func"() <{function_type = () -> tensor<2xui8>, sym_name = "slice"}> ({
  %x = "arith.constant"() <{value = dense<[10, 20, 30, 40]> : tensor<4xui8>}> : () -> tensor<4xui8>
  %q = "octet.slice"(%x) <{offsets = array<i64: 3>, sizes = array<i64: 2>, strides = array<i64: -2>}> : (tensor<4xui8>) -> tensor<2xui8>
  "func.return"(%q) : (tensor<2xui8>) -> ()
}) : () -> ()

// CHECK-NEXT: pad: [7, 10, 20, 7, 7]
"func.func"() <{function_type = () -> tensor<5xui8>, sym_name = "pad"}> ({
  %x = "arith.constant"() <{value = dense<[10, 20]> : tensor<2xui8>}> : () -> tensor<2xui8>
  %q = "octet.pad"(%x) <{low = array<i64: 1>, high = array<i64: 2>, value = 7.0 : f32}> : (tensor<2xui8>) -> tensor<5xui8>
  "func.return"(%q) : (tensor<5xui8>) -> ()
}) : () -> ()

// Padding never wins, though all values are the lowest.
// CHECK-NEXT: max: {{\[\[\[}}[0], [5], [5]]]]
"func.func"() <{function_type = () -> tensor<1x1x3x1xui8>, sym_name = "max"}> ({
  %x = "arith.constant"() <{value = dense<[[[[0], [5]]]]> : tensor<1x1x2x1xui8>}> : () -> tensor<1x1x2x1xui8>
  %q = "octet.max_pool2d"(%x) <{dilations = array<i64: 1, 1>, kernel = array<i64: 1, 2>, pads = array<i64: 0, 1, 0, 1>, strides = array<i64: 1, 1>}> : (tensor<1x1x2x1xui8>) -> tensor<1x1x3x1xui8>
  "func.return"(%q) : (tensor<1x1x3x1xui8>) -> ()
}) : () -> ()

// [19, 4] with zero point 9 stands for 10 and -5 steps between zeros, which padding
// holds as 9. b = 6 - 9·(2 - 3 + 4) = -21:
//   acc = -21 + 9·2 - 19·3 + 4·4 = -44 = 6 - 10·3 - 5·4,
//         -21 + 19·2 - 4·3 + 9·4 = 41 = 6 + 10·2 + 5·3.
// Halves are -22 and 20.5 -> 20; zero point 30.
// CHECK-NEXT: padded: {{\[\[\[}}[8], [50]]]]
// CHECK-NEXT: border: {{\[\[\[}}[8], [50]]]]
"func.func"() <{function_type = () -> tensor<1x1x2x1xui8>, sym_name = "padded"}> ({
  %x = "arith.constant"() <{value = dense<[[[[19], [4]]]]> : tensor<1x1x2x1xui8>}> : () -> tensor<1x1x2x1xui8>
  %w = "arith.constant"() <{value = dense<[[[[2], [-3], [4]]]]> : tensor<1x1x3x1xsi8>}> : () -> tensor<1x1x3x1xsi8>
  %b = "arith.constant"() <{value = dense<-21> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "arith.constant"() <{value = dense<0.5> : tensor<1xf32>}> : () -> tensor<1xf32>
  %low = "arith.constant"() <{value = -30.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 225.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 30 : i32}> : () -> i32
  %p = "octet.pad"(%x) <{low = array<i64: 0, 0, 1, 0>, high = array<i64: 0, 0, 1, 0>, value = 9.0 : f32}> : (tensor<1x1x2x1xui8>) -> tensor<1x1x4x1xui8>
  %q = "octet.integer_conv2d"(%p, %w, %b, %m, %low, %high, %zp) <{dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x1x4x1xui8>, tensor<1x1x3x1xsi8>, tensor<1xi32>, tensor<1xf32>, f32, f32, i32) -> tensor<1x1x2x1xui8>
  "func.return"(%q) : (tensor<1x1x2x1xui8>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<1x1x2x1xui8>, sym_name = "border"}> ({
  %x = "arith.constant"() <{value = dense<[[[[19], [4]]]]> : tensor<1x1x2x1xui8, #octet.layout<channels = 1, border = 0, 1, 0, 1>>}> : () -> tensor<1x1x2x1xui8, #octet.layout<channels = 1, border = 0, 1, 0, 1>>
  %w = "arith.constant"() <{value = dense<[[[[2], [-3], [4]]]]> : tensor<1x1x3x1xsi8>}> : () -> tensor<1x1x3x1xsi8>
  %b = "arith.constant"() <{value = dense<-21> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "arith.constant"() <{value = dense<0.5> : tensor<1xf32>}> : () -> tensor<1xf32>
  %low = "arith.constant"() <{value = -30.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 225.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 30 : i32}> : () -> i32
  %p = "octet.border"(%x) <{pads = array<i64: 0, 1, 0, 1>, value = 9.0 : f32}> : (tensor<1x1x2x1xui8, #octet.layout<channels = 1, border = 0, 1, 0, 1>>) -> tensor<1x1x4x1xui8, #octet.layout<channels = 1, border = 0, 0, 0, 0>>
  %q = "octet.integer_conv2d"(%p, %w, %b, %m, %low, %high, %zp) <{dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x1x4x1xui8, #octet.layout<channels = 1, border = 0, 0, 0, 0>>, tensor<1x1x3x1xsi8>, tensor<1xi32>, tensor<1xf32>, f32, f32, i32) -> tensor<1x1x2x1xui8>
  "func.return"(%q) : (tensor<1x1x2x1xui8>) -> ()
}) : () -> ()

// Floats are truncated toward zero, then saturate; a NaN is zero, but differs from it
// as a truth value. 2147483520 and 9223371487098961920 are the largest f32 below 2^31
// and 2^63.
// CHECK-NEXT: to_i8: [1, -1, 127, 127, -128, -128, 0, 127]
// CHECK-NEXT: to_u8: [0, 0, 254, 255, 255, 0, 0]
// CHECK-NEXT: to_i32: [2147483520, 2147483647, -2147483648, -2147483648, 0]
// CHECK-NEXT: to_i64: [9223371487098961920, 9223372036854775807, -9223372036854775808, 0]
// CHECK-NEXT: to_i1: [False, False, True, True, True]
"func.func"() <{function_type = () -> tensor<8xi8>, sym_name = "to_i8"}> ({
  %x = "arith.constant"() <{value = dense<[1.9, -1.9, 127.9, 128.0, -128.9, -300.0, 0x7FC00000, 0x7F800000]> : tensor<8xf32>}> : () -> tensor<8xf32>
  %y = "octet.cast"(%x) : (tensor<8xf32>) -> tensor<8xi8>
  "func.return"(%y) : (tensor<8xi8>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<7xui8>, sym_name = "to_u8"}> ({
  %x = "arith.constant"() <{value = dense<[-0.9, -1.0, 254.5, 255.9, 256.0, -300.0, 0x7FC00000]> : tensor<7xf32>}> : () -> tensor<7xf32>
  %y = "octet.cast"(%x) : (tensor<7xf32>) -> tensor<7xui8>
  "func.return"(%y) : (tensor<7xui8>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<5xi32>, sym_name = "to_i32"}> ({
  %x = "arith.constant"() <{value = dense<[2147483520.0, 2147483648.0, -2147483648.0, -3.0e+09, 0x7FC00000]> : tensor<5xf32>}> : () -> tensor<5xf32>
  %y = "octet.cast"(%x) : (tensor<5xf32>) -> tensor<5xi32>
  "func.return"(%y) : (tensor<5xi32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<4xi64>, sym_name = "to_i64"}> ({
  %x = "arith.constant"() <{value = dense<[9.22337149e+18, 9.22337204e+18, -1.0e+19, 0x7FC00000]> : tensor<4xf32>}> : () -> tensor<4xf32>
  %y = "octet.cast"(%x) : (tensor<4xf32>) -> tensor<4xi64>
  "func.return"(%y) : (tensor<4xi64>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<5xi1>, sym_name = "to_i1"}> ({
  %x = "arith.constant"() <{value = dense<[0.0, -0.0, 0.25, 0x7FC00000, 0xFF800000]> : tensor<5xf32>}> : () -> tensor<5xf32>
  %y = "octet.cast"(%x) : (tensor<5xf32>) -> tensor<5xi1>
  "func.return"(%y) : (tensor<5xi1>) -> ()
}) : () -> ()

// Integers are rounded to even, once: 18014399583223809 is 2^54 + 2^30 + 1, which is
// 2^54 + 2^31; the nearest f64 lies in the middle and would go down. Only zero is
// false, though the low byte of 256 is zero too.
// CHECK-NEXT: of_i32: [16777216.0, 16777220.0, -16777220.0]
// CHECK-NEXT: of_i64: [1.801440065696563e+16]
// CHECK-NEXT: of_u8: [200, 255]
// CHECK-NEXT: of_i8: [-56, -1]
// CHECK-NEXT: of_i1: [1.0, 0.0]
// CHECK-NEXT: truth: [True, False, True]
"func.func"() <{function_type = () -> tensor<3xf32>, sym_name = "of_i32"}> ({
  %x = "arith.constant"() <{value = dense<[16777217, 16777219, -16777219]> : tensor<3xi32>}> : () -> tensor<3xi32>
  %y = "octet.cast"(%x) : (tensor<3xi32>) -> tensor<3xf32>
  "func.return"(%y) : (tensor<3xf32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<1xf32>, sym_name = "of_i64"}> ({
  %x = "arith.constant"() <{value = dense<[18014399583223809]> : tensor<1xi64>}> : () -> tensor<1xi64>
  %y = "octet.cast"(%x) : (tensor<1xi64>) -> tensor<1xf32>
  "func.return"(%y) : (tensor<1xf32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<2xi32>, sym_name = "of_u8"}> ({
  %x = "arith.constant"() <{value = dense<[200, 255]> : tensor<2xui8>}> : () -> tensor<2xui8>
  %y = "octet.cast"(%x) : (tensor<2xui8>) -> tensor<2xi32>
  "func.return"(%y) : (tensor<2xi32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<2xi64>, sym_name = "of_i8"}> ({
  %x = "arith.constant"() <{value = dense<[-56, -1]> : tensor<2xi8>}> : () -> tensor<2xi8>
  %y = "octet.cast"(%x) : (tensor<2xi8>) -> tensor<2xi64>
  "func.return"(%y) : (tensor<2xi64>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<2xf32>, sym_name = "of_i1"}> ({
  %x = "arith.constant"() <{value = dense<[true, false]> : tensor<2xi1>}> : () -> tensor<2xi1>
  %y = "octet.cast"(%x) : (tensor<2xi1>) -> tensor<2xf32>
  "func.return"(%y) : (tensor<2xf32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<3xi1>, sym_name = "truth"}> ({
  %x = "arith.constant"() <{value = dense<[256, 0, -1]> : tensor<3xi32>}> : () -> tensor<3xi32>
  %y = "octet.cast"(%x) : (tensor<3xi32>) -> tensor<3xi1>
  "func.return"(%y) : (tensor<3xi1>) -> ()
}) : () -> ()

// Toward zero; 0 of what is divided by zero. 200 / 3 is 66, not -56 / 3.
// CHECK-NEXT: quotients: [3, -3, -3, 3, 0, 0, -2147483648]
// CHECK-NEXT: unsigned: [66, 0, 0, 255]
"func.func"() <{function_type = () -> tensor<7xi32>, sym_name = "quotients"}> ({
  %a = "arith.constant"() <{value = dense<[7, -7, 7, -7, 5, 0, -2147483648]> : tensor<7xi32>}> : () -> tensor<7xi32>
  %b = "arith.constant"() <{value = dense<[2, 2, -2, -2, 0, 0, 1]> : tensor<7xi32>}> : () -> tensor<7xi32>
  %q = "octet.binary"(%a, %b) <{kind = #octet<binary_kind div>}> : (tensor<7xi32>, tensor<7xi32>) -> tensor<7xi32>
  "func.return"(%q) : (tensor<7xi32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<4xui8>, sym_name = "unsigned"}> ({
  %a = "arith.constant"() <{value = dense<[200, 200, 255, 255]> : tensor<4xui8>}> : () -> tensor<4xui8>
  %b = "arith.constant"() <{value = dense<[3, 201, 0, 1]> : tensor<4xui8>}> : () -> tensor<4xui8>
  %q = "octet.binary"(%a, %b) <{kind = #octet<binary_kind div>}> : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  "func.return"(%q) : (tensor<4xui8>) -> ()
}) : () -> ()

// 34 terms, f = 2^24: x_0 = x_33 = f; x_1, x_4, x_8, x_17 and x_24 are 1. f + 1 is f.
//   lanes: f, (1 + 1) + f = f + 2, lane 4 is 1, lane 8 is 1 + 1;
//   8 apart: f + 2; 4 apart: f + 3 -> f + 4; 1 apart: 2f + 6 -> 2f + 8.
// In ascending order nothing would remain of the ones, 2f.
// CHECK-NEXT: sum: [33554440.0]
"func.func"() <{function_type = () -> tensor<1xf32>, sym_name = "sum"}> ({
  %x = "arith.constant"() <{value = dense<[16777216.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 16777216.0]> : tensor<34xf32>}> : () -> tensor<34xf32>
  %y = "octet.reduce"(%x) <{axes = array<i64: 0>, kind = #octet<reduce_kind sum>}> : (tensor<34xf32>) -> tensor<1xf32>
  "func.return"(%y) : (tensor<1xf32>) -> ()
}) : () -> ()

// Eleven terms: x_0 is f; x_2, x_8 and x_10 are 1. f + 1 is f, then lane 2 adds 1 + 1.
// CHECK-NEXT: few: [16777218.0]
"func.func"() <{function_type = () -> tensor<1xf32>, sym_name = "few"}> ({
  %x = "arith.constant"() <{value = dense<[16777216.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]> : tensor<11xf32>}> : () -> tensor<11xf32>
  %y = "octet.reduce"(%x) <{axes = array<i64: 0>, kind = #octet<reduce_kind sum>}> : (tensor<11xf32>) -> tensor<1xf32>
  "func.return"(%y) : (tensor<1xf32>) -> ()
}) : () -> ()

// Rows first: f + 1 is f, and so is f + (0 + 1). Columns first would keep 1 + 1.
// CHECK-NEXT: rows: {{\[}}[4194304.0]]
// CHECK-NEXT: window: {{\[\[\[}}[4194304.0]]]]
"func.func"() <{function_type = () -> tensor<1x1xf32>, sym_name = "rows"}> ({
  %x = "arith.constant"() <{value = dense<[[16777216.0, 1.0], [0.0, 1.0]]> : tensor<2x2xf32>}> : () -> tensor<2x2xf32>
  %y = "octet.reduce"(%x) <{axes = array<i64: 0, 1>, kind = #octet<reduce_kind mean>}> : (tensor<2x2xf32>) -> tensor<1x1xf32>
  "func.return"(%y) : (tensor<1x1xf32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<1x1x1x1xf32>, sym_name = "window"}> ({
  %x = "arith.constant"() <{value = dense<[[[[16777216.0], [1.0]], [[0.0], [1.0]]]]> : tensor<1x2x2x1xf32>}> : () -> tensor<1x2x2x1xf32>
  %y = "octet.avg_pool2d"(%x) <{count_include_pad = false, dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x2x2x1xf32>) -> tensor<1x1x1x1xf32>
  "func.return"(%y) : (tensor<1x1x1x1xf32>) -> ()
}) : () -> ()

// 5 / 3; 5 times the f32 next to 1 / 3 would be the next f32 up.
// CHECK-NEXT: thirds: [1.6666666269302368]
"func.func"() <{function_type = () -> tensor<1xf32>, sym_name = "thirds"}> ({
  %x = "arith.constant"() <{value = dense<[1.0, 1.5, 2.5]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %y = "octet.reduce"(%x) <{axes = array<i64: 0>, kind = #octet<reduce_kind mean>}> : (tensor<3xf32>) -> tensor<1xf32>
  "func.return"(%y) : (tensor<1xf32>) -> ()
}) : () -> ()

// Rows 10, 14 and 24 with zero point 4 are 6, 10 and 20. The first row is half of
// the first and half of the second: 8, plus 3; the second is a quarter of
// the first, which -1 stands for, and of the last: 1.5 + 5 rounds to 6, plus 3.
// CHECK-NEXT: resample: {{\[}}[11], [9]]
"func.func"() <{function_type = () -> tensor<2x1xui8>, sym_name = "resample"}> ({
  %x = "arith.constant"() <{value = dense<[[10], [14], [24]]> : tensor<3x1xui8>}> : () -> tensor<3x1xui8>
  %zin = "arith.constant"() <{value = 4 : i32}> : () -> i32
  %s = "arith.constant"() <{value = dense<[[0, 1], [-1, 9]]> : tensor<2x2xi64>}> : () -> tensor<2x2xi64>
  %m = "arith.constant"() <{value = dense<[[0.5, 0.5], [0.25, 0.25]]> : tensor<2x2xf32>}> : () -> tensor<2x2xf32>
  %low = "arith.constant"() <{value = -3.0 : f32}> : () -> f32
  %high = "arith.constant"() <{value = 252.0 : f32}> : () -> f32
  %zp = "arith.constant"() <{value = 3 : i32}> : () -> i32
  %q = "octet.integer_resample"(%x, %zin, %s, %m, %low, %high, %zp) <{axis = 0 : i64}> : (tensor<3x1xui8>, i32, tensor<2x2xi64>, tensor<2x2xf32>, f32, f32, i32) -> tensor<2x1xui8>
  "func.return"(%q) : (tensor<2x1xui8>) -> ()
}) : () -> ()
}) : () -> ()
