//===- PRelu.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_PRELU_TD
#define OCTET_DIALECT_OCTET_OPS_PRELU_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_PReluOp : Octet_InferredOp<"prelu",
    [Octet_ElementwiseDimensions, Octet_OwnScale, Octet_FloatReasons,
     Octet_IntegerForm]> {
  let summary = "x, or slope · x where x is negative";
  let description = [{
    The slope broadcasts to the input's shape as in NumPy; it is f32, also beside
    a quantized input.

    ```mlir
    %1 = octet.prelu %x, %slope : tensor<1x8x8x16xf32>, tensor<16xf32>
        -> tensor<1x8x8x16xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, Octet_F32Tensor:$slope);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $slope attr-dict `:` type($input) `,` type($slope) `->` type($output)
  }];
  let hasOnnxBuilders = 1;
  let extraDeclarations = [{
    ::octet::OperandRole getOperandRole(unsigned index) {
      return index == 0 ? ::octet::OperandRole::Activation
                        : ::octet::OperandRole::Parameter;
    }
  }];
}

def Octet_IntegerPReluOp : Octet_InferredOp<"integer_prelu",
    [Octet_ElementwiseDimensions, Octet_IntegerScale],
    [Octet_StorageOpInterface]> {
  let summary = "prelu of 8-bit values with requantization";
  let description = [{
    `q = rne(clamp(f32(x - input_zero_point) · m, low, high)) + zero_point`
    (QS-18), where m is `negative` below the input's zero point and `positive`
    from there on.

    ```mlir
    %1 = octet.integer_prelu %x, %zin, %positive, %negative, %low, %high, %zp
        : tensor<1x8x8x16xui8>, tensor<16xf32> -> tensor<1x8x8x16xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input,
      Octet_ZeroPoint:$input_zero_point, F32:$positive, Octet_F32Tensor:$negative,
      F32:$low, F32:$high, Octet_ZeroPoint:$zero_point);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $input `,` $input_zero_point `,` $positive `,` $negative `,` $low `,` $high
    `,` $zero_point attr-dict `:` type($input) `,` type($negative) `->`
    type($output)
  }];
}

#endif // OCTET_DIALECT_OCTET_OPS_PRELU_TD
