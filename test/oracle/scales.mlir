// RUN: octet-opt --mlir-print-op-generic %s | %python -m octet.reference | FileCheck %s
// RUN: octet-opt --octet-fold-scales --mlir-print-op-generic %s | %python -m octet.reference | FileCheck %s
// REQUIRES: onnx

// The oracle itself, on numbers worked out by hand: operations on quantized types,
// whose integers it finds from the scales. Then, as a test of octet-fold-scales, on the
// integers that the compiler found.

!a = !quant.uniform<u8:f32, 0.5:10>
!b = !quant.uniform<u8:f32, 0.25:100>
!c = !quant.uniform<u8:f32, 0.25:90>
!d = !quant.uniform<u8:f32, 1.0:80>
!w = !quant.uniform<i8<-127:127>:f32:0, {1.0, 2.0}>

"builtin.module"() ({

// x / 0.5: -3, 5.5 -> 6, 400; zero point 10.
// CHECK: casts: [-1.5, 3.0, 122.5]
"func.func"() <{function_type = () -> tensor<3xf32>, sym_name = "casts"}> ({
  %x = "arith.constant"() <{value = dense<[-1.5, 2.75, 200.0]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %q = "quant.qcast"(%x) : (tensor<3xf32>) -> tensor<3x!a>
  %y = "quant.dcast"(%q) : (tensor<3x!a>) -> tensor<3xf32>
  "func.return"(%y) : (tensor<3xf32>) -> ()
}) : () -> ()

// The input [30, 12] stands for [10, 1]. Weights [4, -3] and [-8 / 2, 5 / 2 -> 2].
// acc = rne(2 / 0.5) + 20·4 - 2·3 = 78; rne(-8 / 1) - 20·4 + 2·2 = -84.
// m = 0.5 / 0.25 = 2 and 1 / 0.25 = 4: 156, -336. The clamp from -5.1 up is
// rne(-20.4) = -20 steps, and 155 are the most there are: 38.75 and -5.
// CHECK-NEXT: conv: {{\[\[\[}}[38.75, -5.0]]]]
"func.func"() <{function_type = () -> tensor<1x1x1x2xf32>, sym_name = "conv"}> ({
  %x = "arith.constant"() <{value = dense<[[[[10.0, 1.0]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %f = "arith.constant"() <{value = dense<[[[[4.0, -3.0]]], [[[-8.0, 5.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %bias = "arith.constant"() <{value = dense<[2.0, -8.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %q = "quant.qcast"(%x) : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x2x!a>
  %w = "quant.qcast"(%f) : (tensor<2x1x1x2xf32>) -> tensor<2x1x1x2x!w>
  %y = "octet.conv2d"(%q, %w, %bias) <{clamp_min = -5.1 : f32, dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x1x1x2x!a>, tensor<2x1x1x2x!w>, tensor<2xf32>) -> tensor<1x1x1x2x!b>
  %d = "quant.dcast"(%y) : (tensor<1x1x1x2x!b>) -> tensor<1x1x1x2xf32>
  "func.return"(%d) : (tensor<1x1x1x2xf32>) -> ()
}) : () -> ()

// A column of padding, which stands for 0 and is stored as 10, then 10 and 2 steps.
// acc = 4 - 10·3 = -26 and 4 + 10·4 - 2·3 = 38; -8 + 10·2 = 12 and -8 - 10·4 + 2·2 =
// -44. Times 2 and 4: -52, 76; 48, -176, of which there are -100.
// CHECK-NEXT: padded: {{\[\[\[}}[-13.0, 12.0], [19.0, -25.0]]]]
"func.func"() <{function_type = () -> tensor<1x1x2x2xf32>, sym_name = "padded"}> ({
  %x = "arith.constant"() <{value = dense<[[[[5.0], [1.0]]]]> : tensor<1x1x2x1xf32>}> : () -> tensor<1x1x2x1xf32>
  %f = "arith.constant"() <{value = dense<[[[[4.0], [-3.0]]], [[[-8.0], [5.0]]]]> : tensor<2x1x2x1xf32>}> : () -> tensor<2x1x2x1xf32>
  %bias = "arith.constant"() <{value = dense<[2.0, -8.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %q = "quant.qcast"(%x) : (tensor<1x1x2x1xf32>) -> tensor<1x1x2x1x!a>
  %w = "quant.qcast"(%f) : (tensor<2x1x2x1xf32>) -> tensor<2x1x2x1x!w>
  %y = "octet.conv2d"(%q, %w, %bias) <{dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0>, pads = array<i64: 0, 1, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x1x2x1x!a>, tensor<2x1x2x1x!w>, tensor<2xf32>) -> tensor<1x1x2x2x!b>
  %d = "quant.dcast"(%y) : (tensor<1x1x2x2x!b>) -> tensor<1x1x2x2xf32>
  "func.return"(%d) : (tensor<1x1x2x2xf32>) -> ()
}) : () -> ()

// acc = 20·4 - 2·3 = 74 and 20·1; times 2 and 4, plus -30·4 and -25·4: 28 and -20
// steps, those above 5.0 / 0.25 cut off.
// CHECK-NEXT: residual: {{\[\[\[}}[5.0, -5.0]]]]
"func.func"() <{function_type = () -> tensor<1x1x1x2xf32>, sym_name = "residual"}> ({
  %x = "arith.constant"() <{value = dense<[[[[10.0, 1.0]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %f = "arith.constant"() <{value = dense<[[[[4.0, -3.0]]], [[[2.0, 0.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %r = "arith.constant"() <{value = dense<[[[[-30.0, -25.0]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %q = "quant.qcast"(%x) : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x2x!a>
  %w = "quant.qcast"(%f) : (tensor<2x1x1x2xf32>) -> tensor<2x1x1x2x!w>
  %s = "quant.qcast"(%r) : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x2x!d>
  %y = "octet.conv2d"(%q, %w, %s) <{clamp_max = 5.0 : f32, dilations = array<i64: 1, 1>, groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 1>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>}> : (tensor<1x1x1x2x!a>, tensor<2x1x1x2x!w>, tensor<1x1x1x2x!d>) -> tensor<1x1x1x2x!b>
  %d = "quant.dcast"(%y) : (tensor<1x1x1x2x!b>) -> tensor<1x1x1x2xf32>
  "func.return"(%d) : (tensor<1x1x1x2xf32>) -> ()
}) : () -> ()

// Functions of -5, 0, 1.5: zero points 10 and 100, scales 0.5 and 0.25. The leaky
// slope 0.25 gives -1.25, sigmoids are 0.0067, 0.5 and 0.8176, hard-swish of 1.5 is
// 1.125, 4.5 steps.
// CHECK-NEXT: leaky: [-1.25, 0.0, 1.5]
// CHECK-NEXT: sigmoid: [0.0, 0.5, 0.75]
// CHECK-NEXT: hard_swish: [0.0, 0.0, 1.0]
"func.func"() <{function_type = () -> tensor<3xf32>, sym_name = "leaky"}> ({
  %x = "arith.constant"() <{value = dense<[-5.0, 0.0, 1.5]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %q = "quant.qcast"(%x) : (tensor<3xf32>) -> tensor<3x!a>
  %y = "octet.unary"(%q) <{alpha = 0.25 : f32, beta = 0.0 : f32, kind = #octet<unary_kind leaky_relu>}> : (tensor<3x!a>) -> tensor<3x!b>
  %d = "quant.dcast"(%y) : (tensor<3x!b>) -> tensor<3xf32>
  "func.return"(%d) : (tensor<3xf32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<3xf32>, sym_name = "sigmoid"}> ({
  %x = "arith.constant"() <{value = dense<[-5.0, 0.0, 1.5]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %q = "quant.qcast"(%x) : (tensor<3xf32>) -> tensor<3x!a>
  %y = "octet.unary"(%q) <{alpha = 0.0 : f32, beta = 0.0 : f32, kind = #octet<unary_kind sigmoid>}> : (tensor<3x!a>) -> tensor<3x!b>
  %d = "quant.dcast"(%y) : (tensor<3x!b>) -> tensor<3xf32>
  "func.return"(%d) : (tensor<3xf32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<3xf32>, sym_name = "hard_swish"}> ({
  %x = "arith.constant"() <{value = dense<[-5.0, 0.0, 1.5]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %q = "quant.qcast"(%x) : (tensor<3xf32>) -> tensor<3x!a>
  %y = "octet.unary"(%q) <{alpha = 0.166666672 : f32, beta = 0.5 : f32, kind = #octet<unary_kind hard_swish>}> : (tensor<3x!a>) -> tensor<3x!b>
  %d = "quant.dcast"(%y) : (tensor<3x!b>) -> tensor<3xf32>
  "func.return"(%d) : (tensor<3xf32>) -> ()
}) : () -> ()

// The bound above wins where it is below the one below: all is -3.
// CHECK-NEXT: crossed: [-3.0, -3.0]
"func.func"() <{function_type = () -> tensor<2xf32>, sym_name = "crossed"}> ({
  %x = "arith.constant"() <{value = dense<[-5.0, 1.5]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %q = "quant.qcast"(%x) : (tensor<2xf32>) -> tensor<2x!a>
  %y = "octet.clamp"(%q) <{clamp_min = -1.0 : f32, clamp_max = -3.0 : f32}> : (tensor<2x!a>) -> tensor<2x!b>
  %d = "quant.dcast"(%y) : (tensor<2x!b>) -> tensor<2xf32>
  "func.return"(%d) : (tensor<2xf32>) -> ()
}) : () -> ()

// Of -4, 2, 3: with padding counted in windows of 2, -2, -1, 2.5 and 1.5.
// CHECK-NEXT: mean: {{\[\[\[}}[-2.0], [-1.0], [2.5], [1.5]]]]
"func.func"() <{function_type = () -> tensor<1x1x4x1xf32>, sym_name = "mean"}> ({
  %x = "arith.constant"() <{value = dense<[[[[-4.0], [2.0], [3.0]]]]> : tensor<1x1x3x1xf32>}> : () -> tensor<1x1x3x1xf32>
  %q = "quant.qcast"(%x) : (tensor<1x1x3x1xf32>) -> tensor<1x1x3x1x!a>
  %y = "octet.avg_pool2d"(%q) <{count_include_pad = true, dilations = array<i64: 1, 1>, kernel = array<i64: 1, 2>, pads = array<i64: 0, 1, 0, 1>, strides = array<i64: 1, 1>}> : (tensor<1x1x3x1x!a>) -> tensor<1x1x4x1x!b>
  %d = "quant.dcast"(%y) : (tensor<1x1x4x1x!b>) -> tensor<1x1x4x1xf32>
  "func.return"(%d) : (tensor<1x1x4x1xf32>) -> ()
}) : () -> ()

// 10 - 1.25 and 0 - 12.5; 10 · 1.25, and 10 · -12.5 is cut at -25.
// CHECK-NEXT: sub: [8.75, -12.5]
// CHECK-NEXT: mul: [12.5, -25.0]
"func.func"() <{function_type = () -> tensor<2xf32>, sym_name = "sub"}> ({
  %x = "arith.constant"() <{value = dense<[10.0, 0.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "arith.constant"() <{value = dense<[1.25, 12.5]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %q = "quant.qcast"(%x) : (tensor<2xf32>) -> tensor<2x!a>
  %r = "quant.qcast"(%z) : (tensor<2xf32>) -> tensor<2x!b>
  %y = "octet.binary"(%q, %r) <{kind = #octet<binary_kind sub>}> : (tensor<2x!a>, tensor<2x!b>) -> tensor<2x!b>
  %d = "quant.dcast"(%y) : (tensor<2x!b>) -> tensor<2xf32>
  "func.return"(%d) : (tensor<2xf32>) -> ()
}) : () -> ()
"func.func"() <{function_type = () -> tensor<2xf32>, sym_name = "mul"}> ({
  %x = "arith.constant"() <{value = dense<[10.0, 10.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "arith.constant"() <{value = dense<[1.25, -12.5]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %q = "quant.qcast"(%x) : (tensor<2xf32>) -> tensor<2x!a>
  %r = "quant.qcast"(%z) : (tensor<2xf32>) -> tensor<2x!b>
  %y = "octet.binary"(%q, %r) <{kind = #octet<binary_kind mul>}> : (tensor<2x!a>, tensor<2x!b>) -> tensor<2x!b>
  %d = "quant.dcast"(%y) : (tensor<2x!b>) -> tensor<2xf32>
  "func.return"(%d) : (tensor<2xf32>) -> ()
}) : () -> ()

// The part of another scale is requantized: 1.5 is 6 steps, the padding -2.5.
// CHECK-NEXT: concat: [-2.5, 1.5]
// CHECK-NEXT: concat: [-2.5, 1.5, -3.0]
"func.func"() <{function_type = () -> (tensor<2xf32>, tensor<3xf32>), sym_name = "concat"}> ({
  %x = "arith.constant"() <{value = dense<[1.5]> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "arith.constant"() <{value = dense<[-3.0]> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = "quant.qcast"(%x) : (tensor<1xf32>) -> tensor<1x!a>
  %r = "quant.qcast"(%z) : (tensor<1xf32>) -> tensor<1x!b>
  %p = "octet.pad"(%q) <{low = array<i64: 1>, high = array<i64: 0>, value = -2.5 : f32}> : (tensor<1x!a>) -> tensor<2x!a>
  %y = "octet.concat"(%p, %r) <{axis = 0 : i64}> : (tensor<2x!a>, tensor<1x!b>) -> tensor<3x!b>
  %dp = "quant.dcast"(%p) : (tensor<2x!a>) -> tensor<2xf32>
  %dy = "quant.dcast"(%y) : (tensor<3x!b>) -> tensor<3xf32>
  "func.return"(%dp, %dy) : (tensor<2xf32>, tensor<3xf32>) -> ()
}) : () -> ()

// Parts that differ in nothing but the zero point.
// CHECK-NEXT: shifted: [1.5, -3.0]
"func.func"() <{function_type = () -> tensor<2xf32>, sym_name = "shifted"}> ({
  %x = "arith.constant"() <{value = dense<[1.5]> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "arith.constant"() <{value = dense<[-3.0]> : tensor<1xf32>}> : () -> tensor<1xf32>
  %q = "quant.qcast"(%x) : (tensor<1xf32>) -> tensor<1x!c>
  %r = "quant.qcast"(%z) : (tensor<1xf32>) -> tensor<1x!b>
  %y = "octet.concat"(%q, %r) <{axis = 0 : i64}> : (tensor<1x!c>, tensor<1x!b>) -> tensor<2x!b>
  %d = "quant.dcast"(%y) : (tensor<2x!b>) -> tensor<2xf32>
  "func.return"(%d) : (tensor<2xf32>) -> ()
}) : () -> ()
}) : () -> ()
