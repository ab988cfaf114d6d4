// RUN: octet-opt %s --octet-phase-layout=target=avx512vnni --octet-phase-lower --octet-phase-schedule=target=avx512vnni --octet-phase-dot=target=avx512vnni --octet-phase-memory | FileCheck %s

// What each iteration has for itself is taken from the stack once: there it
// would be given back only when the kernel ends.
// CHECK: func private @integer_avg_pool2d_{{[0-9]+}}({{.*}} {
// CHECK: memref.alloca
// CHECK: scf.for
// CHECK-NOT: memref.alloca
// CHECK: return
module attributes {octet.phase = "fold-scales"} {
  func.func @main(%x: tensor<1x20x20x256xui8> {octet.name = "x"}) -> (tensor<1x18x18x256xui8> {octet.name = "y"}) {
    %m = arith.constant dense<0.1> : tensor<18x18xf32>
    %low = arith.constant 0.0 : f32
    %high = arith.constant 255.0 : f32
    %zp = arith.constant 0 : i32
    %0 = octet.integer_avg_pool2d %x, %zp, %m, %low, %high, %zp {kernel = array<i64: 3, 3>} : tensor<1x20x20x256xui8>, tensor<18x18xf32> -> tensor<1x18x18x256xui8>
    return %0 : tensor<1x18x18x256xui8>
  }
}
