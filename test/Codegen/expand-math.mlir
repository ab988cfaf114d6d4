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

// Around zero a polynomial, beyond it a quotient of the sign of x.
// CHECK-LABEL: func @tanh
// CHECK-SAME: %[[X:.*]]: vector<4xf32>
func.func @tanh(%x: vector<4xf32>) -> vector<4xf32> {
  // CHECK-DAG: %[[BOUND:.*]] = arith.constant dense<6.250000e-01>
  // CHECK: %[[MAGNITUDE:.*]] = math.absf %[[X]]
  // CHECK: %[[SMALL:.*]] = math.fma %{{.*}}, %[[X]], %[[X]]
  // CHECK: %[[DOUBLE:.*]] = arith.addf %[[MAGNITUDE]], %[[MAGNITUDE]]
  // CHECK: arith.divf
  // CHECK: %[[LARGE:.*]] = math.copysign %{{.*}}, %[[X]]
  // CHECK: arith.cmpf olt, %[[MAGNITUDE]], %[[BOUND]]
  // CHECK-NEXT: arith.select %{{.*}}, %[[SMALL]], %[[LARGE]]
  %0 = math.tanh %x : vector<4xf32>
  return %0 : vector<4xf32>
}
