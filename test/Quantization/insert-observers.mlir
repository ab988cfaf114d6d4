// RUN: octet-opt %s --octet-insert-observers -mlir-print-debuginfo | FileCheck %s

// The normalized input is observed, not the steps before; a max pool passes the
// scale of its input on.
// CHECK-LABEL: func @main
func.func @main(%x: tensor<1x4x4x2xf32>, %w: tensor<2x1x1x2xf32>) -> tensor<1x2x2x2xf32> {
  %mean = arith.constant dense<1.0> : tensor<1xf32>
  // CHECK: %[[N:.*]] = octet.binary sub
  // CHECK-NEXT: %[[NO:.*]] = octet.observe %[[N]] {key = "normalized"}
  %0 = octet.binary sub %x, %mean : tensor<1x4x4x2xf32>, tensor<1xf32> -> tensor<1x4x4x2xf32> loc("Sub"("normalized"))
  // CHECK-NEXT: %[[C:.*]] = octet.conv2d %[[NO]]
  // CHECK-NEXT: %[[CO:.*]] = octet.observe %[[C]] {key = "features"}
  %1 = octet.conv2d %0, %w : tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32> -> tensor<1x4x4x2xf32> loc("Conv"("features"))
  // CHECK-NEXT: octet.max_pool2d %[[CO]]
  // CHECK-NEXT: return
  %2 = octet.max_pool2d %1 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  return %2 : tensor<1x2x2x2xf32>
}

// The projections of a recurrence stay in f32 and say why; so do hidden values
// on their way to the next one, and the result. The value in front of the first
// is rounded.
// CHECK-LABEL: func @recurrences
// CHECK: %[[F:.*]] = octet.conv2d
// CHECK-NEXT: %[[FO:.*]] = octet.observe %[[F]] {key = "features"}
// CHECK-NEXT: octet.conv2d %[[FO]], {{.*}} {octet.note = "errors of its result would add up"}
// CHECK-NEXT: octet.reshape
// CHECK-NEXT: octet.recurrence
// CHECK-NEXT: octet.reshape
// CHECK-NEXT: octet.conv2d {{.*}} {octet.note = "errors of its result would add up"}
// CHECK-NEXT: octet.reshape
// CHECK-NEXT: octet.recurrence
// CHECK-NEXT: return
func.func @recurrences(%x: tensor<1x1x5x4xf32>, %w: tensor<4x1x1x4xf32>, %r: tensor<4x4xf32>) -> tensor<1x5x4xf32> {
  %0 = octet.conv2d %x, %w : tensor<1x1x5x4xf32>, tensor<4x1x1x4xf32> -> tensor<1x1x5x4xf32> loc("Conv"("features"))
  %1 = octet.conv2d %0, %w : tensor<1x1x5x4xf32>, tensor<4x1x1x4xf32> -> tensor<1x1x5x4xf32> loc("RNN"("hidden"))
  %2 = octet.reshape %1 : tensor<1x1x5x4xf32> -> tensor<1x5x4xf32>
  %3, %s = octet.recurrence rnn %2, %r {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<1x5x4xf32>, tensor<4x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x1x4xf32>) loc("RNN"("hidden"))
  %4 = octet.reshape %3 : tensor<1x5x4xf32> -> tensor<1x1x5x4xf32>
  %5 = octet.conv2d %4, %w : tensor<1x1x5x4xf32>, tensor<4x1x1x4xf32> -> tensor<1x1x5x4xf32> loc("RNN"("hidden"))
  %6 = octet.reshape %5 : tensor<1x1x5x4xf32> -> tensor<1x5x4xf32>
  %7, %t = octet.recurrence rnn %6, %r {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>, betas = array<f32: 0.0>} : (tensor<1x5x4xf32>, tensor<4x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x1x4xf32>) loc("RNN"("hidden"))
  return %7 : tensor<1x5x4xf32>
}
