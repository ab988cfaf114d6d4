//===- OctetIntegerOps.td ----------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTETINTEGEROPS_TD
#define OCTET_DIALECT_OCTET_IR_OCTETINTEGEROPS_TD

include "octet/Dialect/Octet/IR/OctetGraphOps.td"

// Scalars are operands, not attributes: layers that differ in nothing else
// share one kernel.
//
// Quantized values are numbers of their storage's type: where that is si8, they
// and their zero points are 128 less than in ui8.

def Octet_QuantizeOp : Octet_Op<"quantize", [Pure]> {
  let summary = "f32 to 8 bits, per-channel affine";
  let description = [{
    `q = rne(clamp((x - offset[c]) / divisor[c], low, high)) + zero_point`
    (QS-3), c the last dimension of the result; NaN gives the zero point. The
    input is read through `permutation`, so that an NCHW image is quantized and
    put channels-last in one pass. `low` and `high` are clamp bounds relative to
    the zero point.

    ```mlir
    %1 = octet.quantize %x, %offset, %divisor, %low, %high, %zp
        {permutation = array<i64: 0, 2, 3, 1>}
        : tensor<1x3x32x32xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<1x32x32x3xui8>
    ```
  }];
  let arguments = (ins Octet_F32Tensor:$input, Octet_F32Tensor:$offset,
      Octet_F32Tensor:$divisor, F32:$low, F32:$high, I32:$zero_point,
      DenseI64ArrayAttr:$permutation);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $input `,` $offset `,` $divisor `,` $low `,` $high `,` $zero_point attr-dict
    `:` type($input) `,` type($offset) `,` type($divisor) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Octet_DequantizeOp : Octet_Op<"dequantize", [Pure]> {
  let summary = "8 bits to f32";
  let description = [{
    `x = scale · f32(q - zero_point)` (QS-1).

    ```mlir
    %1 = octet.dequantize %q, %scale, %zp : tensor<1x10xui8> -> tensor<1x10xf32>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input, F32:$scale, I32:$zero_point);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = [{
    $input `,` $scale `,` $zero_point attr-dict `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Octet_IntegerConv2DOp
    : Octet_Op<"integer_conv2d", [Pure, AttrSizedOperandSegments]> {
  let summary = "Convolution of 8-bit values with requantization";
  let description = [{
    `acc = bias[o] + Σ in · s8(filter)` in i32 over an already padded input;
    the zero point of the input is folded into the bias. Then (QS-5, QS-6)
    `q = rne(clamp(f32(acc) · multiplier[o] + f32(r - residual_zero_point) ·
    residual_multiplier, low, high)) + zero_point`, two rounded products and one
    rounded sum; without a residual the sum is absent.

    Where `lanes` is set, filter and bias are blocked for that many output
    channels: the filter is `[O / lanes, KH, KW, I / pack, lanes, pack]` or, depthwise, `[KH, KW, O / lanes, lanes]`, the
    last block and the last input channels padded with zeros.

    ```mlir
    %1 = octet.integer_conv2d %x, %w, %bias, %m, %low, %high, %zp
        {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, groups = 1}
        : tensor<1x10x10x16xui8>, tensor<32x3x3x16xsi8> -> tensor<1x8x8x32xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input, RankedTensorOf<[SI8]>:$filter,
      RankedTensorOf<[I32]>:$bias, Octet_F32Tensor:$multiplier, F32:$low,
      F32:$high, I32:$zero_point, Optional<Octet_StorageTensor>:$residual,
      Optional<F32>:$residual_multiplier, Optional<I32>:$residual_zero_point,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, I64Attr:$groups,
      OptionalAttr<I64Attr>:$lanes);
  let results = (outs Octet_StorageTensor:$output);
  let extraClassDeclaration = [{
    /// Input channels that lie in one lane of a blocked filter; 1 for others.
    int64_t getPack() {
      auto shape = getFilter().getType().getShape();
      return shape.size() == 6 ? shape.back() : 1;
    }
  }];
  let assemblyFormat = [{
    $input `,` $filter `,` $bias `,` $multiplier `,` $low `,` $high `,` $zero_point
    (`residual` `(` $residual^ `,` $residual_multiplier `,` $residual_zero_point `)`)?
    attr-dict `:` type($input) `,` type($filter) `,` type($bias) `,`
    type($multiplier) (`residual` type($residual)^)? `->` type($output)
  }];
  let hasVerifier = 1;
}

def Octet_IntegerAvgPool2DOp : Octet_Op<"integer_avg_pool2d", [Pure]> {
  let summary = "Mean of each window of 8-bit values";
  let description = [{
    `q = rne(clamp(f32(Σ (in - input_zero_point)) · multiplier[y,x], low, high))
    + zero_point` (QS-7) over an already padded input, whose border holds the
    input's zero point; `multiplier` is `[OH, OW]`, or `[1, 1]` where the count
    is the same everywhere.

    ```mlir
    %1 = octet.integer_avg_pool2d %x, %zin, %m, %low, %high, %zp
        {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>,
         dilations = array<i64: 1, 1>}
        : tensor<1x8x8x16xui8>, tensor<1x1xf32> -> tensor<1x4x4x16xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input, I32:$input_zero_point,
      Octet_F32Tensor:$multiplier, F32:$low, F32:$high, I32:$zero_point,
      DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
      DenseI64ArrayAttr:$dilations);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $input `,` $input_zero_point `,` $multiplier `,` $low `,` $high `,`
    $zero_point attr-dict `:` type($input) `,` type($multiplier) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Octet_IntegerAddOp : Octet_Op<"integer_add", [Pure]> {
  let summary = "Sum of two 8-bit tensors with their own scales";
  let description = [{
    `q = rne(clamp(f32(a - lhs_zero_point) · lhs_multiplier + f32(b -
    rhs_zero_point) · rhs_multiplier, low, high)) + zero_point` (QS-6): two
    rounded products, one rounded sum. A difference has a negative
    `rhs_multiplier`.

    ```mlir
    %1 = octet.integer_add %a, %za, %ma, %b, %zb, %mb, %low, %high, %zp
        : tensor<1x8x8x16xui8>, tensor<1x8x8x16xui8> -> tensor<1x8x8x16xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$lhs, I32:$lhs_zero_point,
      F32:$lhs_multiplier, Octet_StorageTensor:$rhs, I32:$rhs_zero_point,
      F32:$rhs_multiplier, F32:$low, F32:$high, I32:$zero_point);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $lhs `,` $lhs_zero_point `,` $lhs_multiplier `,` $rhs `,` $rhs_zero_point
    `,` $rhs_multiplier `,` $low `,` $high `,` $zero_point attr-dict `:`
    type($lhs) `,` type($rhs) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Octet_IntegerMulOp : Octet_Op<"integer_mul", [Pure]> {
  let summary = "Product of two 8-bit tensors";
  let description = [{
    `q = rne(clamp(f32((a - lhs_zero_point) · (b - rhs_zero_point)) ·
    multiplier, low, high)) + zero_point` (QS-8); the product is exact.

    ```mlir
    %1 = octet.integer_mul %a, %za, %b, %zb, %m, %low, %high, %zp
        : tensor<1x8x8x16xui8>, tensor<1x1x1x16xui8> -> tensor<1x8x8x16xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$lhs, I32:$lhs_zero_point,
      Octet_StorageTensor:$rhs, I32:$rhs_zero_point, F32:$multiplier, F32:$low,
      F32:$high, I32:$zero_point);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $lhs `,` $lhs_zero_point `,` $rhs `,` $rhs_zero_point `,` $multiplier `,`
    $low `,` $high `,` $zero_point attr-dict `:` type($lhs) `,` type($rhs) `->`
    type($output)
  }];
  let hasVerifier = 1;
}

def Octet_LookupOp : Octet_Op<"lookup", [Pure]> {
  let summary = "out = table[in]: any function of one 8-bit value";
  let description = [{
    The table is computed at compile time (QS-9); the input's bits, as an
    unsigned number, are the index.

    ```mlir
    %1 = octet.lookup %x, %table : tensor<1x8xui8>, tensor<256xui8> -> tensor<1x8xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input, Octet_StorageTensor:$table);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $input `,` $table attr-dict `:` type($input) `,` type($table) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // OCTET_DIALECT_OCTET_IR_OCTETINTEGEROPS_TD
