// RUN: octet-opt %s -split-input-file --octet-outline-kernels | FileCheck %s

!b = tensor<1x4x4x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>
!p = tensor<1x6x6x4xf32, #octet.layout<channels = 4, border = 0, 0, 0, 0>>

// One kernel serves both sums; the border is written in place.
// CHECK-LABEL: func.func @octet_run(
// CHECK-SAME: %[[X:.*]]: memref<1x4x4x4xf32> {octet.element_type = f32, octet.name = "x"}, %[[Y:.*]]: memref<1x6x6x4xf32> {octet.element_type = f32, octet.name = "y"})
// CHECK: %[[A:.*]] = memref.alloc() : memref<1x6x6x4xf32>
// CHECK: call @[[ADD:add_[0-9]+]](%[[X]], %[[X]], %[[A]])
// CHECK: call @border_{{[0-9]+}}(%[[A]], %{{.*}})
// CHECK: call @add_{{[0-9]+}}(%[[A]], %[[A]], %[[Y]])
// CHECK: return
func.func @main(%x: tensor<1x4x4x4xf32> {octet.name = "x"}) -> (tensor<1x6x6x4xf32> {octet.name = "y"}) {
  %0 = octet.binary add %x, %x : tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32> -> !b
  %1 = octet.border %0 {pads = array<i64: 1, 1, 1, 1>, value = 0.0 : f32} : !b -> !p
  %2 = octet.binary add %1, %1 : !p, !p -> tensor<1x6x6x4xf32>
  return %2 : tensor<1x6x6x4xf32>
}
// Each has a module of its own, and is declared beside what calls it.
// CHECK: func.func private @[[ADD]](memref<1x4x4x4xf32>, memref<1x4x4x4xf32>, memref<1x6x6x4xf32>) attributes {octet.kernel_hash = "[[HASH:[0-9a-f]+]]"}
// CHECK: module {
// CHECK-NEXT: func.func private @[[ADD]]({{.*}}llvm.noalias{{.*}}) attributes {octet.kernel, octet.kernel_hash = "[[HASH]]"}
// CHECK: tensor.insert_slice {{.*}}[0, 1, 1, 0] [1, 4, 4, 4]
// CHECK: linalg.fill

// -----

// A zero point of 0 is part of the kernel, another an argument.
// CHECK-LABEL: func.func @octet_run(
// CHECK: call @[[ZERO:dequantize_[0-9]+]](%arg0, %{{.*}}, %arg1)
// CHECK: %[[THREE:.*]] = arith.constant 3 : i32
// CHECK: call @[[OTHER:dequantize_[0-9]+]](%arg0, %{{.*}}, %[[THREE]], %arg2)
func.func @main(%x: tensor<1x4xui8> {octet.name = "x"}) -> (tensor<1x4xf32> {octet.name = "y"}, tensor<1x4xf32> {octet.name = "z"}) {
  %scale = arith.constant 0.5 : f32
  %zero = arith.constant 0 : i32
  %three = arith.constant 3 : i32
  %0 = octet.dequantize %x, %scale, %zero : tensor<1x4xui8> -> tensor<1x4xf32>
  %1 = octet.dequantize %x, %scale, %three : tensor<1x4xui8> -> tensor<1x4xf32>
  return %0, %1 : tensor<1x4xf32>, tensor<1x4xf32>
}
