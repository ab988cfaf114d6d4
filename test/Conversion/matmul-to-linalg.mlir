// RUN: octet-opt %s --octet-to-linalg | FileCheck %s

// Columns in blocks of 16, the last of which overlaps the one before it.
// CHECK-LABEL: func @packed
func.func @packed(%x: tensor<40x3xf32>, %y: tensor<3x37xf32>) -> tensor<40x37xf32> {
  // CHECK: scf.forall {{.*}} in (2) {{.*}} -> (tensor<3x3x16xf32>)
  // CHECK: linalg.copy ins({{.*}} : tensor<3x16xf32>)
  // CHECK: tensor.extract_slice %{{.*}}[0, 21] [3, 16] [1, 1] : tensor<3x37xf32>
  // CHECK: linalg.copy
  // CHECK: linalg.generic {{.*}}tensor<2x3x16xf32>{{.*}} attrs = {octet.blocked}
  // CHECK: tensor.extract_slice %{{.*}}[0, 21] [40, 16] [1, 1]
  // CHECK: linalg.generic {{.*}}tensor<1x3x16xf32>{{.*}} attrs = {octet.blocked}
  %0 = octet.matmul %x, %y {lanes = 16} : tensor<40x3xf32>, tensor<3x37xf32> -> tensor<40x37xf32>
  return %0 : tensor<40x37xf32>
}

// Few rows read the right side where it lies.
// CHECK-LABEL: func @inPlace
func.func @inPlace(%x: tensor<2x1x3xf32>, %y: tensor<2x3x32xf32>, %b: tensor<32xf32>) -> tensor<2x1x32xf32> {
  // CHECK: scf.forall {{.*}} in (2)
  // CHECK-NOT: linalg.copy
  // CHECK: tensor.expand_shape {{.*}} tensor<3x32xf32> into tensor<3x2x16xf32>
  // CHECK: attrs = {octet.blocked}
  %0 = octet.matmul %x, %y bias(%b) {lanes = 16} : tensor<2x1x3xf32>, tensor<2x3x32xf32>, tensor<32xf32> -> tensor<2x1x32xf32>
  return %0 : tensor<2x1x32xf32>
}

// Where there are fewer columns than lanes, rows are the lanes.
// CHECK-LABEL: func @narrow
func.func @narrow(%x: tensor<40x3xf32>, %y: tensor<3x2xf32>) -> tensor<40x2xf32> {
  // CHECK: linalg.transpose ins({{.*}} : tensor<16x3xf32>)
  // CHECK: attrs = {octet.blocked}
  // CHECK: linalg.transpose ins({{.*}} : tensor<2x40xf32>) outs({{.*}} : tensor<40x2xf32>)
  %0 = octet.matmul %x, %y {lanes = 16} : tensor<40x3xf32>, tensor<3x2xf32> -> tensor<40x2xf32>
  return %0 : tensor<40x2xf32>
}

// The batch of a shared right side is rows.
// CHECK-LABEL: func @shared
func.func @shared(%x: tensor<5x8x3xf32>, %y: tensor<3x16xf32>) -> tensor<5x8x16xf32> {
  // CHECK: tensor.collapse_shape {{.*}} tensor<5x8x3xf32> into tensor<40x3xf32>
  // CHECK: linalg.copy
  // CHECK: attrs = {octet.blocked}
  %0 = octet.matmul %x, %y {lanes = 16} : tensor<5x8x3xf32>, tensor<3x16xf32> -> tensor<5x8x16xf32>
  return %0 : tensor<5x8x16xf32>
}

// A reshape that splits and merges dimensions copies them one by one.
// CHECK-LABEL: func @split
func.func @split(%x: tensor<1x6x5xf32>) -> tensor<2x15xf32> {
  // CHECK: tensor.expand_shape {{.*}} tensor<6x5xf32> into tensor<2x3x5xf32>
  // CHECK: tensor.expand_shape {{.*}} tensor<2x15xf32> into tensor<2x3x5xf32>
  // CHECK: linalg.generic {{.*}}tensor<2x3x5xf32>
  // CHECK-NOT: arith.remui
  // CHECK: tensor.collapse_shape {{.*}} tensor<2x3x5xf32> into tensor<2x15xf32>
  %0 = octet.reshape %x : tensor<1x6x5xf32> -> tensor<2x15xf32>
  return %0 : tensor<2x15xf32>
}

// Another one finds each element's place.
// CHECK-LABEL: func @places
func.func @places(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // CHECK: arith.remui
  %0 = octet.reshape %x : tensor<2x3xf32> -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}
