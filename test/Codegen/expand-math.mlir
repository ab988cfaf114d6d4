// RUN: octet-opt %s --octet-expand-math | FileCheck %s

// CHECK-LABEL: func @functions
func.func @functions(%x: f32) -> (f32, f32, f32) {
  // CHECK: math.fma
  // CHECK-NOT: math.exp
  // CHECK-NOT: math.tanh
  // CHECK: math.roundeven
  %0 = math.exp %x : f32
  %1 = math.tanh %x : f32
  %2 = math.roundeven %x : f32
  return %0, %1, %2 : f32, f32, f32
}
