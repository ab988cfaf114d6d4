//===- OctetGraphOps.td ------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTETGRAPHOPS_TD
#define OCTET_DIALECT_OCTET_IR_OCTETGRAPHOPS_TD

include "octet/Dialect/Octet/IR/OctetAttributes.td"

// Tensors of f32, of !quant.uniform over 8 bits, or of 8-bit storage: ui8, or
// si8 that holds q - 128.
def Octet_Real : AnyTypeOf<[F32, UI8, SI8,
    Type<CPred<"::llvm::isa<::mlir::quant::QuantizedType>($_self)">,
         "quantized type">]>;
def Octet_Tensor : RankedTensorOf<[Octet_Real]>;
def Octet_AnyTensor : RankedTensorOf<[AnyType]>;
def Octet_F32Tensor : RankedTensorOf<[F32]>;
def Octet_StorageTensor : RankedTensorOf<[UI8, SI8]>;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

def Octet_Conv2DOp : Octet_Op<"conv2d", [Pure, AttrSizedOperandSegments]> {
  let summary = "2-D convolution with optional bias, residual and clamp";
  let description = [{
    `out[n,y,x,o] = clamp(bias[o] + Σ in[n, y·sy + kh·dy - top, x·sx + kw·dx -
    left, i] · filter[o,kh,kw,i] + residual[n,y,x,o])`; positions outside the
    input count as zero. `pads` is `[top, left, bottom, right]`. On `f32` the
    sum is one chain of fused multiply-adds in ascending `(kh, kw, i)` that
    starts from the bias (QS-12).

    Where `lanes` is set, filter and bias are blocked for that many output
    channels: the filter is `[O / lanes, KH, KW, I, lanes]` or, depthwise, `[KH, KW, O / lanes, lanes]`, the
    last block padded with zeros.

    ```mlir
    %1 = octet.conv2d %x, %w bias(%b) {strides = array<i64: 1, 1>,
        pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
        groups = 1, clamp_min = 0.0 : f32}
        : tensor<1x8x8x16xf32>, tensor<32x3x3x16xf32>, tensor<32xf32>
        -> tensor<1x8x8x32xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, Octet_Tensor:$filter,
      Optional<Octet_F32Tensor>:$bias, Optional<Octet_Tensor>:$residual,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
      DenseI64ArrayAttr:$dilations, I64Attr:$groups,
      OptionalAttr<F32Attr>:$clamp_min, OptionalAttr<F32Attr>:$clamp_max,
      OptionalAttr<I64Attr>:$lanes);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $filter (`bias` `(` $bias^ `)`)? (`residual` `(` $residual^ `)`)?
    attr-dict `:` type($input) `,` type($filter) (`,` type($bias)^)?
    (`residual` type($residual)^)? `->` type($output)
  }];
  let hasVerifier = 1;
}

def Octet_MatMulOp : Octet_Op<"matmul", [Pure]> {
  let summary = "Batched matrix product";
  let description = [{
    `out[..., m, n] = bias[n] + Σ lhs[..., m, k] · rhs[..., k, n]`, leading
    dimensions broadcast as in NumPy; both operands have rank two or more. A
    product whose right side is a constant matrix becomes a 1×1 `octet.conv2d`
    in `octet-simplify`.

    ```mlir
    %1 = octet.matmul %a, %b : tensor<1x8x4xf32>, tensor<1x4x6xf32>
        -> tensor<1x8x6xf32>
    ```
  }];
  let arguments = (ins Octet_F32Tensor:$lhs, Octet_F32Tensor:$rhs,
      Optional<Octet_F32Tensor>:$bias);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = [{
    $lhs `,` $rhs (`bias` `(` $bias^ `)`)? attr-dict `:` type($lhs) `,`
    type($rhs) (`,` type($bias)^)? `->` type($output)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Pools and reductions
//===----------------------------------------------------------------------===//

def Octet_MaxPool2DOp : Octet_Op<"max_pool2d", [Pure]> {
  let summary = "Largest value of each window";
  let description = [{
    Padded positions never win. Input and output share scale and zero point.

    ```mlir
    %1 = octet.max_pool2d %x {kernel = array<i64: 3, 3>,
        strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>,
        dilations = array<i64: 1, 1>}
        : tensor<1x112x112x64xf32> -> tensor<1x56x56x64xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, DenseI64ArrayAttr:$kernel,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
      DenseI64ArrayAttr:$dilations);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Octet_AvgPool2DOp : Octet_Op<"avg_pool2d", [Pure]> {
  let summary = "Mean of each window";
  let description = [{
    The divisor is the number of positions inside the input, or the kernel's
    size where `count_include_pad` is set. On `f32` the window is summed in
    ascending `(kh, kw)` (QS-12) and the sum divided once. Where padding has been
    made explicit, `divisor` holds the count of each position, `[OH, OW]`.

    ```mlir
    %1 = octet.avg_pool2d %x {kernel = array<i64: 7, 7>,
        strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
        dilations = array<i64: 1, 1>}
        : tensor<1x7x7x512xf32> -> tensor<1x1x1x512xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, Optional<Octet_F32Tensor>:$divisor,
      DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
      DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
      DefaultValuedAttr<BoolAttr, "false">:$count_include_pad);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = [{
    $input (`divisor` `(` $divisor^ `:` type($divisor) `)`)? attr-dict `:`
    type($input) `->` type($output)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Positions of each window that count, [OH, OW], row-major.
    ::llvm::SmallVector<float> getCounts();
  }];
}

def Octet_ReduceMeanOp : Octet_Op<"reduce_mean", [Pure]> {
  let summary = "Mean over some dimensions, which are kept with size one";
  let description = [{
    Summed in ascending index order, then divided once (QS-12).

    ```mlir
    %1 = octet.reduce_mean %x {axes = array<i64: 2>}
        : tensor<1x8x16xf32> -> tensor<1x8x1xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Octet_SoftmaxOp : Octet_Op<"softmax", [Pure]> {
  let summary = "Softmax along one dimension";
  let description = [{
    `exp(x - max) / Σ exp(x - max)`, the sum in ascending order (QS-12).

    ```mlir
    %1 = octet.softmax %x {axis = 1 : i64} : tensor<1x10xf32> -> tensor<1x10xf32>
    ```
  }];
  let arguments = (ins Octet_F32Tensor:$input, I64Attr:$axis);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

class Octet_BinaryOp<string mnemonic, string symbol> : Octet_Op<mnemonic, [Pure]> {
  let summary = "Elementwise lhs " # symbol # " rhs with broadcasting";
  let description = [{
    Shapes broadcast as in NumPy: aligned at the last dimension, sizes equal or
    one. The result may be clamped.

    ```mlir
    %1 = octet.}] # mnemonic # [{ %a, %b : tensor<1x8x8x16xf32>, tensor<16xf32>
        -> tensor<1x8x8x16xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$lhs, Octet_Tensor:$rhs,
      OptionalAttr<F32Attr>:$clamp_min, OptionalAttr<F32Attr>:$clamp_max);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Octet_AddOp : Octet_BinaryOp<"add", "+">;
def Octet_SubOp : Octet_BinaryOp<"sub", "-">;
def Octet_MulOp : Octet_BinaryOp<"mul", "·">;
def Octet_DivOp : Octet_BinaryOp<"div", "/">;

class Octet_UnaryOp<string mnemonic, dag extra> : Octet_Op<mnemonic, [Pure]> {
  let arguments = !con((ins Octet_Tensor:$input), extra);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Octet_ClampOp : Octet_UnaryOp<"clamp",
    (ins OptionalAttr<F32Attr>:$clamp_min, OptionalAttr<F32Attr>:$clamp_max)> {
  let summary = "min(max(x, clamp_min), clamp_max)";
  let description = [{
    An absent bound does not bind. `Relu` is a clamp from zero up. A NaN stays
    a NaN.

    ```mlir
    %1 = octet.clamp %x {clamp_min = 0.0 : f32, clamp_max = 6.0 : f32}
        : tensor<1x8xf32> -> tensor<1x8xf32>
    ```
  }];
  let hasFolder = 1;
}

def Octet_ActivationOp : Octet_UnaryOp<"activation",
    (ins Octet_ActivationKindAttr:$kind,
         DefaultValuedAttr<F32Attr, "0.0f">:$alpha,
         DefaultValuedAttr<F32Attr, "0.0f">:$beta)> {
  let summary = "Elementwise function";
  let description = [{
    `leaky_relu`: x < 0 ? alpha·x : x. `sigmoid`: 1 / (1 + exp(-x)).
    `hard_sigmoid`: min(max(alpha·x + beta, 0), 1). `hard_swish`:
    x · hard_sigmoid(x) with alpha = 1/6, beta = 1/2. `tanh`.

    ```mlir
    %1 = octet.activation %x {kind = #octet.activation_kind<sigmoid>}
        : tensor<1x8xf32> -> tensor<1x8xf32>
    ```
  }];
}

def Octet_CastOp : Octet_Op<"cast", [Pure]> {
  let summary = "Conversion between element types";
  let description = [{
    Integer to float rounds to nearest; float to integer truncates toward zero
    and saturates.

    ```mlir
    %1 = octet.cast %x : tensor<1x3xui8> -> tensor<1x3xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Data movement: same values, same scale
//===----------------------------------------------------------------------===//

class Octet_MoveOp<string mnemonic, dag extra> : Octet_Op<mnemonic, [Pure]> {
  let arguments = !con((ins Octet_AnyTensor:$input), extra);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Octet_ReshapeOp : Octet_MoveOp<"reshape", (ins)> {
  let summary = "Same elements in row-major order, another shape";
  let description = [{
    ```mlir
    %1 = octet.reshape %x : tensor<1x1x1x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Octet_TransposeOp : Octet_MoveOp<"transpose",
    (ins DenseI64ArrayAttr:$permutation)> {
  let summary = "Dimension i of the result is dimension permutation[i] of the input";
  let description = [{
    ```mlir
    %1 = octet.transpose %x {permutation = array<i64: 0, 2, 3, 1>}
        : tensor<1x3x32x32xf32> -> tensor<1x32x32x3xf32>
    ```
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Octet_SliceOp : Octet_MoveOp<"slice",
    (ins DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
         DenseI64ArrayAttr:$strides)> {
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
}

def Octet_PadOp : Octet_MoveOp<"pad",
    (ins DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, F32Attr:$value)> {
  let summary = "Constant padding";
  let description = [{
    `low` and `high` are not negative. `value` is in real units on `f32` and
    quantized tensors and a storage value on `ui8` and `si8`. Where the input's layout has
    a border of at least this size, the result is the same memory and the pad
    only writes the border.

    ```mlir
    %1 = octet.pad %x {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>,
        value = 0.0 : f32} : tensor<1x8x8x4xf32> -> tensor<1x10x10x4xf32>
    ```
  }];
  let extraClassDeclaration = [{
    /// True if the result is the input's memory with its border written.
    bool isInPlace();
  }];
}

def Octet_ConcatOp : Octet_Op<"concat", [Pure]> {
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
}

def Octet_CopyOp : Octet_MoveOp<"copy", (ins)> {
  let summary = "Same values, another layout";
  let description = [{
    ```mlir
    %1 = octet.copy %x : tensor<1x8x8x3xf32, #octet.layout<channels = 4,
        border = 0, 0, 0, 0>> -> tensor<1x8x8x3xf32>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Calibration
//===----------------------------------------------------------------------===//

def Octet_ObserveOp
    : Octet_Op<"observe", [AllTypesMatch<["input", "output"]>]> {
  let summary = "Marks a tensor that will carry a scale";
  let description = [{
    In the instrumented program it adds the tensor's values to the histogram
    `key`, the ONNX value name. `octet-apply-ranges` records the range found as
    `low` and `high` (real units), which `octet-quantize` turns into a scale
    and a zero point (QS-2).

    ```mlir
    %1 = octet.observe %x {key = "relu1", low = 0.0 : f32, high = 5.5 : f32}
        : tensor<1x8xf32>
    ```
  }];
  let arguments = (ins Octet_F32Tensor:$input, StrAttr:$key,
      OptionalAttr<F32Attr>:$low, OptionalAttr<F32Attr>:$high);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::StringRef":$key)>];
}

#endif // OCTET_DIALECT_OCTET_IR_OCTETGRAPHOPS_TD
