//===- Reductions.td --------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_REDUCTIONS_TD
#define OCTET_DIALECT_OCTET_OPS_REDUCTIONS_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_ReduceKind : I32EnumAttr<"ReduceKind", "reduction over dimensions", [
      I32EnumAttrCase<"Mean", 0, "mean">,
      I32EnumAttrCase<"Sum", 1, "sum">,
      I32EnumAttrCase<"Max", 2, "max">,
      I32EnumAttrCase<"Min", 3, "min">,
      I32EnumAttrCase<"Prod", 4, "prod">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_ReduceKindAttr : EnumAttr<Octet_Dialect, Octet_ReduceKind, "reduce_kind">;

def Octet_ReduceOp : Octet_InferredOp<"reduce",
    [Octet_LabelledByKind, Octet_OwnDimensions, Octet_PermutableDimensions, Octet_FloatScale]> {
  let summary = "Reduction over some dimensions, which are kept with size one";
  let description = [{
    Sums and means are taken as QS-12 says, a mean's sum is divided once. The
    largest and the smallest value is NaN where one of them is. Integers have
    all reductions but the mean; their sums and products wrap around.

    ```mlir
    %1 = octet.reduce mean %x {axes = array<i64: 2>}
        : tensor<1x8x16xf32> -> tensor<1x8x1xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input, Octet_ReduceKindAttr:$kind,
                       DenseI64ArrayAttr:$axes);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

def Octet_SoftmaxOp : Octet_InferredOp<"softmax",
    [Octet_OwnDimensions, Octet_PermutableDimensions, Octet_FloatScale]> {
  let summary = "Softmax along one dimension";
  let description = [{
    `exp(x - max) / Σ exp(x - max)`, the sum as QS-12 says.

    ```mlir
    %1 = octet.softmax %x {axis = 1 : i64} : tensor<1x10xf32> -> tensor<1x10xf32>
    ```
  }];
  let arguments = (ins Octet_F32Tensor:$input, I64Attr:$axis);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasOnnxBuilders = 1;
}

#endif // OCTET_DIALECT_OCTET_OPS_REDUCTIONS_TD
