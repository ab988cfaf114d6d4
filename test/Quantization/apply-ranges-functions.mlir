// RUN: octet-opt %s --octet-apply-ranges="ranges-file=%S/Inputs/functions.json" | FileCheck %s

// Ranges of what only functions read end where the functions saturate (QS-2).

module attributes {octet.model_hash = "ab"} {
  // Below -3 there is nothing; a quarter of the result's step is 0.0504.
  // CHECK-LABEL: func @swish
  // CHECK: octet.observe %arg0 {high = 5.100000e+01 : f32, key = "swish_in", low = -3.000000e+00 : f32}
  // CHECK: octet.observe {{.*}} {high = 5.100000e+01 : f32, key = "swish", low = -3.750000e-01 : f32}
  func.func @swish(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = octet.observe %x {key = "swish_in"} : tensor<4xf32>
    %1 = octet.unary hard_swish %0 {alpha = 0.16666667 : f32, beta = 0.5 : f32} : tensor<4xf32> -> tensor<4xf32>
    %2 = octet.observe %1 {key = "swish"} : tensor<4xf32>
    return %2 : tensor<4xf32>
  }

  // Both ends, through what only moves.
  // CHECK-LABEL: func @sigmoid
  // CHECK: octet.observe %arg0 {high = 6.9{{.*}} : f32, key = "sigmoid_in", low = -6.9
  func.func @sigmoid(%x: tensor<4xf32>) -> tensor<2x2xf32> {
    %0 = octet.observe %x {key = "sigmoid_in"} : tensor<4xf32>
    %1 = octet.reshape %0 : tensor<4xf32> -> tensor<2x2xf32>
    %2 = octet.unary sigmoid %1 {alpha = 0.0 : f32, beta = 0.0 : f32} : tensor<2x2xf32> -> tensor<2x2xf32>
    %3 = octet.observe %2 {key = "sigmoid"} : tensor<2x2xf32>
    return %3 : tensor<2x2xf32>
  }

  // Of two functions the one that saturates later decides.
  // CHECK-LABEL: func @both
  // CHECK: octet.observe %arg0 {high = 2.040000e+01 : f32, key = "both", low = -6.6
  func.func @both(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %0 = octet.observe %x {key = "both"} : tensor<4xf32>
    %1 = octet.unary hard_swish %0 {alpha = 0.16666667 : f32, beta = 0.5 : f32} : tensor<4xf32> -> tensor<4xf32>
    %2 = octet.observe %1 {key = "both_swish"} : tensor<4xf32>
    %3 = octet.unary sigmoid %0 {alpha = 0.0 : f32, beta = 0.0 : f32} : tensor<4xf32> -> tensor<4xf32>
    %4 = octet.observe %3 {key = "both_sigmoid"} : tensor<4xf32>
    return %2, %4 : tensor<4xf32>, tensor<4xf32>
  }

  // What a sum reads too is needed whole.
  // CHECK-LABEL: func @sum
  // CHECK: octet.observe %arg0 {high = 2.040000e+01 : f32, key = "sigmoid_in", low = -2.040000e+01 : f32}
  func.func @sum(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = octet.observe %x {key = "sigmoid_in"} : tensor<4xf32>
    %1 = octet.unary sigmoid %0 {alpha = 0.0 : f32, beta = 0.0 : f32} : tensor<4xf32> -> tensor<4xf32>
    %2 = octet.observe %1 {key = "sigmoid"} : tensor<4xf32>
    %3 = octet.binary add %0, %2 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    %4 = octet.observe %3 {key = "sum"} : tensor<4xf32>
    return %4 : tensor<4xf32>
  }

  // So is what an output is.
  // CHECK-LABEL: func @output
  // CHECK: octet.observe %arg0 {high = 2.040000e+01 : f32, key = "sigmoid_in", low = -2.040000e+01 : f32}
  func.func @output(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %0 = octet.observe %x {key = "sigmoid_in"} : tensor<4xf32>
    %1 = octet.unary sigmoid %0 {alpha = 0.0 : f32, beta = 0.0 : f32} : tensor<4xf32> -> tensor<4xf32>
    %2 = octet.observe %1 {key = "sigmoid"} : tensor<4xf32>
    return %0, %2 : tensor<4xf32>, tensor<4xf32>
  }

  // A NaN is close to nothing.
  // CHECK-LABEL: func @log
  // CHECK: octet.observe %arg0 {high = 1.000000e+00 : f32, key = "log_in", low = -1.000000e+00 : f32}
  func.func @log(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = octet.observe %x {key = "log_in"} : tensor<4xf32>
    %1 = octet.unary log %0 {alpha = 0.0 : f32, beta = 0.0 : f32} : tensor<4xf32> -> tensor<4xf32>
    %2 = octet.observe %1 {key = "log"} : tensor<4xf32>
    return %2 : tensor<4xf32>
  }
}
