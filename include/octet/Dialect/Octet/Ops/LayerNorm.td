//===- LayerNorm.td ---------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_LAYERNORM_TD
#define OCTET_DIALECT_OCTET_OPS_LAYERNORM_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_LayerNormOp : Octet_InferredOp<"layer_norm",
    [Octet_OwnDimensions, Octet_FloatScale], [AttrSizedOperandSegments]> {
  let summary = "Normalization along the last dimension";
  let description = [{
    `(x - mean) · (1 / √(variance + epsilon)) · scale + shift`, the variance being
    the mean of `(x - mean)²`; with `rms`, zero stands for the mean (QS-23). Scale
    and shift have one value for each position along the last dimension.
    `octet-fuse-normalization` makes it.

    ```mlir
    %1 = octet.layer_norm %x scale(%g) shift(%b) {epsilon = 1.0e-5 : f32}
        : tensor<1x128x384xf32>, tensor<384xf32> shift tensor<384xf32>
        -> tensor<1x128x384xf32>
    ```
  }];
  let arguments = (ins Octet_F32Tensor:$input, Optional<Octet_F32Tensor>:$scale,
      Optional<Octet_F32Tensor>:$shift, F32Attr:$epsilon, UnitAttr:$rms);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `)`)? (`shift` `(` $shift^ `)`)? attr-dict `:`
    type($input) (`,` type($scale)^)? (`shift` type($shift)^)? `->` type($output)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraDeclarations = [{
    bool hasOwnDimensions(unsigned operand) { return operand > 0; }
    ::octet::OperandRole getOperandRole(unsigned index) {
      return index == 0 ? ::octet::OperandRole::Activation
                        : ::octet::OperandRole::Parameter;
    }
    ::llvm::StringRef getLabel() { return getRms() ? "rms_norm" : "layer_norm"; }
  }];
}

#endif // OCTET_DIALECT_OCTET_OPS_LAYERNORM_TD
