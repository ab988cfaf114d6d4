// RUN: octet-opt %s --octet-fuse-attention -canonicalize | FileCheck %s

!q = tensor<1x4x3x8xf32>
!t = tensor<1x4x8x3xf32>
!s = tensor<1x4x3x3xf32>

// Numbers on both sides and behind the product are one scale.
// CHECK-LABEL: func @scaled
func.func @scaled(%q: !q, %k: !q, %v: !q) -> !q {
  // CHECK-NOT: octet.softmax
  // CHECK: %[[Y:.*]] = octet.attention %arg0, %arg1, %arg2 {scale = 1.250000e-01 : f32}
  // CHECK-NEXT: return %[[Y]]
  %half = arith.constant dense<0.5> : tensor<f32>
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %0 = octet.binary mul %q, %half : !q, tensor<f32> -> !q
  %1 = octet.binary mul %k, %half : !q, tensor<f32> -> !q
  %2 = octet.transpose %1 {permutation = array<i64: 0, 1, 3, 2>} : !q -> !t
  %3 = octet.matmul %0, %2 : !q, !t -> !s
  %4 = octet.binary div %3, %two : !s, tensor<1xf32> -> !s
  %5 = octet.softmax %4 {axis = 3 : i64} : !s -> !s
  %6 = octet.matmul %5, %v : !s, !q -> !q
  return %6 : !q
}

// A key that is no transpose becomes one.
// CHECK-LABEL: func @transposes
func.func @transposes(%q: tensor<3x8xf32>, %k: tensor<8x5xf32>, %v: tensor<5x2xf32>) -> tensor<3x2xf32> {
  // CHECK: octet.transpose %arg1 {permutation = array<i64: 1, 0>}
  // CHECK: octet.attention {{.*}} : (tensor<1x1x3x8xf32>, tensor<1x1x5x8xf32>, tensor<1x1x5x2xf32>) -> tensor<1x1x3x2xf32>
  %0 = octet.matmul %q, %k : tensor<3x8xf32>, tensor<8x5xf32> -> tensor<3x5xf32>
  %1 = octet.softmax %0 {axis = 1 : i64} : tensor<3x5xf32> -> tensor<3x5xf32>
  %2 = octet.matmul %1, %v : tensor<3x5xf32>, tensor<5x2xf32> -> tensor<3x2xf32>
  return %2 : tensor<3x2xf32>
}

// Masks of constants that hide what comes later.
// CHECK-LABEL: func @causal
func.func @causal(%q: !q, %k: !t, %v: !q, %k1: !t) -> (!q, !q) {
  // CHECK: octet.attention {{.*}} {causal = 0 : i64, scale
  %mask = arith.constant dense<[[0.0, 0xFF800000, -3.0e+38], [0.0, 0.0, -1.0e+30], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %0 = octet.matmul %q, %k : !q, !t -> !s
  %1 = octet.binary add %mask, %0 : tensor<3x3xf32>, !s -> !s
  %2 = octet.softmax %1 {axis = 3 : i64} : !s -> !s
  %3 = octet.matmul %2, %v : !s, !q -> !q
  // CHECK: octet.attention {{.*}} {causal = -1 : i64, scale
  %truth = arith.constant dense<[[[[false, false, false], [true, false, false], [true, true, false]]]]> : tensor<1x1x3x3xi1>
  %lowest = arith.constant dense<0xFF800000> : tensor<f32>
  %4 = octet.matmul %q, %k1 : !q, !t -> !s
  %5 = octet.select %truth, %4, %lowest : tensor<1x1x3x3xi1>, !s, tensor<f32> -> !s
  %6 = octet.softmax %5 {axis = 3 : i64} : !s -> !s
  %7 = octet.matmul %6, %v : !s, !q -> !q
  return %3, %7 : !q, !q
}

// A query that sees nothing sees all alike where the mask is finite; -10000 does
// not hide what is large enough.
// CHECK-LABEL: func @constant
func.func @constant(%q: !q, %k: !t, %v: !q, %k1: !t) -> (!q, !q) {
  // CHECK-COUNT-2: octet.attention {{.*}} mask(%{{.*}}) {scale
  %mask = arith.constant dense<[[-1.0e+38, -1.0e+38, -1.0e+38], [0.0, -1.0e+38, -1.0e+38], [0.0, 0.0, -1.0e+38]]> : tensor<3x3xf32>
  %0 = octet.matmul %q, %k : !q, !t -> !s
  %1 = octet.binary add %0, %mask : !s, tensor<3x3xf32> -> !s
  %2 = octet.softmax %1 {axis = 3 : i64} : !s -> !s
  %3 = octet.matmul %2, %v : !s, !q -> !q
  %some = arith.constant dense<[[0.0, -1.0e+4, -1.0e+4], [0.0, 0.0, -1.0e+4], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %4 = octet.matmul %q, %k1 : !q, !t -> !s
  %5 = octet.binary add %4, %some : !s, tensor<3x3xf32> -> !s
  %6 = octet.softmax %5 {axis = 3 : i64} : !s -> !s
  %7 = octet.matmul %6, %v : !s, !q -> !q
  return %3, %7 : !q, !q
}

// A computed choice becomes numbers to be added, of its own shape.
// CHECK-LABEL: func @chosen
func.func @chosen(%q: !q, %k: !t, %v: !q, %b: tensor<1x1x1x3xi1>, %m: !s) -> !q {
  // CHECK: %[[M:.*]] = octet.select %arg3, {{.*}} -> tensor<1x1x1x3xf32>
  // CHECK: %[[A:.*]] = octet.binary add {{.*}} -> tensor<1x4x3x3xf32>
  // CHECK: octet.attention {{.*}} mask(%[[A]])
  %lowest = arith.constant dense<-3.0e+38> : tensor<f32>
  %0 = octet.matmul %q, %k : !q, !t -> !s
  %1 = octet.binary add %0, %m : !s, !s -> !s
  %2 = octet.select %b, %lowest, %1 : tensor<1x1x1x3xi1>, tensor<f32>, !s -> !s
  %3 = octet.softmax %2 {axis = 3 : i64} : !s -> !s
  %4 = octet.matmul %3, %v : !s, !q -> !q
  return %4 : !q
}

// Heads that share key and value, which were repeated.
// CHECK-LABEL: func @repeated
func.func @repeated(%q: !q, %k: tensor<1x2x3x8xf32>, %v: tensor<1x2x3x8xf32>) -> !q {
  // CHECK-NEXT: %[[Y:.*]] = octet.attention %arg0, %arg1, %arg2
  // CHECK-NEXT: return %[[Y]]
  %0 = octet.reshape %k : tensor<1x2x3x8xf32> -> tensor<1x2x1x3x8xf32>
  %1 = octet.broadcast %0 : tensor<1x2x1x3x8xf32> -> tensor<1x2x2x3x8xf32>
  %2 = octet.reshape %1 : tensor<1x2x2x3x8xf32> -> !q
  %3 = octet.reshape %v : tensor<1x2x3x8xf32> -> tensor<1x2x1x3x8xf32>
  %4 = octet.broadcast %3 : tensor<1x2x1x3x8xf32> -> tensor<1x2x2x3x8xf32>
  %5 = octet.reshape %4 : tensor<1x2x2x3x8xf32> -> !q
  %6 = octet.transpose %2 {permutation = array<i64: 0, 1, 3, 2>} : !q -> !t
  %7 = octet.matmul %q, %6 : !q, !t -> !s
  %8 = octet.softmax %7 {axis = 3 : i64} : !s -> !s
  %9 = octet.matmul %8, %5 : !s, !q -> !q
  return %9 : !q
}

// Heads that are rows of one product.
// CHECK-LABEL: func @rows
func.func @rows(%q: tensor<1x2x6x8xf32>, %k: tensor<1x2x8x3xf32>, %v: tensor<1x2x3x8xf32>, %m: tensor<3x3xf32>) -> tensor<1x2x6x8xf32> {
  // CHECK: %[[Y:.*]] = octet.attention {{.*}} : (tensor<1x4x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x1x3x3xf32>)
  // CHECK: octet.reshape %[[Y]] : tensor<1x4x3x8xf32> -> tensor<1x2x6x8xf32>
  %0 = octet.matmul %q, %k : tensor<1x2x6x8xf32>, tensor<1x2x8x3xf32> -> tensor<1x2x6x3xf32>
  %1 = octet.reshape %0 : tensor<1x2x6x3xf32> -> !s
  %2 = octet.binary add %1, %m : !s, tensor<3x3xf32> -> !s
  %3 = octet.softmax %2 {axis = 3 : i64} : !s -> !s
  %4 = octet.reshape %3 : !s -> tensor<1x2x6x3xf32>
  %5 = octet.matmul %4, %v : tensor<1x2x6x3xf32>, tensor<1x2x3x8xf32> -> tensor<1x2x6x8xf32>
  return %5 : tensor<1x2x6x8xf32>
}

// What zeros the weights of queries that see nothing zeros their results.
// CHECK-LABEL: func @blind
func.func @blind(%q: !q, %k: !t, %v: !q, %b: tensor<1x1x3x1xi1>, %k1: !t) -> (!q, !q) {
  // CHECK: %[[Y:.*]] = octet.attention
  // CHECK: octet.select %arg3, %{{.*}}, %[[Y]] : tensor<1x1x3x1xi1>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %no = arith.constant dense<false> : tensor<i1>
  %0 = octet.matmul %q, %k : !q, !t -> !s
  %1 = octet.softmax %0 {axis = 3 : i64} : !s -> !s
  %2 = octet.select %b, %zero, %1 : tensor<1x1x3x1xi1>, tensor<f32>, !s -> !s
  %3 = octet.matmul %2, %v : !s, !q -> !q
  // CHECK: %[[Z:.*]] = octet.attention
  // CHECK: %[[C:.*]] = octet.compare eq %[[Z]], %[[Z]]
  // CHECK: octet.select %[[C]], %[[Z]], %{{.*}}
  %4 = octet.matmul %q, %k1 : !q, !t -> !s
  %5 = octet.softmax %4 {axis = 3 : i64} : !s -> !s
  %6 = octet.compare eq %5, %5 : !s, !s -> tensor<1x4x3x3xi1>
  %7 = octet.compare eq %6, %no : tensor<1x4x3x3xi1>, tensor<i1> -> tensor<1x4x3x3xi1>
  %8 = octet.select %7, %zero, %5 : tensor<1x4x3x3xi1>, tensor<f32>, !s -> !s
  %9 = octet.matmul %8, %v : !s, !q -> !q
  return %3, %9 : !q, !q
}

// Others stay what they are: weights and scores that are used, numbers that
// multiply the mask, a softmax of columns, constants.
// CHECK-LABEL: func @others
func.func @others(%q: !q, %k: !t, %v: !q, %m: tensor<3x3xf32>) -> (!q, !s, !q, !s, !q, !q, !q) {
  // CHECK-NOT: octet.attention
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = octet.matmul %q, %k : !q, !t -> !s
  %1 = octet.softmax %0 {axis = 3 : i64} : !s -> !s
  %2 = octet.matmul %1, %v : !s, !q -> !q
  %3 = octet.matmul %q, %k : !q, !t -> !s
  %4 = octet.binary add %3, %m : !s, tensor<3x3xf32> -> !s
  %5 = octet.softmax %4 {axis = 3 : i64} : !s -> !s
  %6 = octet.matmul %5, %v : !s, !q -> !q
  %7 = octet.matmul %q, %k : !q, !t -> !s
  %8 = octet.binary add %7, %m : !s, tensor<3x3xf32> -> !s
  %9 = octet.binary mul %8, %half : !s, tensor<f32> -> !s
  %10 = octet.softmax %9 {axis = 3 : i64} : !s -> !s
  %11 = octet.matmul %10, %v : !s, !q -> !q
  %12 = octet.matmul %q, %k : !q, !t -> !s
  %13 = octet.softmax %12 {axis = 2 : i64} : !s -> !s
  %14 = octet.matmul %13, %v : !s, !q -> !q
  %c = arith.constant dense<2.0> : !q
  %15 = octet.matmul %q, %k : !q, !t -> !s
  %16 = octet.softmax %15 {axis = 3 : i64} : !s -> !s
  %17 = octet.matmul %16, %c : !s, !q -> !q
  return %2, %1, %6, %4, %11, %14, %17 : !q, !s, !q, !s, !q, !q, !q
}
