// RUN: octet-opt %s --octet-assign-layouts="channel-alignment=16" | FileCheck %s
// RUN: octet-opt %s --octet-assign-layouts | FileCheck %s --check-prefix=DENSE

// Two pads of one value share the larger border; another value gets a copy. A
// result that something else reads is copied to the caller's dense memory.
// CHECK-LABEL: func @borders
// DENSE-LABEL: func @borders
func.func @borders(%x: tensor<1x4x4x5xf32>) -> (tensor<1x6x6x5xf32>, tensor<1x4x4x5xf32>) {
  // CHECK: %[[C:.*]] = octet.clamp {{.*}} -> tensor<1x4x4x5xf32, #octet.layout<channels = 16, border = 2, 2, 2, 2>>
  // DENSE: %[[C:.*]] = octet.clamp {{.*}} -> tensor<1x4x4x5xf32, #octet.layout<channels = 5, border = 2, 2, 2, 2>>
  %0 = octet.clamp %x {clamp_min = 0.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x4x4x5xf32>
  // CHECK: octet.pad %[[C]] {{.*}} -> tensor<1x6x6x5xf32, #octet.layout<channels = 16, border = 1, 1, 1, 1>>
  %1 = octet.pad %0 {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x6x6x5xf32>
  // CHECK: octet.pad %[[C]] {{.*}} -> tensor<1x8x8x5xf32, #octet.layout<channels = 16, border = 0, 0, 0, 0>>
  %2 = octet.pad %0 {low = array<i64: 0, 2, 2, 0>, high = array<i64: 0, 2, 2, 0>, value = 0.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x8x8x5xf32>
  // CHECK: octet.pad %[[C]] {{.*}} -> tensor<1x6x6x5xf32, #octet.layout<channels = 16, border = 0, 0, 0, 0>>
  // DENSE: octet.pad %[[C]] {{.*}}value = 1.000000e+00 : f32} : {{.*}} -> tensor<1x6x6x5xf32>
  %3 = octet.pad %0 {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 1.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x6x6x5xf32>
  %4 = octet.add %1, %3 : tensor<1x6x6x5xf32>, tensor<1x6x6x5xf32> -> tensor<1x6x6x5xf32>
  // CHECK: octet.add {{.*}} -> tensor<1x6x6x5xf32>{{$}}
  // CHECK: octet.copy %[[C]] {{.*}} -> tensor<1x4x4x5xf32>{{$}}
  return %4, %0 : tensor<1x6x6x5xf32>, tensor<1x4x4x5xf32>
}

// At most four channels take four, an image above all.
// CHECK-LABEL: func @image
func.func @image(%x: tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32> {
  // CHECK: octet.clamp {{.*}} -> tensor<1x4x4x3xf32, #octet.layout<channels = 4, border = 0, 0, 0, 0>>
  %0 = octet.clamp %x {clamp_min = 0.0 : f32} : tensor<1x4x4x3xf32> -> tensor<1x4x4x3xf32>
  %1 = octet.clamp %0 {clamp_min = 1.0 : f32} : tensor<1x4x4x3xf32> -> tensor<1x4x4x3xf32>
  return %1 : tensor<1x4x4x3xf32>
}
