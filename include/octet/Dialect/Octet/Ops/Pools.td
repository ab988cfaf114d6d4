//===- Pools.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_POOLS_TD
#define OCTET_DIALECT_OCTET_OPS_POOLS_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_MaxPool2DOp : Octet_InferredOp<"max_pool2d",
    [Octet_OwnDimensions, Octet_SameScale],
    [DeclareOpInterfaceMethods<Octet_WindowOpInterface>,
     Octet_StorageOpInterface]> {
  let summary = "Largest value of each window";
  let description = [{
    Padded positions never win. Input and output share scale and zero point.

    ```mlir
    %1 = octet.max_pool2d %x {kernel = array<i64: 3, 3>,
        strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
        : tensor<1x112x112x64xf32> -> tensor<1x56x56x64xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Octet_AvgPool2DOp : Octet_InferredOp<"avg_pool2d",
    [Octet_OwnDimensions, Octet_OwnScale, Octet_FloatReasons, Octet_IntegerForm],
    [DeclareOpInterfaceMethods<Octet_WindowOpInterface>]> {
  let summary = "Mean of each window";
  let description = [{
    The divisor is the number of positions inside the input, or the kernel's
    size where `count_include_pad` is set. On `f32` the window is summed as QS-12
    says and the sum divided once. Where padding has been made explicit,
    `divisor` holds the count of each position, `[OH, OW]`.

    ```mlir
    %1 = octet.avg_pool2d %x {kernel = array<i64: 7, 7>}
        : tensor<1x7x7x512xf32> -> tensor<1x1x1x512xf32>
    ```
  }];
  let arguments = (ins Octet_Tensor:$input, Optional<Octet_F32Tensor>:$divisor,
      DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      DefaultValuedAttr<BoolAttr, "false">:$count_include_pad);
  let results = (outs Octet_Tensor:$output);
  let assemblyFormat = [{
    $input (`divisor` `(` $divisor^ `:` type($divisor) `)`)? attr-dict `:`
    type($input) `->` type($output)
  }];
  let hasVerifier = 1;
  let extraDeclarations = [{
    ::octet::OperandRole getOperandRole(unsigned index);
    /// Positions of each window that count, [OH, OW], row-major.
    ::llvm::SmallVector<float> getCounts();
  }];
}

def Octet_IntegerAvgPool2DOp : Octet_InferredOp<"integer_avg_pool2d",
    [Octet_OwnDimensions, Octet_IntegerScale], [Octet_StorageOpInterface]> {
  let summary = "Mean of each window of 8-bit values";
  let description = [{
    `q = rne(clamp(f32(Σ (in - input_zero_point)) · multiplier[y,x], low, high))
    + zero_point` (QS-7) over an already padded input, whose border holds the
    input's zero point; `multiplier` is `[OH, OW]`, or `[1, 1]` where the count
    is the same everywhere.

    ```mlir
    %1 = octet.integer_avg_pool2d %x, %zin, %m, %low, %high, %zp
        {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>}
        : tensor<1x8x8x16xui8>, tensor<1x1xf32> -> tensor<1x4x4x16xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input,
      Octet_ZeroPoint:$input_zero_point, Octet_F32Tensor:$multiplier, F32:$low,
      F32:$high, Octet_ZeroPoint:$zero_point, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $input `,` $input_zero_point `,` $multiplier `,` $low `,` $high `,`
    $zero_point attr-dict `:` type($input) `,` type($multiplier) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // OCTET_DIALECT_OCTET_OPS_POOLS_TD
