// RUN: octet-opt %s --octet-fold-scales -canonicalize | FileCheck %s
// RUN: octet-opt %s --octet-fold-scales -canonicalize --octet-signed-storage | FileCheck %s --check-prefix=SIGNED

!a = !quant.uniform<u8:f32, 0.5:10>
!b = !quant.uniform<u8:f32, 0.25:100>

// 0.5 / 0.25 from zero on; below that times each channel's slope.
// CHECK-LABEL: func @two_slopes
func.func @two_slopes(%x: tensor<1x4x2xf32>) -> tensor<1x4x2xf32> {
  // CHECK-DAG: %[[N:.*]] = arith.constant dense<[-5.000000e-01, 6.000000e+00]> : tensor<2xf32>
  // CHECK-DAG: %[[P:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK-DAG: %[[ZIN:.*]] = arith.constant 10 : i32
  // CHECK-DAG: %[[LOW:.*]] = arith.constant -1.000000e+02 : f32
  // CHECK-DAG: %[[HIGH:.*]] = arith.constant 1.550000e+02 : f32
  // CHECK-DAG: %[[ZOUT:.*]] = arith.constant 100 : i32
  // CHECK: octet.integer_prelu %{{.*}}, %[[ZIN]], %[[P]], %[[N]], %[[LOW]], %[[HIGH]], %[[ZOUT]] : tensor<1x4x2xui8>
  // SIGNED: octet.integer_prelu %{{.*}}, %c-118_i32{{.*}}, %c-28_i32{{.*}} : tensor<1x4x2xsi8>
  %slope = arith.constant dense<[-0.25, 3.0]> : tensor<2xf32>
  %q = quant.qcast %x : tensor<1x4x2xf32> to tensor<1x4x2x!a>
  %0 = octet.prelu %q, %slope : tensor<1x4x2x!a>, tensor<2xf32> -> tensor<1x4x2x!b>
  %1 = quant.dcast %0 : tensor<1x4x2x!b> to tensor<1x4x2xf32>
  return %1 : tensor<1x4x2xf32>
}
