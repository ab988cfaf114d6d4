// RUN: octet-opt %s --octet-unroll-vectors | FileCheck %s

// CHECK-LABEL: func @rows
func.func @rows(%m: memref<2x16xf32>, %v: vector<2x16xf32>) {
  %c0 = arith.constant 0 : index
  %p = ub.poison : f32
  // CHECK-COUNT-2: vector.load {{.*}}, vector<16xf32>
  // CHECK-COUNT-2: arith.addf {{.*}} : vector<16xf32>
  // CHECK-COUNT-2: vector.store {{.*}}, vector<16xf32>
  %0 = vector.transfer_read %m[%c0, %c0], %p {in_bounds = [true, true]} : memref<2x16xf32>, vector<2x16xf32>
  %1 = arith.addf %0, %v : vector<2x16xf32>
  vector.transfer_write %1, %m[%c0, %c0] {in_bounds = [true, true]} : vector<2x16xf32>, memref<2x16xf32>
  return
}

// CHECK-LABEL: func @loop
func.func @loop(%n: index, %v: vector<2x16xf32>, %w: vector<2x16xf32>) -> vector<2x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>)
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %v) -> (vector<2x16xf32>) {
    %1 = arith.addf %a, %w : vector<2x16xf32>
    scf.yield %1 : vector<2x16xf32>
  }
  return %0 : vector<2x16xf32>
}
