// RUN: octet-opt %s --octet-apply-ranges="ranges-file=%S/Inputs/ranges.json" -split-input-file -verify-diagnostics

// expected-error @+1 {{the ranges were calibrated on another model}}
module attributes {octet.model_hash = "cd"} {
}

// -----

module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    // expected-error @+1 {{the ranges hold nothing for 'y'; calibrate again}}
    %0 = octet.observe %x {key = "y"} : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    // expected-error @+1 {{'bad' was NaN or infinite 4 times during calibration}}
    %0 = octet.observe %x {key = "bad"} : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
