// RUN: octet-opt %s --octet-assign-layouts="channel-alignment=16" | FileCheck %s
// RUN: octet-opt %s --octet-assign-layouts | FileCheck %s --check-prefix=DENSE

// Two pads of one value share the larger border; another value gets a copy. A
// result that something else reads is copied to the caller's dense memory.
// CHECK-LABEL: func @borders
// DENSE-LABEL: func @borders
func.func @borders(%x: tensor<1x4x4x5xf32>) -> (tensor<1x6x6x5xf32>, tensor<1x4x4x5xf32>) {
  // CHECK: %[[C:.*]] = octet.clamp {{.*}} -> tensor<1x4x4x5xf32, #octet.layout<channels = 16, border = 2, 2, 2, 2>>
  // DENSE: %[[C:.*]] = octet.clamp {{.*}} -> tensor<1x4x4x5xf32, #octet.layout<channels = 5, border = 2, 2, 2, 2>>
  %0 = octet.clamp %x clamp(min 0.0) : tensor<1x4x4x5xf32> -> tensor<1x4x4x5xf32>
  // CHECK: octet.border %[[C]] {{.*}} -> tensor<1x6x6x5xf32, #octet.layout<channels = 16, border = 1, 1, 1, 1>>
  %1 = octet.pad %0 {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x6x6x5xf32>
  // CHECK: octet.border %[[C]] {{.*}} -> tensor<1x8x8x5xf32, #octet.layout<channels = 16, border = 0, 0, 0, 0>>
  %2 = octet.pad %0 {low = array<i64: 0, 2, 2, 0>, high = array<i64: 0, 2, 2, 0>, value = 0.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x8x8x5xf32>
  // CHECK: octet.pad %[[C]] {{.*}} -> tensor<1x6x6x5xf32, #octet.layout<channels = 16, border = 0, 0, 0, 0>>
  // DENSE: octet.pad %[[C]] {{.*}}value = 1.000000e+00 : f32} : {{.*}} -> tensor<1x6x6x5xf32>
  %3 = octet.pad %0 {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 1.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x6x6x5xf32>
  %4 = octet.binary add %1, %3 : tensor<1x6x6x5xf32>, tensor<1x6x6x5xf32> -> tensor<1x6x6x5xf32>
  // CHECK: octet.binary add {{.*}} -> tensor<1x6x6x5xf32>{{$}}
  // CHECK: octet.copy %[[C]] {{.*}} -> tensor<1x4x4x5xf32>{{$}}
  return %4, %0 : tensor<1x6x6x5xf32>, tensor<1x4x4x5xf32>
}

// At most four channels take four, an image above all.
// CHECK-LABEL: func @image
func.func @image(%x: tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32> {
  // CHECK: octet.clamp {{.*}} -> tensor<1x4x4x3xf32, #octet.layout<channels = 4, border = 0, 0, 0, 0>>
  %0 = octet.clamp %x clamp(min 0.0) : tensor<1x4x4x3xf32> -> tensor<1x4x4x3xf32>
  %1 = octet.clamp %0 clamp(min 1.0) : tensor<1x4x4x3xf32> -> tensor<1x4x4x3xf32>
  return %1 : tensor<1x4x4x3xf32>
}

// Two pads of one value, of one size but other values: the second's result has
// the type that the first's border would have, and is memory of its own.
// CHECK-LABEL: func @same_size
func.func @same_size(%x: tensor<1x4x4x5xf32>) -> tensor<1x6x6x5xf32> {
  %0 = octet.clamp %x clamp(min 0.0) : tensor<1x4x4x5xf32> -> tensor<1x4x4x5xf32>
  // CHECK: octet.border
  // CHECK: octet.pad
  // CHECK-NOT: octet.border
  %1 = octet.pad %0 {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 0.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x6x6x5xf32>
  %2 = octet.pad %0 {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 1.0 : f32} : tensor<1x4x4x5xf32> -> tensor<1x6x6x5xf32>
  %3 = octet.binary add %1, %2 : tensor<1x6x6x5xf32>, tensor<1x6x6x5xf32> -> tensor<1x6x6x5xf32>
  return %3 : tensor<1x6x6x5xf32>
}

// A contraction works on whole blocks: its result is copied to the caller's
// dense memory, and has them even for a few channels.
// CHECK-LABEL: func @returned
func.func @returned(%x: tensor<1x4x4x8xf32>, %w: tensor<3x1x1x8xf32>) -> tensor<1x4x4x3xf32> {
  // CHECK: %[[C:.*]] = octet.conv2d {{.*}} -> tensor<1x4x4x3xf32, #octet.layout<channels = 16, border = 0, 0, 0, 0>>
  // CHECK: octet.copy %[[C]] {{.*}} -> tensor<1x4x4x3xf32>{{$}}
  // DENSE: octet.conv2d {{.*}} -> tensor<1x4x4x3xf32>{{$}}
  // DENSE-NEXT: return
  %0 = octet.conv2d %x, %w : tensor<1x4x4x8xf32>, tensor<3x1x1x8xf32> -> tensor<1x4x4x3xf32>
  return %0 : tensor<1x4x4x3xf32>
}
