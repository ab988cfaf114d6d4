// RUN: octet-opt %s --octet-x86-round | FileCheck %s

// CHECK-LABEL: func @register
func.func @register(%x: vector<16xf32>) -> vector<16xi32> {
  // CHECK-NOT: math.roundeven
  // CHECK: llvm.call_intrinsic "llvm.lrint.v16i32.v16f32"(%arg0) : (vector<16xf32>) -> vector<16xi32>
  %0 = math.roundeven %x : vector<16xf32>
  %1 = arith.fptosi %0 : vector<16xf32> to vector<16xi32>
  return %1 : vector<16xi32>
}

// A conversion alone truncates.
// CHECK-LABEL: func @truncated
func.func @truncated(%x: vector<16xf32>) -> vector<16xi32> {
  // CHECK: arith.fptosi
  %0 = arith.fptosi %x : vector<16xf32> to vector<16xi32>
  return %0 : vector<16xi32>
}
