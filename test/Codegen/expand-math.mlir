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

// Around zero a polynomial, beyond it a quotient; of the sign of x, also a zero.
// CHECK-LABEL: func @tanh
// CHECK-SAME: %[[X:.*]]: vector<4xf32>
func.func @tanh(%x: vector<4xf32>) -> vector<4xf32> {
  // CHECK-DAG: %[[BOUND:.*]] = arith.constant dense<6.250000e-01>
  // CHECK: %[[MAGNITUDE:.*]] = math.absf %[[X]]
  // CHECK: %[[SMALL:.*]] = math.fma %{{.*}}, %[[X]], %[[X]]
  // CHECK: %[[DOUBLE:.*]] = arith.addf %[[MAGNITUDE]], %[[MAGNITUDE]]
  // CHECK: arith.divf
  // CHECK: arith.cmpf olt, %[[MAGNITUDE]], %[[BOUND]]
  // CHECK-NEXT: %[[EITHER:.*]] = arith.select %{{.*}}, %[[SMALL]]
  // CHECK-NEXT: math.copysign %[[EITHER]], %[[X]]
  %0 = math.tanh %x : vector<4xf32>
  return %0 : vector<4xf32>
}

// No conversion of a float to an integer, which of NaN is not defined.
// CHECK-LABEL: func @exp
func.func @exp(%x: vector<4xf32>) -> vector<4xf32> {
  // CHECK-NOT: fptosi
  // CHECK: arith.bitcast {{.*}} : vector<4xf32> to vector<4xi32>
  // CHECK-NOT: fptosi
  // CHECK: return
  %0 = math.exp %x : vector<4xf32>
  return %0 : vector<4xf32>
}

// In f64, not fused, and rounded once.
// CHECK-LABEL: func @double
func.func @double(%x: vector<4xf32>, %y: vector<4xf32>) -> (vector<4xf32>, vector<4xf32>) {
  // CHECK-NOT: math.fma
  // CHECK: arith.truncf {{.*}} : vector<4xf64> to vector<4xf32>
  // CHECK-NOT: math.{{fma|powf|atan}}
  // CHECK: arith.truncf {{.*}} : vector<4xf64> to vector<4xf32>
  // CHECK-NEXT: return
  %0 = math.powf %x, %y : vector<4xf32>
  %1 = math.atan %x : vector<4xf32>
  return %0, %1 : vector<4xf32>, vector<4xf32>
}
