//===- Scales.td ------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Observation, and the borders between f32 and 8 bits.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_SCALES_TD
#define OCTET_DIALECT_OCTET_OPS_SCALES_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_ObserveOp : Octet_Op<"observe",
    [Octet_ElementwiseDimensions, Octet_SameScale],
    [AllTypesMatch<["input", "output"]>]> {
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

def Octet_QuantizeOp : Octet_InferredOp<"quantize",
    [Octet_OwnDimensions, Octet_IntegerScale],
    [DeclareOpInterfaceMethods<Octet_StorageOpInterface, ["convertStorage"]>]> {
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
      Octet_F32Tensor:$divisor, F32:$low, F32:$high, Octet_ZeroPoint:$zero_point,
      DenseI64ArrayAttr:$permutation);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $input `,` $offset `,` $divisor `,` $low `,` $high `,` $zero_point attr-dict
    `:` type($input) `,` type($offset) `,` type($divisor) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Octet_DynamicQuantizeOp : Octet_InferredOp<"dynamic_quantize",
    [Octet_OwnDimensions, Octet_IntegerScale],
    [DeclareOpInterfaceMethods<Octet_StorageOpInterface, ["convertStorage"]>]> {
  let summary = "f32 to 8 bits, each row by its own range";
  let description = [{
    A row is what lies along the last dimension. Its scale and zero point are those
    of its smallest and its largest value (QS-15): they are found at run time, and
    need no calibration. Where a value is not finite, the scale is not, either.

    ```mlir
    %q, %scale, %zp = octet.dynamic_quantize %x : tensor<1x1x128x64xf32>
        -> tensor<1x1x128x64xui8>, tensor<1x1x128xf32>, tensor<1x1x128xi32>
    ```
  }];
  let arguments = (ins Octet_F32Tensor:$input);
  let results = (outs Octet_StorageTensor:$output, Octet_F32Tensor:$scale,
                      RankedTensorOf<[I32]>:$zero_point);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($output) `,` type($scale) `,`
    type($zero_point)
  }];
}

def Octet_DequantizeOp : Octet_InferredOp<"dequantize",
    [Octet_ElementwiseDimensions, Octet_IntegerScale],
    [DeclareOpInterfaceMethods<Octet_StorageOpInterface, ["convertStorage"]>]> {
  let summary = "8 bits to f32";
  let description = [{
    `x = scale · f32(q - zero_point)` (QS-1).

    ```mlir
    %1 = octet.dequantize %q, %scale, %zp : tensor<1x10xui8> -> tensor<1x10xf32>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$input, F32:$scale,
                       Octet_ZeroPoint:$zero_point);
  let results = (outs Octet_F32Tensor:$output);
  let assemblyFormat = [{
    $input `,` $scale `,` $zero_point attr-dict `:` type($input) `->` type($output)
  }];
}

#endif // OCTET_DIALECT_OCTET_OPS_SCALES_TD
