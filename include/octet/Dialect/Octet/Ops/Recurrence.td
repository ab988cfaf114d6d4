//===- Recurrence.td --------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_RECURRENCE_TD
#define OCTET_DIALECT_OCTET_OPS_RECURRENCE_TD

include "octet/Dialect/Octet/IR/OctetBase.td"
include "mlir/IR/CommonAttrConstraints.td"

def Octet_RecurrenceKind : I32EnumAttr<"RecurrenceKind", "recurrent cell", [
      I32EnumAttrCase<"Rnn", 0, "rnn">,
      I32EnumAttrCase<"Gru", 1, "gru">,
      I32EnumAttrCase<"Lstm", 2, "lstm">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_RecurrenceKindAttr
    : EnumAttr<Octet_Dialect, Octet_RecurrenceKind, "recurrence_kind">;

def Octet_Activation : I32EnumAttr<"Activation", "activation of a gate", [
      I32EnumAttrCase<"Sigmoid", 0, "sigmoid">,
      I32EnumAttrCase<"Tanh", 1, "tanh">,
      I32EnumAttrCase<"Relu", 2, "relu">,
      I32EnumAttrCase<"Affine", 3, "affine">,
      I32EnumAttrCase<"LeakyRelu", 4, "leaky_relu">,
      I32EnumAttrCase<"ThresholdedRelu", 5, "thresholded_relu">,
      I32EnumAttrCase<"ScaledTanh", 6, "scaled_tanh">,
      I32EnumAttrCase<"HardSigmoid", 7, "hard_sigmoid">,
      I32EnumAttrCase<"Elu", 8, "elu">,
      I32EnumAttrCase<"Softsign", 9, "softsign">,
      I32EnumAttrCase<"Softplus", 10, "softplus">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_ActivationAttr
    : EnumAttr<Octet_Dialect, Octet_Activation, "activation">;
def Octet_ActivationsAttr
    : TypedArrayAttrBase<Octet_ActivationAttr, "activations of gates">;

def Octet_RecurrenceOp : Octet_InferredOp<"recurrence",
    [Octet_LabelledByKind, Octet_OwnDimensions, Octet_FloatScale,
     Octet_CountsMacs],
    [AttrSizedOperandSegments]> {
  let summary = "The sequential part of a recurrent layer, in one direction";
  let description = [{
    Of each sequence n, `input[n, t]` holds the projections X_t · W + b of all
    gates, one behind the other, in ONNX's order: the cell's input (`rnn`), the
    update and reset gates and the hidden one (`gru`), or the input, output and
    forget gates and the cell's input (`lstm`). From step to step the gates'
    arguments are a = input[n, t] + h · `weight`, one chain of fused
    multiply-adds from the projection on (QS-19), and, with f, g and h' the
    `activations` of parameters `alphas` and `betas`,

    - `rnn`: h ← f(a).
    - `gru`: z = f(a_z), r = f(a_r), h ← (1 - z) · g(a_h) + z · h. The reset gate
      multiplies h before its product in a_h, or, `linear_before_reset`, the
      product, which then starts from `bias`.
    - `lstm`: c ← f(a_f) · c + f(a_i) · g(a_c), h ← f(a_o) · h'(c). The
      `peephole`'s rows times c join a_i, a_o and a_f; a_o sees the new c. With
      `input_forget`, f(a_f) is 1 - f(a_i).

    `clip` bounds the arguments of the gates. `reverse` goes from the last step to the
    first. Steps from `lengths[n]` on are left out: `output` is zero there.
    `state` holds h and, of an `lstm`, c: `initial` the first (zeros where it is
    absent), the second result the last.

    ```mlir
    %y, %s = octet.recurrence rnn %x, %r
        {activations = [#octet<activation tanh>], alphas = array<f32: 0.0>,
         betas = array<f32: 0.0>}
        : (tensor<2x5x4xf32>, tensor<4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x1x4xf32>)
    ```
  }];
  let extraDeclarations = [{
    ::octet::OperandRole getOperandRole(unsigned index) {
      return index == 0 ? ::octet::OperandRole::Exact
                        : ::octet::OperandRole::Activation;
    }
  }];
  let arguments = (ins Octet_F32Tensor:$input, Octet_F32Tensor:$weight,
      Optional<Octet_F32Tensor>:$initial, Optional<RankedTensorOf<[I64]>>:$lengths,
      Optional<Octet_F32Tensor>:$bias, Optional<Octet_F32Tensor>:$peephole,
      Octet_RecurrenceKindAttr:$kind, Octet_ActivationsAttr:$activations,
      DenseF32ArrayAttr:$alphas, DenseF32ArrayAttr:$betas,
      OptionalAttr<F32Attr>:$clip, UnitAttr:$reverse,
      UnitAttr:$linear_before_reset, UnitAttr:$input_forget);
  let results = (outs Octet_F32Tensor:$output, Octet_F32Tensor:$state);
  let assemblyFormat = [{
    $kind $input `,` $weight (`initial` `(` $initial^ `)`)?
    (`lengths` `(` $lengths^ `)`)? (`bias` `(` $bias^ `)`)?
    (`peephole` `(` $peephole^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasOnnxBuilders = 1;
}

#endif // OCTET_DIALECT_OCTET_OPS_RECURRENCE_TD
