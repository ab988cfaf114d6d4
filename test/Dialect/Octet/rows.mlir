// RUN: octet-opt %s | octet-opt | FileCheck %s
// RUN: octet-opt %s --mlir-print-op-generic | octet-opt | FileCheck %s

// CHECK-LABEL: func @rows
// CHECK: octet.dynamic_quantize %{{.*}} : tensor<1x1x8x4xf32> -> tensor<1x1x8x4xui8>, tensor<1x1x8xf32>, tensor<1x1x8xi32>
// CHECK: octet.integer_linear {{.*}} bias(%{{.*}}) residual(%{{.*}}) clamp(min 0.000000e+00)
func.func @rows(%x: tensor<1x1x8x4xf32>, %w: tensor<6x1x1x4xsi8>, %s: tensor<6xi32>, %m: tensor<6xf32>, %r: tensor<1x1x8x6xf32>) -> tensor<1x1x8x6xf32> {
  %q, %scale, %zp = octet.dynamic_quantize %x : tensor<1x1x8x4xf32> -> tensor<1x1x8x4xui8>, tensor<1x1x8xf32>, tensor<1x1x8xi32>
  %0 = octet.integer_linear %q, %w, %s, %m, %scale, %zp bias(%m) residual(%r) clamp(min 0.0) : tensor<1x1x8x4xui8>, tensor<6x1x1x4xsi8>, tensor<6xi32>, tensor<6xf32>, tensor<1x1x8xf32>, tensor<1x1x8xi32>, tensor<6xf32> residual tensor<1x1x8x6xf32> -> tensor<1x1x8x6xf32>
  return %0 : tensor<1x1x8x6xf32>
}
