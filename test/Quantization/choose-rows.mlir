// RUN: octet-opt %s --octet-choose-rows | FileCheck %s
// RUN: octet-opt %s --octet-choose-rows --octet-insert-observers | FileCheck %s --check-prefix=OBSERVE

// A block of a transformer: the stream that layers add to is never rounded, and
// nothing has to be watched.
// CHECK-LABEL: func @block
// OBSERVE-LABEL: func @block
// OBSERVE-NOT: octet.observe
// OBSERVE: return
func.func @block(%ids: tensor<8xi64>) -> tensor<1x1x8x32xf32> {
  %table = arith.constant dense<0.5> : tensor<10x32xf32>
  %filter = arith.constant dense<0.25> : tensor<32x1x1x32xf32>
  %gathered = octet.gather %table, %ids {axis = 0 : i64} : tensor<10x32xf32>, tensor<8xi64> -> tensor<8x32xf32>
  %x = octet.reshape %gathered : tensor<8x32xf32> -> tensor<1x1x8x32xf32>
  // CHECK: octet.softmax
  %s = octet.softmax %x {axis = 3 : i64} : tensor<1x1x8x32xf32> -> tensor<1x1x8x32xf32>
  // CHECK: octet.conv2d {{.*}}octet.rows
  %0 = octet.conv2d %s, %filter : tensor<1x1x8x32xf32>, tensor<32x1x1x32xf32> -> tensor<1x1x8x32xf32>
  // CHECK: octet.unary sigmoid {{.*}}octet.note = "it is computed from f32 values"
  %1 = octet.unary sigmoid %0 : tensor<1x1x8x32xf32> -> tensor<1x1x8x32xf32>
  // CHECK: octet.conv2d {{.*}}octet.rows
  %2 = octet.conv2d %1, %filter : tensor<1x1x8x32xf32>, tensor<32x1x1x32xf32> -> tensor<1x1x8x32xf32>
  // CHECK: octet.binary add {{.*}}octet.note
  %3 = octet.binary add %2, %x : tensor<1x1x8x32xf32>, tensor<1x1x8x32xf32> -> tensor<1x1x8x32xf32>
  return %3 : tensor<1x1x8x32xf32>
}

// A convolutional network with a gate: what is computed in 8 bits still is, and
// few outputs are not worth the search for ranges.
// CHECK-LABEL: func @gate
// CHECK-NOT: octet.rows
// CHECK-NOT: octet.note
// OBSERVE-LABEL: func @gate
// OBSERVE-COUNT-3: octet.observe
func.func @gate(%x: tensor<1x4x4x32xf32>) -> tensor<1x4x4x32xf32> {
  %filter = arith.constant dense<0.25> : tensor<32x1x1x32xf32>
  %0 = octet.conv2d %x, %filter : tensor<1x4x4x32xf32>, tensor<32x1x1x32xf32> -> tensor<1x4x4x32xf32>
  %1 = octet.reduce mean %0 {axes = array<i64: 1, 2>} : tensor<1x4x4x32xf32> -> tensor<1x1x1x32xf32>
  %2 = octet.binary mul %0, %1 : tensor<1x4x4x32xf32>, tensor<1x1x1x32xf32> -> tensor<1x4x4x32xf32>
  %3 = octet.conv2d %2, %filter : tensor<1x4x4x32xf32>, tensor<32x1x1x32xf32> -> tensor<1x4x4x32xf32>
  return %3 : tensor<1x4x4x32xf32>
}
