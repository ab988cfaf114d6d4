// RUN: octet-opt %s --octet-round-weights | FileCheck %s

// Each output channel has its own scale (QS-4): here 127 / 55, which is closer than
// 1 by half; 1/4, on whose grid the channel lies; 1 for zeros. Biases stay as they
// are.
// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<1x1x6x1xf32>) -> tensor<1x1x1x3xf32> {
  // CHECK: %[[BIAS:.*]] = arith.constant dense<[3.000000e-01, 0.000000e+00, 1.000000e+00]>
  // CHECK: %[[WEIGHTS:.*]] = arith.constant dense<{{\[\[\[}}[1.270000e+02], [125.845451], [113.145454], [-96.9818191], [2.30909085], [-3.4636364]]], {{\[\[}}[5.000000e-01], {{.*}}, {{\[\[}}[0.000000e+00], [0.000000e+00], [0.000000e+00], [0.000000e+00], [0.000000e+00], [0.000000e+00]]]]>
  // CHECK: octet.conv2d %arg0, %[[WEIGHTS]] bias(%[[BIAS]])
  %f = arith.constant dense<[[[[127.0], [126.0], [113.0], [-97.0], [2.5], [-3.4]]], [[[0.5], [-0.25], [0.25], [0.0], [0.5], [0.0]]], [[[0.0], [0.0], [0.0], [0.0], [0.0], [0.0]]]]> : tensor<3x1x6x1xf32>
  %b = arith.constant dense<[0.3, 0.0, 1.0]> : tensor<3xf32>
  %0 = octet.conv2d %x, %f bias(%b) : tensor<1x1x6x1xf32>, tensor<3x1x6x1xf32>, tensor<3xf32> -> tensor<1x1x1x3xf32>
  return %0 : tensor<1x1x1x3xf32>
}
