// RUN: octet-opt %s --octet-fuse-multiply-add | FileCheck %s

// CHECK-LABEL: func @contractible
func.func @contractible(%a: f32, %b: f32, %c: f32) -> f32 {
  // CHECK-NEXT: math.fma %arg0, %arg1, %arg2
  // CHECK-NEXT: return
  %0 = arith.mulf %a, %b fastmath<contract> : f32
  %1 = arith.addf %c, %0 fastmath<contract> : f32
  return %1 : f32
}

// Requantization rounds twice (QS-5): nothing is fused without the flag.
// CHECK-LABEL: func @strict
func.func @strict(%a: f32, %b: f32, %c: f32) -> f32 {
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: arith.addf
  %0 = arith.mulf %a, %b : f32
  %1 = arith.addf %c, %0 : f32
  return %1 : f32
}
