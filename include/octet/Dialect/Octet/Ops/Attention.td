//===- Attention.td ----------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_ATTENTION_TD
#define OCTET_DIALECT_OCTET_OPS_ATTENTION_TD

include "octet/Dialect/Octet/IR/OctetBase.td"
include "mlir/IR/CommonAttrConstraints.td"

def Octet_AttentionOp : Octet_InferredOp<"attention",
    [Octet_OwnDimensions, Octet_FloatScale, Octet_CountsMacs]> {
  let summary = "Scaled dot-product attention";
  let description = [{
    `softmax(query · keyᵀ · scale + mask) · value` of a `query` [B, H, S, D], a
    `key` [B, G, T, D] and a `value` [B, G, T, E], for each of H heads, of which
    H / G in a row share a head of key and value. `mask` has rank four and
    broadcasts to [B, H, S, T]. With `causal`, query i sees the keys up to
    i + causal alone. Nothing is ever as large as S · T: keys are taken in tiles,
    in ascending order, and what was summed up is scaled anew where a tile has
    a larger score (QS-14).

    Where `lanes` is set, it is computed for that many queries at a time;
    `registers` accumulators of as many lanes fit the register file. The result
    is the same.

    ```mlir
    %1 = octet.attention %q, %k, %v mask(%m) {scale = 0.5 : f32}
        : (tensor<1x8x6x4xf32>, tensor<1x2x9x4xf32>, tensor<1x2x9x5xf32>,
           tensor<1x1x6x9xf32>) -> tensor<1x8x6x5xf32>
    ```
  }];
  let extraDeclarations = [{
    /// A mask may span more than any 8 bits can tell apart.
    ::octet::OperandRole getOperandRole(unsigned index) {
      return index == 3 ? ::octet::OperandRole::Exact
                        : ::octet::OperandRole::Activation;
    }
  }];
  let arguments = (ins Octet_F32Tensor:$query, Octet_F32Tensor:$key,
      Octet_F32Tensor:$value, Optional<Octet_F32Tensor>:$mask, F32Attr:$scale,
      OptionalAttr<I64Attr>:$causal, DefaultValuedAttr<I64Attr, "0">:$lanes,
      DefaultValuedAttr<I64Attr, "0">:$registers);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` `(` $mask^ `)`)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // OCTET_DIALECT_OCTET_OPS_ATTENTION_TD
