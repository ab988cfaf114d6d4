// RUN: octet-opt %s --octet-fold-scales --split-input-file --verify-diagnostics

!a = !quant.uniform<u8:f32, 0.5:10>

func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %q = quant.qcast %x : tensor<1x4xf32> to tensor<1x4x!a>
  // expected-error @+1 {{has no integer form}}
  %0 = octet.binary div %q, %q : tensor<1x4x!a>, tensor<1x4x!a> -> tensor<1x4x!a>
  %1 = quant.dcast %q : tensor<1x4x!a> to tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// -----

!a = !quant.uniform<u8:f32, 0.5:10>

// expected-error @+1 {{has an argument of a quantized type; quantize it inside}}
func.func @main(%x: tensor<1x4x!a>) -> tensor<1x4xf32> {
  %0 = quant.dcast %x : tensor<1x4x!a> to tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
