// RUN: octet-opt %s --octet-quantize -verify-diagnostics

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{has no range; run octet-apply-ranges first}}
  %0 = octet.observe %x {key = "x"} : tensor<4xf32>
  return %0 : tensor<4xf32>
}
