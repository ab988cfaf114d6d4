// RUN: octet-opt %s | octet-opt | FileCheck %s
// RUN: octet-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: octet-opt %s --octet-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func @integers
// LOWER-LABEL: func @integers
func.func @integers(%x: tensor<5x2x3xi32>, %y: tensor<3x4xi32>) -> tensor<5x2x4xi32> {
  // CHECK-NEXT: octet.matmul %arg0, %arg1 : tensor<5x2x3xi32>, tensor<3x4xi32> -> tensor<5x2x4xi32>
  // LOWER: %[[SUM:.*]] = linalg.fill ins(%c0_i32
  // LOWER: linalg.generic {{.*}}["parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 {{.*}} outs(%[[SUM]]
  // LOWER: arith.muli
  // LOWER-NEXT: arith.addi
  %0 = octet.matmul %x, %y : tensor<5x2x3xi32>, tensor<3x4xi32> -> tensor<5x2x4xi32>
  return %0 : tensor<5x2x4xi32>
}

// Integers wrap around.
// FOLD-LABEL: func @fold
func.func @fold() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  // FOLD-DAG: dense<{{\[\[}}-2147483646, 8]]> : tensor<1x2xi32>
  // FOLD-DAG: dense<{{\[\[}}5.000000e+00, 8.000000e+00]]> : tensor<1x2xf32>
  %a = arith.constant dense<[[1, 2]]> : tensor<1x2xi32>
  %b = arith.constant dense<[[2147483646, 2], [2, 3]]> : tensor<2x2xi32>
  %0 = octet.matmul %a, %b : tensor<1x2xi32>, tensor<2x2xi32> -> tensor<1x2xi32>
  %c = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %d = arith.constant dense<[[1.0, 2.0], [2.0, 3.0]]> : tensor<2x2xf32>
  %1 = octet.matmul %c, %d : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  return %0, %1 : tensor<1x2xi32>, tensor<1x2xf32>
}
