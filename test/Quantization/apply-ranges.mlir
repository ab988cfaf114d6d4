// RUN: octet-opt %s --octet-apply-ranges="ranges-file=%S/Inputs/ranges.json" | FileCheck %s --check-prefix=MINMAX
// RUN: octet-opt %s --octet-apply-ranges="ranges-file=%S/Inputs/ranges.json percentile=99" | FileCheck %s --check-prefix=PERCENTILE
// RUN: octet-opt %s --octet-apply-ranges="ranges-file=%S/Inputs/ranges.json least-error" | FileCheck %s --check-prefix=LEAST

module attributes {octet.model_hash = "ab"} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    // MINMAX: octet.observe %arg0 {high = 3.000000e+00 : f32, key = "x", low = -1.500000e+00 : f32}
    // PERCENTILE: octet.observe %arg0 {high = 1.000000e+00 : f32, key = "x", low = -1.000000e+00 : f32}
    // LEAST: octet.observe %arg0 {high = 3.000000e+00 : f32, key = "x", low = -1.500000e+00 : f32}
    %0 = octet.observe %x {key = "x"} : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
