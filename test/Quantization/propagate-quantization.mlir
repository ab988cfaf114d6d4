// RUN: octet-opt %s --octet-propagate-quantization | FileCheck %s

!a = !quant.uniform<u8:f32, 0.5:10>
!b = !quant.uniform<u8:f32, 0.25:0>

// CHECK-LABEL: func @through
func.func @through(%x: tensor<1x4x4x2x!a>) -> tensor<1x2x2x2x!b> {
  // The max pool keeps the scale; the average pool has its own.
  // CHECK-NEXT: %[[M:.*]] = octet.max_pool2d %arg0 {{.*}} -> tensor<1x3x3x2x!quant.uniform<u8:f32, 5.000000e-01:10>>
  // CHECK-NEXT: %[[A:.*]] = octet.avg_pool2d %[[M]] {{.*}} -> tensor<1x2x2x2x!quant.uniform<u8:f32, 2.500000e-01>>
  // CHECK-NEXT: return %[[A]]
  %0 = quant.dcast %x : tensor<1x4x4x2x!a> to tensor<1x4x4x2xf32>
  %1 = octet.max_pool2d %0 {kernel = array<i64: 2, 2>} : tensor<1x4x4x2xf32> -> tensor<1x3x3x2xf32>
  %2 = octet.avg_pool2d %1 {kernel = array<i64: 2, 2>} : tensor<1x3x3x2xf32> -> tensor<1x2x2x2xf32>
  %3 = quant.qcast %2 : tensor<1x2x2x2xf32> to tensor<1x2x2x2x!b>
  return %3 : tensor<1x2x2x2x!b>
}

// What has no integer form stays f32 and says why; rounding around it goes.
// CHECK-LABEL: func @island
func.func @island(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK-NEXT: octet.softmax %arg0 {axis = 1 : i64, octet.note = "has no integer form"}
  // CHECK-NEXT: return
  %0 = quant.qcast %x : tensor<1x4xf32> to tensor<1x4x!a>
  %1 = quant.dcast %0 : tensor<1x4x!a> to tensor<1x4xf32>
  %2 = octet.softmax %1 {axis = 1 : i64} : tensor<1x4xf32> -> tensor<1x4xf32>
  return %2 : tensor<1x4xf32>
}

// A pad whose value the scale cannot represent stays f32.
// CHECK-LABEL: func @pad
func.func @pad(%x: tensor<2x!a>) -> (tensor<3xf32>, tensor<3xf32>) {
  // CHECK-DAG: octet.pad %arg0 {{.*}}value = 1.500000e+00
  // CHECK-DAG: octet.pad %{{.*}} value = 1.300000e+00 : f32} : tensor<2xf32>
  %0 = quant.dcast %x : tensor<2x!a> to tensor<2xf32>
  %1 = octet.pad %0 {low = array<i64: 1>, high = array<i64: 0>, value = 1.5 : f32} : tensor<2xf32> -> tensor<3xf32>
  %2 = octet.pad %0 {low = array<i64: 1>, high = array<i64: 0>, value = 1.3 : f32} : tensor<2xf32> -> tensor<3xf32>
  return %1, %2 : tensor<3xf32>, tensor<3xf32>
}

// A mask would leave nothing of what it is added to.
// CHECK-LABEL: func @mask
func.func @mask(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK: octet.binary add {{.*}}octet.note = "an operand would vanish beside the other in 8 bits"
  %m = arith.constant dense<[[0.0, 0.0, -1.0e30, 0.0]]> : tensor<1x4xf32>
  %q = quant.qcast %x : tensor<1x4xf32> to tensor<1x4x!quant.uniform<u8:f32, 0.1:128>>
  %d = quant.dcast %q : tensor<1x4x!quant.uniform<u8:f32, 0.1:128>> to tensor<1x4xf32>
  %c = quant.qcast %m : tensor<1x4xf32> to tensor<1x4x!quant.uniform<u8:f32, 4.0e27:255>>
  %k = quant.dcast %c : tensor<1x4x!quant.uniform<u8:f32, 4.0e27:255>> to tensor<1x4xf32>
  %0 = octet.binary add %d, %k : tensor<1x4xf32>, tensor<1x4xf32> -> tensor<1x4xf32>
  %1 = quant.qcast %0 : tensor<1x4xf32> to tensor<1x4x!quant.uniform<u8:f32, 4.0e27:255>>
  %2 = quant.dcast %1 : tensor<1x4x!quant.uniform<u8:f32, 4.0e27:255>> to tensor<1x4xf32>
  %3 = octet.unary tanh %2 : tensor<1x4xf32> -> tensor<1x4xf32>
  return %3 : tensor<1x4xf32>
}

// What a softmax computes is not rounded to be moved, not even on two ways.
// CHECK-LABEL: func @moved
func.func @moved(%x: tensor<1x4x2xf32>) -> (tensor<1x2x4xf32>, tensor<8xf32>) {
  // CHECK-NEXT: %[[S:.*]] = octet.softmax %arg0
  // CHECK-DAG: %[[A:.*]] = octet.reshape %[[S]]{{.*}} : tensor<1x4x2xf32> -> tensor<8xf32>
  // CHECK-DAG: %[[T:.*]] = octet.transpose %[[S]]{{.*}} : tensor<1x4x2xf32> -> tensor<1x2x4xf32>
  // CHECK: return %[[T]], %[[A]]
  %0 = octet.softmax %x {axis = 1 : i64} : tensor<1x4x2xf32> -> tensor<1x4x2xf32>
  %q = quant.qcast %0 : tensor<1x4x2xf32> to tensor<1x4x2x!quant.uniform<u8:f32, 0.0039>>
  %d = quant.dcast %q : tensor<1x4x2x!quant.uniform<u8:f32, 0.0039>> to tensor<1x4x2xf32>
  %1 = octet.transpose %d {permutation = array<i64: 0, 2, 1>} : tensor<1x4x2xf32> -> tensor<1x2x4xf32>
  %2 = octet.reshape %d : tensor<1x4x2xf32> -> tensor<8xf32>
  return %1, %2 : tensor<1x2x4xf32>, tensor<8xf32>
}
