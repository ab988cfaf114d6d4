//===- Moves.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations that move values: same values, same scale (QS-10).
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_MOVES_TD
#define OCTET_DIALECT_OCTET_OPS_MOVES_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

// What moves bytes follows its operand where storage becomes signed.
class Octet_MoveOp<string mnemonic, list<Octet_Facts> facts, dag extra,
                   list<Trait> traits = []>
    : Octet_Op<mnemonic, [Octet_SameScale] # facts,
               [Octet_StorageOpInterface] # traits> {
  let arguments = !con((ins Octet_AnyTensor:$input), extra);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Octet_ReshapeOp : Octet_MoveOp<"reshape",
    [Octet_OwnDimensions, Octet_OwnRows], (ins)> {
  let summary = "Same elements in row-major order, another shape";
  let description = [{
    ```mlir
    %1 = octet.reshape %x : tensor<1x1x1x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
  let hasCanonicalizer = 1;
}

def Octet_TransposeOp : Octet_MoveOp<"transpose", [Octet_OwnDimensions],
    (ins DenseI64ArrayAttr:$permutation), [Octet_InferredShape]> {
  let summary = "Dimension i of the result is dimension permutation[i] of the input";
  let description = [{
    ```mlir
    %1 = octet.transpose %x {permutation = array<i64: 0, 2, 3, 1>}
        : tensor<1x3x32x32xf32> -> tensor<1x32x32x3xf32>
    ```
  }];
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
  let hasCanonicalizer = 1;
}

def Octet_SliceOp : Octet_MoveOp<"slice",
    [Octet_OwnDimensions, Octet_PermutableDimensions, Octet_CopiesBoxes],
    (ins DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
         DenseI64ArrayAttr:$strides), [Octet_InferredShape]> {
  let summary = "out[i] = in[offsets + i · strides]";
  let description = [{
    Strides are positive or negative, never zero; every element read lies
    inside the input.

    ```mlir
    %1 = octet.slice %x {offsets = array<i64: 0, 0>, sizes = array<i64: 1, 4>,
        strides = array<i64: 1, 2>} : tensor<1x8xf32> -> tensor<1x4xf32>
    ```
  }];
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

def Octet_PadOp : Octet_MoveOp<"pad",
    [Octet_OwnDimensions, Octet_PermutableDimensions, Octet_IntegerForm],
    (ins DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, F32Attr:$value),
    [Octet_InferredShape]> {
  let summary = "Constant padding";
  let description = [{
    `low` and `high` are not negative. `value` is in real units on `f32` and
    quantized tensors and a storage value on `ui8` and `si8`.

    ```mlir
    %1 = octet.pad %x {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>,
        value = 0.0 : f32} : tensor<1x8x8x4xf32> -> tensor<1x10x10x4xf32>
    ```
  }];
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
  let extraDeclarations = [{
    bool passesScale(::mlir::quant::UniformQuantizedType type);
    ::mlir::LogicalResult convertStorage(::octet::StorageConverter &converter);
  }];
}

def Octet_BorderOp : Octet_Op<"border", [Octet_OwnDimensions, Octet_SameScale],
                              [Octet_InferredShape]> {
  let summary = "Padding of dimensions 1 and 2 in place";
  let description = [{
    The result is the input's memory: its layout has room for the padding around
    it, of which this operation writes rows `[top, bottom]` and columns `[left,
    right]` with `value`, a storage value on `ui8` and `si8`. Nothing else may
    write that border, and only this operation's users read it.

    ```mlir
    %1 = octet.border %x {pads = array<i64: 1, 1, 1, 1>, value = 0.0 : f32}
        : tensor<1x8x8x4xf32, #octet.layout<channels = 4, border = 1, 1, 1, 1>>
        -> tensor<1x10x10x4xf32, #octet.layout<channels = 4, border = 0, 0, 0, 0>>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, DenseI64ArrayAttr:$pads,
                       F32Attr:$value);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Octet_ConcatOp : Octet_InferredOp<"concat",
    [Octet_OwnDimensions, Octet_PermutableDimensions, Octet_JoinedScale,
     Octet_IntegerForm, Octet_CopiesBoxes],
    [Octet_StorageOpInterface]> {
  let summary = "Concatenation along one dimension";
  let description = [{
    ```mlir
    %1 = octet.concat %a, %b {axis = 3 : i64}
        : tensor<1x8x8x4xf32>, tensor<1x8x8x5xf32> -> tensor<1x8x8x9xf32>
    ```
  }];
  let arguments = (ins Variadic<Octet_AnyTensor>:$inputs, I64Attr:$axis);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

def Octet_BroadcastOp : Octet_MoveOp<"broadcast", [Octet_ElementwiseDimensions],
                                     (ins)> {
  let summary = "The same elements along dimensions of size one, or in front";
  let description = [{
    Shapes are aligned at the last dimension, as in NumPy.

    ```mlir
    %1 = octet.broadcast %x : tensor<8x1xf32> -> tensor<4x8x3xf32>
    ```
  }];
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

def Octet_GatherOp : Octet_InferredOp<"gather",
    [Octet_OwnDimensions, Octet_PermutableDimensions, Octet_SameScale], [Octet_StorageOpInterface]> {
  let summary = "Slices of the input along one dimension, chosen by indices";
  let description = [{
    `out[a..., i..., b...] = in[a..., indices[i...], b...]`, the indices' place
    being dimension `axis`. A negative index counts from the end; one beyond
    either end, which is known to be there only at run time, takes the element
    at that end.

    ```mlir
    %1 = octet.gather %x, %i {axis = 1 : i64}
        : tensor<4x10x3xf32>, tensor<2x5xi64> -> tensor<4x2x5x3xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input,
      RankedTensorOf<[I32, I64]>:$indices, I64Attr:$axis);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = [{
    $input `,` $indices attr-dict `:` type($input) `,` type($indices) `->`
    type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
  let extraDeclarations = [{
    bool hasOwnDimensions(unsigned operand) { return operand == 1; }
    ::octet::OperandRole getOperandRole(unsigned index);
  }];
}

def Octet_CopyOp : Octet_MoveOp<"copy", [Octet_ElementwiseDimensions], (ins)> {
  let summary = "Same values, another layout";
  let description = [{
    ```mlir
    %1 = octet.copy %x : tensor<1x8x8x3xf32, #octet.layout<channels = 4,
        border = 0, 0, 0, 0>> -> tensor<1x8x8x3xf32>
    ```
  }];
}

#endif // OCTET_DIALECT_OCTET_OPS_MOVES_TD
