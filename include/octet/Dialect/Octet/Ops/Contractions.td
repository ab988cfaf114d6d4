//===- Contractions.td ------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_CONTRACTIONS_TD
#define OCTET_DIALECT_OCTET_OPS_CONTRACTIONS_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

// The last block of a filter need not be full: the verifier compares channels.
def Octet_InferredPositions : InferTypeOpAdaptorBase<[{
  static bool isCompatibleReturnTypes(::mlir::TypeRange inferred,
                                      ::mlir::TypeRange actual) {
    return ::octet::facts::haveOneShape(inferred, actual, /*butLast=*/true);
  }
}]>;

// Shapes of blocked filters and what kernels see of their channels.
def Octet_BlockedKernel : Octet_Facts<[{
  ::octet::Shape getKernelShape(unsigned index);
}]>;

def Octet_Conv2DOp : Octet_Op<"conv2d",
    [Octet_OwnDimensions, Octet_OwnScale, Octet_FloatReasons, Octet_IntegerForm,
     Octet_CountsMacs, Octet_BlockedKernel],
    [Octet_InferredPositions, AttrSizedOperandSegments, Octet_EpilogueOpInterface,
     DeclareOpInterfaceMethods<Octet_WindowOpInterface>]> {
  let summary = "2-D convolution with optional bias, residual and clamp";
  let description = [{
    `out[n,y,x,o] = clamp(bias[o] + Σ in[n, y·sy + kh·dy - top, x·sx + kw·dx -
    left, i] · filter[o,kh,kw,i] + residual[n,y,x,o])`; positions outside the
    input count as zero. `pads` is `[top, left, bottom, right]`. On `f32` the
    sum is one chain of fused multiply-adds in ascending `(kh, kw, i)` that
    starts from the bias (QS-12).

    Where `lanes` is set, filter and bias are blocked for that many output
    channels: the filter is `[O / lanes, KH, KW, I, lanes]` or, depthwise,
    `[KH, KW, O / lanes, lanes]`, the last block padded with zeros.

    ```mlir
    %1 = octet.conv2d %x, %w bias(%b) clamp(min 0.0) {pads = array<i64: 1, 1, 1, 1>}
        : tensor<1x8x8x16xf32>, tensor<32x3x3x16xf32>, tensor<32xf32>
        -> tensor<1x8x8x32xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, Octet_Tensor:$filter,
      Optional<Octet_F32Tensor>:$bias, Optional<Octet_Tensor>:$residual,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      DefaultValuedAttr<I64Attr, "1">:$groups,
      OptionalAttr<F32Attr>:$clamp_min, OptionalAttr<F32Attr>:$clamp_max,
      OptionalAttr<I64Attr>:$lanes);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $filter (`bias` `(` $bias^ `)`)? (`residual` `(` $residual^ `)`)?
    custom<Clamp>($clamp_min, $clamp_max) attr-dict `:` type($input) `,`
    type($filter) (`,` type($bias)^)? (`residual` type($residual)^)? `->`
    type($output)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraDeclarations = [{
    /// True for a linear layer of the channels of each position.
    bool isLinear();
    ::octet::OperandRole getOperandRole(unsigned index);
    bool takesResidual();
    void attachResidual(::mlir::Value residual);
    bool takesAffine();
    void attachAffine(::mlir::OpBuilder &builder, const ::octet::AffineStep &step);
  }];
}

def Octet_IntegerConv2DOp : Octet_Op<"integer_conv2d",
    [Octet_OwnDimensions, Octet_IntegerScale, Octet_CountsMacs,
     Octet_BlockedKernel],
    [Octet_InferredPositions, AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<Octet_StorageOpInterface, ["convertStorage"]>]> {
  let summary = "Convolution of 8-bit values with requantization";
  let description = [{
    `acc = bias[o] + Σ in · s8(filter)` in i32 over an already padded input;
    the zero point of the input is folded into the bias. Then (QS-5, QS-6)
    `q = rne(clamp(f32(acc) · multiplier[o] + f32(r - residual_zero_point) ·
    residual_multiplier, low, high)) + zero_point`, two rounded products and one
    rounded sum; without a residual the sum is absent. Where there is a table, the
    result is `table[q mod 256]` (QS-9); `zero_point` may be any then.

    `saturates` says that what is clamped is below 2³⁰ + 2²⁸, and that `low + zero_point`
    and `high + zero_point` are the bounds of the storage or, with a table, -128 and
    127: it is the same to clamp the integer. Canonicalization sets it, and moves
    `zero_point` along the table for it, or else makes it zero.

    Where `lanes` is set, filter and bias are blocked for that many output
    channels: the filter is `[O / lanes, KH, KW, I / pack, lanes, pack]` or,
    depthwise, `[KH, KW, O / lanes, lanes]`, the last block and the last input
    channels padded with zeros.

    ```mlir
    %1 = octet.integer_conv2d %x, %w, %bias, %m, %low, %high, %zp
        : tensor<1x10x10x16xui8>, tensor<32x3x3x16xsi8>, tensor<32xi32>,
        tensor<32xf32> -> tensor<1x8x8x32xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input, RankedTensorOf<[SI8]>:$filter,
      RankedTensorOf<[I32]>:$bias, Octet_F32Tensor:$multiplier, F32:$low,
      F32:$high, Octet_ZeroPoint:$zero_point,
      Optional<Octet_StorageTensor>:$residual,
      Optional<F32>:$residual_multiplier,
      Optional<Octet_ZeroPoint>:$residual_zero_point,
      Optional<Octet_StorageTensor>:$table,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      DefaultValuedAttr<I64Attr, "1">:$groups, OptionalAttr<I64Attr>:$lanes,
      UnitAttr:$saturates);
  let results = (outs Octet_StorageTensor:$output);
  let extraDeclarations = [{
    /// Input channels that lie in one lane of a blocked filter; 1 for others.
    int64_t getPack() {
      auto shape = getFilter().getType().getShape();
      return shape.size() == 6 ? shape.back() : 1;
    }
  }];
  let assemblyFormat = [{
    $input `,` $filter `,` $bias `,` $multiplier `,` $low `,` $high `,` $zero_point
    (`residual` `(` $residual^ `,` $residual_multiplier `,` $residual_zero_point `)`)?
    (`table` `(` $table^ `)`)? attr-dict `:` type($input) `,` type($filter) `,`
    type($bias) `,` type($multiplier) (`residual` type($residual)^)?
    (`table` type($table)^)? `->` type($output)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Octet_IntegerLinearOp : Octet_Op<"integer_linear",
    [Octet_OwnDimensions, Octet_IntegerScale, Octet_CountsMacs,
     Octet_BlockedKernel],
    [Octet_InferredPositions, AttrSizedOperandSegments,
     Octet_EpilogueOpInterface,
     DeclareOpInterfaceMethods<Octet_StorageOpInterface, ["convertStorage"]>]> {
  let summary = "Linear layer of rows that have scales of their own";
  let description = [{
    For each position, whose channels `octet.dynamic_quantize` has made 8 bits,
    `acc = Σ in · s8(filter)` in i32, then (QS-15)
    `x = fma(f32(acc - zero_point · sums[o]) · multiplier[o], scale, bias[o])`,
    `sums[o]` being that of the filter's weights; `x + residual`; the clamp. The
    result is f32. The filter is that of a 1×1 convolution; `lanes` is as for
    `octet.integer_conv2d`.

    ```mlir
    %1 = octet.integer_linear %q, %w, %sums, %m, %scale, %zp bias(%b)
        : tensor<1x1x128x64xui8>, tensor<32x1x1x64xsi8>, tensor<32xi32>,
        tensor<32xf32>, tensor<1x1x128xf32>, tensor<1x1x128xi32>, tensor<32xf32>
        -> tensor<1x1x128x32xf32>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input, RankedTensorOf<[SI8]>:$filter,
      RankedTensorOf<[I32]>:$sums, Octet_F32Tensor:$multiplier,
      Octet_F32Tensor:$scale, RankedTensorOf<[I32]>:$zero_point,
      Optional<Octet_F32Tensor>:$bias, Optional<Octet_F32Tensor>:$residual,
      OptionalAttr<F32Attr>:$clamp_min, OptionalAttr<F32Attr>:$clamp_max,
      OptionalAttr<I64Attr>:$lanes);
  let results = (outs Octet_F32Tensor:$output);
  let extraDeclarations = [{
    int64_t getGroups() { return 1; }
    /// Input channels that lie in one lane of a blocked filter; 1 for others.
    int64_t getPack() {
      auto shape = getFilter().getType().getShape();
      return shape.size() == 6 ? shape.back() : 1;
    }
  }];
  let assemblyFormat = [{
    $input `,` $filter `,` $sums `,` $multiplier `,` $scale `,` $zero_point
    (`bias` `(` $bias^ `)`)? (`residual` `(` $residual^ `)`)?
    custom<Clamp>($clamp_min, $clamp_max) attr-dict `:` type($input) `,`
    type($filter) `,` type($sums) `,` type($multiplier) `,` type($scale) `,`
    type($zero_point) (`,` type($bias)^)? (`residual` type($residual)^)? `->`
    type($output)
  }];
  let hasVerifier = 1;
}

def Octet_MatMulTensor : RankedTensorOf<[F32, I32, I64, UI32, UI64]>;

def Octet_MatMulOp : Octet_InferredOp<"matmul",
    [Octet_OwnDimensions, Octet_FloatScale, Octet_CountsMacs]> {
  let summary = "Batched matrix product";
  let description = [{
    `out[..., m, n] = bias[n] + Σ lhs[..., m, k] · rhs[..., k, n]`, leading
    dimensions broadcast as in NumPy; both operands have rank two or more. A
    product of f32 whose right side is a constant matrix becomes a 1×1
    `octet.conv2d` in `octet-linear-to-conv`. Products of integers have no bias
    and wrap around.

    Where `lanes` is set, a product of f32 is computed for that many columns, or
    rows where there are fewer columns, at a time; a right side that is used by
    many rows is first put block by block. The result is the same.

    ```mlir
    %1 = octet.matmul %a, %b : tensor<1x8x4xf32>, tensor<1x4x6xf32>
        -> tensor<1x8x6xf32>
    ```
  }];
  let arguments = (ins Octet_MatMulTensor:$lhs, Octet_MatMulTensor:$rhs,
      Optional<Octet_F32Tensor>:$bias, DefaultValuedAttr<I64Attr, "0">:$lanes);
  let results = (outs Octet_MatMulTensor:$output);
  let assemblyFormat = [{
    $lhs `,` $rhs (`bias` `(` $bias^ `)`)? attr-dict `:` type($lhs) `,`
    type($rhs) (`,` type($bias)^)? `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasOnnxBuilders = 1;
}

#endif // OCTET_DIALECT_OCTET_OPS_CONTRACTIONS_TD
