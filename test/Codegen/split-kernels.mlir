// RUN: octet-opt %s -split-input-file --octet-split-kernels=min-work=0 | FileCheck %s

// Leading dimensions are shared until there are enough parts; the range may
// begin and end within a row.
// CHECK-LABEL: func.func private @nest(%arg0: memref<16x28x64xf32>, %arg1: memref<0xi8>, %arg2: index, %arg3: index)
// CHECK-SAME: octet.parts = 448 : i64
// CHECK-DAG: %[[ROW:.*]] = arith.divui %arg2, %c28
// CHECK-DAG: %[[LAST:.*]] = arith.ceildivui %arg3, %c28
// CHECK: scf.for %[[I:.*]] = %[[ROW]] to %[[LAST]]
// CHECK: %[[START:.*]] = arith.muli %[[I]],
// CHECK-DAG: %[[A:.*]] = arith.subi %arg2, %[[START]]
// CHECK-DAG: %[[FROM:.*]] = arith.maxsi %[[A]],
// CHECK-DAG: %[[B:.*]] = arith.subi %arg3, %[[START]]
// CHECK-DAG: %[[TO:.*]] = arith.minsi %[[B]],
// CHECK: scf.for %[[J:.*]] = %[[FROM]] to %[[TO]]
// CHECK: scf.for %[[K:.*]] = %c0{{.*}} to %c64
// CHECK: memref.store %{{.*}}, %arg0[%[[I]], %[[J]], %[[K]]]
func.func private @nest(%out: memref<16x28x64xf32>, %scratch: memref<0xi8>) attributes {octet.kernel, octet.scratch = 0 : i64} {
  %x = arith.constant 1.0 : f32
  scf.forall (%i, %j, %k) in (16, 28, 64) {
    memref.store %x, %out[%i, %j, %k] : memref<16x28x64xf32>
  }
  return
}

// -----

// Two tilings of one result have a share of each; iterations are what they were.
// CHECK-LABEL: func.func private @tiles(
// CHECK-SAME: octet.parts = 14 : i64
// CHECK: scf.for %[[I:.*]] = %arg1 to %arg2
// CHECK: %[[AT:.*]] = arith.muli %[[I]], %c4
// CHECK: memref.store %{{.*}}, %arg0[%[[AT]]]
// CHECK: %[[SCALED:.*]] = arith.muli %arg1, %c3
// CHECK: %[[FROM:.*]] = arith.ceildivui %[[SCALED]], %c14
// CHECK: scf.for %[[J:.*]] = %[[FROM]] to
// CHECK: arith.addi %[[J]], %c56
func.func private @tiles(%out: memref<59xf32>) attributes {octet.kernel, octet.disjoint_tiles} {
  %x = arith.constant 1.0 : f32
  scf.forall (%i) = (0) to (56) step (4) {
    memref.store %x, %out[%i] : memref<59xf32>
  }
  scf.forall (%i) = (56) to (59) step (1) {
    memref.store %x, %out[%i] : memref<59xf32>
  }
  return
}

// -----

// Not known to be apart.
// CHECK-LABEL: func.func private @meet(
// CHECK-SAME: octet.parts = 1 : i64
// CHECK-NOT: scf.forall
func.func private @meet(%out: memref<59xf32>) attributes {octet.kernel} {
  %x = arith.constant 1.0 : f32
  scf.forall (%i) in (59) {
    memref.store %x, %out[%i] : memref<59xf32>
  }
  scf.forall (%i) in (59) {
    memref.store %x, %out[%i] : memref<59xf32>
  }
  return
}

// -----

// What one nest writes another reads.
// CHECK-LABEL: func.func private @depends(
// CHECK-SAME: octet.parts = 1 : i64
func.func private @depends(%a: memref<59xf32>, %out: memref<59xf32>) attributes {octet.kernel} {
  %x = arith.constant 1.0 : f32
  scf.forall (%i) in (59) {
    memref.store %x, %a[%i] : memref<59xf32>
  }
  scf.forall (%i) in (59) {
    %y = memref.load %a[%i] : memref<59xf32>
    memref.store %y, %out[%i] : memref<59xf32>
  }
  return
}

// -----

// Temporaries are each call's own: all of them fill them.
// CHECK-LABEL: func.func private @temporary(
// CHECK-SAME: octet.parts = 59 : i64
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c8
// CHECK: scf.for %{{.*}} = %arg1 to %arg2
func.func private @temporary(%out: memref<59xf32>) attributes {octet.kernel} {
  %x = arith.constant 1.0 : f32
  %t = memref.alloc() : memref<8xf32>
  %c0 = arith.constant 0 : index
  scf.forall (%i) in (8) {
    memref.store %x, %t[%i] : memref<8xf32>
  }
  scf.forall (%i) in (59) {
    %y = memref.load %t[%c0] : memref<8xf32>
    memref.store %y, %out[%i] : memref<59xf32>
  }
  return
}

// -----

// A tile that stands alone is left to one call, with what leads to it.
// CHECK-LABEL: func.func private @single(
// CHECK-SAME: octet.parts = 14 : i64
// CHECK: scf.for
// CHECK: %[[HERE:.*]] = arith.andi
// CHECK: scf.if %[[HERE]]
// CHECK: memref.load %arg0
// CHECK: memref.store %{{.*}}, %arg1
func.func private @single(%in: memref<4xf32>, %out: memref<59xf32>) attributes {octet.kernel, octet.disjoint_tiles} {
  %x = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %c58 = arith.constant 58 : index
  scf.forall (%i) = (0) to (56) step (4) {
    memref.store %x, %out[%i] : memref<59xf32>
  }
  %y = memref.load %in[%c0] : memref<4xf32>
  memref.store %y, %out[%c58] : memref<59xf32>
  return
}

// -----

// Loops with bounds that are computed stay within a part.
// CHECK-LABEL: func.func private @dynamic(
// CHECK-SAME: octet.parts = 1 : i64
// CHECK-NOT: scf.parallel
func.func private @dynamic(%out: memref<59xf32>, %n: index) attributes {octet.kernel} {
  %x = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %x, %out[%i] : memref<59xf32>
    scf.reduce
  }
  return
}

// -----

// What takes no time is not worth the hand-over, whatever its loops.
// RUN: octet-opt %s -split-input-file --octet-split-kernels | FileCheck %s --check-prefix=SMALL
// SMALL-LABEL: func.func private @tiles(
// SMALL-SAME: octet.parts = 1 : i64
// SMALL-LABEL: func.func private @large(
// SMALL-SAME: octet.parts = 64 : i64
// SMALL-SAME: octet.work = 24576 : i64
func.func private @large(%in: memref<64x1024xf32>, %out: memref<64x1024xf32>) attributes {octet.kernel} {
  scf.forall (%i, %j) in (64, 1024) {
    %x = memref.load %in[%i, %j] : memref<64x1024xf32>
    %y = arith.addf %x, %x : f32
    memref.store %y, %out[%i, %j] : memref<64x1024xf32>
  }
  return
}
