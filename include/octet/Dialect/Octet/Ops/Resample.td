//===- Resample.td ----------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_RESAMPLE_TD
#define OCTET_DIALECT_OCTET_OPS_RESAMPLE_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

// Positions and weights speak of one dimension, whichever it is.
def Octet_ResampledDimension : Octet_Facts<[{
  ::llvm::SmallVector<int64_t> getDimensionSources(unsigned operand, unsigned result);
  bool permuteDimensions(::llvm::ArrayRef<int64_t> permutation) {
    setAxis(permutation[getAxis()]);
    return true;
  }
  bool hasOwnDimensions(unsigned operand) { return operand > 0; }
}]>;

def Octet_ResampleOp : Octet_InferredOp<"resample",
    [Octet_ResampledDimension, Octet_OwnScale, Octet_FloatReasons,
     Octet_IntegerForm]> {
  let summary = "Weighted sums of slices along one dimension";
  let description = [{
    `out[a..., o, b...] = Σ_t weights[o, t] · in[a..., sources[o, t], b...]`, the
    place of `o` being dimension `axis`: products are rounded and added up in
    ascending `t`. A source beyond either end takes the element at that end.

    ```mlir
    %1 = octet.resample %x, %s, %w {axis = 1 : i64}
        : tensor<1x4x4x8xf32>, tensor<8x2xi64>, tensor<8x2xf32>
        -> tensor<1x8x4x8xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, RankedTensorOf<[I64]>:$sources,
      Octet_F32Tensor:$weights, I64Attr:$axis);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $sources `,` $weights attr-dict `:` type($input) `,`
    type($sources) `,` type($weights) `->` type($output)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
  let extraDeclarations = [{
    ::octet::OperandRole getOperandRole(unsigned index) {
      return index == 0 ? ::octet::OperandRole::Activation
                        : ::octet::OperandRole::Parameter;
    }
  }];
}

def Octet_IntegerResampleOp : Octet_InferredOp<"integer_resample",
    [Octet_ResampledDimension, Octet_IntegerScale], [Octet_StorageOpInterface]> {
  let summary = "resample of 8-bit values with requantization";
  let description = [{
    `q = rne(clamp(Σ_t f32(x_t - input_zero_point) · multipliers[o, t], low,
    high)) + zero_point` (QS-20), `x_t` being the element at `sources[o, t]`.

    ```mlir
    %1 = octet.integer_resample %x, %zin, %s, %m, %low, %high, %zp {axis = 1 : i64}
        : tensor<1x4x4x8xui8>, tensor<8x2xi64>, tensor<8x2xf32>
        -> tensor<1x8x4x8xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input,
      Octet_ZeroPoint:$input_zero_point, RankedTensorOf<[I64]>:$sources,
      Octet_F32Tensor:$multipliers, F32:$low, F32:$high,
      Octet_ZeroPoint:$zero_point, I64Attr:$axis);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $input `,` $input_zero_point `,` $sources `,` $multipliers `,` $low `,` $high
    `,` $zero_point attr-dict `:` type($input) `,` type($sources) `,`
    type($multipliers) `->` type($output)
  }];
}

#endif // OCTET_DIALECT_OCTET_OPS_RESAMPLE_TD
