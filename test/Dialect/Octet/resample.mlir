// RUN: octet-opt %s | octet-opt | FileCheck %s
// RUN: octet-opt %s -canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: octet-opt %s --octet-fold-scales -canonicalize | FileCheck %s --check-prefix=SCALES
// RUN: octet-opt %s --octet-fold-scales -canonicalize --octet-signed-storage | FileCheck %s --check-prefix=SIGNED

!a = !quant.uniform<u8:f32, 0.5:10>
!b = !quant.uniform<u8:f32, 0.25:100>

// CHECK-LABEL: func @float
// CHECK: octet.resample %arg0, %arg1, %arg2 {axis = 1 : i64} : tensor<2x3x4xf32>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<2x5x4xf32>
func.func @float(%x: tensor<2x3x4xf32>, %s: tensor<5x2xi64>, %w: tensor<5x2xf32>) -> tensor<2x5x4xf32> {
  %0 = octet.resample %x, %s, %w {axis = 1 : i64} : tensor<2x3x4xf32>, tensor<5x2xi64>, tensor<5x2xf32> -> tensor<2x5x4xf32>
  return %0 : tensor<2x5x4xf32>
}

// Sources beyond the ends take the elements there.
// FOLD-LABEL: func @fold
// FOLD: arith.constant dense<{{\[\[}}1.500000e+00, 1.500000e+01], [1.000000e+00, 1.000000e+01], [2.000000e+00, 2.000000e+01]]>
// FOLD-NEXT: return
func.func @fold() -> tensor<3x2xf32> {
  %x = arith.constant dense<[[1.0, 10.0], [2.0, 20.0]]> : tensor<2x2xf32>
  %s = arith.constant dense<[[0, 1], [-3, 0], [1, 7]]> : tensor<3x2xi64>
  %w = arith.constant dense<[[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]]> : tensor<3x2xf32>
  %0 = octet.resample %x, %s, %w {axis = 0 : i64} : tensor<2x2xf32>, tensor<3x2xi64>, tensor<3x2xf32> -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// Multipliers are weights times 0.5 / 0.25.
// SCALES-LABEL: func @scales
// SIGNED-LABEL: func @scales
func.func @scales(%x: tensor<1x2x4xf32>) -> tensor<1x3x4xf32> {
  // SCALES-DAG: %[[S:.*]] = arith.constant dense<{{\[\[}}0, 0], [0, 1], [1, 1]]> : tensor<3x2xi64>
  // SCALES-DAG: %[[M:.*]] = arith.constant dense<{{\[\[}}0.000000e+00, 2.000000e+00], [1.500000e+00, 5.000000e-01], [2.000000e+00, 0.000000e+00]]> : tensor<3x2xf32>
  // SCALES-DAG: %[[ZIN:.*]] = arith.constant 10 : i32
  // SCALES-DAG: %[[LOW:.*]] = arith.constant -1.000000e+02 : f32
  // SCALES-DAG: %[[HIGH:.*]] = arith.constant 1.550000e+02 : f32
  // SCALES-DAG: %[[ZOUT:.*]] = arith.constant 100 : i32
  // SCALES: octet.integer_resample %{{.*}}, %[[ZIN]], %[[S]], %[[M]], %[[LOW]], %[[HIGH]], %[[ZOUT]] {axis = 1 : i64} : tensor<1x2x4xui8>
  // SIGNED: octet.integer_resample %{{.*}}, %c-118_i32{{.*}}, %c-28_i32{{.*}} : tensor<1x2x4xsi8>
  %s = arith.constant dense<[[0, 0], [0, 1], [1, 1]]> : tensor<3x2xi64>
  %w = arith.constant dense<[[0.0, 1.0], [0.75, 0.25], [1.0, 0.0]]> : tensor<3x2xf32>
  %q = quant.qcast %x : tensor<1x2x4xf32> to tensor<1x2x4x!a>
  %0 = octet.resample %q, %s, %w {axis = 1 : i64} : tensor<1x2x4x!a>, tensor<3x2xi64>, tensor<3x2xf32> -> tensor<1x3x4x!b>
  %1 = quant.dcast %0 : tensor<1x3x4x!b> to tensor<1x3x4xf32>
  return %1 : tensor<1x3x4xf32>
}
