//===- Cumulative.td --------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_CUMULATIVE_TD
#define OCTET_DIALECT_OCTET_OPS_CUMULATIVE_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_CumulativeKind : I32EnumAttr<"CumulativeKind",
    "what elements are accumulated by", [
      I32EnumAttrCase<"Sum", 0, "cumulative_sum">,
      I32EnumAttrCase<"Prod", 1, "cumulative_prod">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_CumulativeKindAttr
    : EnumAttr<Octet_Dialect, Octet_CumulativeKind, "cumulative_kind">;

def Octet_CumulativeOp : Octet_InferredOp<"cumulative",
    [Octet_LabelledByKind, Octet_OwnDimensions, Octet_PermutableDimensions,
     Octet_FloatScale]> {
  let summary = "Sums or products of all elements up to each one";
  let description = [{
    Along `axis`, from the first element or, `reverse`, from the last: `y_i` is
    `y_(i-1) + x_i` (QS-12). An `exclusive` one leaves the element itself out and
    starts from 0, a product from 1. Integers wrap around.

    ```mlir
    %1 = octet.cumulative cumulative_sum %x {axis = 1 : i64, reverse}
        : tensor<2x5xf32> -> tensor<2x5xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input, Octet_CumulativeKindAttr:$kind,
                       I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

#endif // OCTET_DIALECT_OCTET_OPS_CUMULATIVE_TD
