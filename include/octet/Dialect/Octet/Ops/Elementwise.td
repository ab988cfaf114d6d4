//===- Elementwise.td -------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_OPS_ELEMENTWISE_TD
#define OCTET_DIALECT_OCTET_OPS_ELEMENTWISE_TD

include "octet/Dialect/Octet/IR/OctetBase.td"

def Octet_BinaryKind : I32EnumAttr<"BinaryKind",
    "elementwise function of two operands", [
      I32EnumAttrCase<"Add", 0, "add">,
      I32EnumAttrCase<"Sub", 1, "sub">,
      I32EnumAttrCase<"Mul", 2, "mul">,
      I32EnumAttrCase<"Div", 3, "div">,
      I32EnumAttrCase<"Max", 4, "max">,
      I32EnumAttrCase<"Min", 5, "min">,
      I32EnumAttrCase<"Pow", 6, "pow">,
      I32EnumAttrCase<"Mod", 7, "mod">,
      I32EnumAttrCase<"Rem", 8, "rem">,
      I32EnumAttrCase<"And", 9, "and">,
      I32EnumAttrCase<"Or", 10, "or">,
      I32EnumAttrCase<"Xor", 11, "xor">,
      I32EnumAttrCase<"ShiftLeft", 12, "shift_left">,
      I32EnumAttrCase<"ShiftRight", 13, "shift_right">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_BinaryKindAttr : EnumAttr<Octet_Dialect, Octet_BinaryKind, "binary_kind">;

def Octet_BinaryOp : Octet_InferredOp<"binary",
    [Octet_ElementwiseDimensions, Octet_LabelledByKind, Octet_FloatReasons,
     Octet_IntegerForm],
    [Octet_EpilogueOpInterface,
     DeclareOpInterfaceMethods<Octet_AffineOpInterface>,
     DeclareOpInterfaceMethods<Octet_ElementOpInterface>]> {
  let summary = "Elementwise function of two operands with broadcasting";
  let description = [{
    Shapes broadcast as in NumPy: aligned at the last dimension, sizes equal or
    one. The result may be clamped. Both operands have one element type. Sums,
    differences, products (QS-6, QS-8), maxima and minima (QS-21) have integer
    forms.

    `max` and `min` are NaN where an operand is. A remainder has the sign of the
    divisor (`mod`) or of the dividend (`rem`). `and`, `or` and `xor` are
    bitwise, on integers and truth values only; `shift_left` and `shift_right` are
    of integers only. A right shift keeps the sign; a count that is negative, or
    not below the number of bits, shifts all bits out. On integers sums,
    differences, products and powers wrap around, and what has no quotient,
    divided by zero or the least number by -1, is 0, as fractions are. Only real
    numbers are clamped.

    ```mlir
    %1 = octet.binary add %a, %b clamp(min 0.0)
        : tensor<1x8x8x16xf32>, tensor<16xf32> -> tensor<1x8x8x16xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$lhs, Octet_AnyTensor:$rhs,
      Octet_BinaryKindAttr:$kind, OptionalAttr<F32Attr>:$clamp_min,
      OptionalAttr<F32Attr>:$clamp_max);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = [{
    $kind $lhs `,` $rhs custom<Clamp>($clamp_min, $clamp_max) attr-dict `:`
    type($lhs) `,` type($rhs) `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
  let extraDeclarations = [{
    ::octet::ScaleRole getScaleRole();
    bool takesClamp();
  }];
}

class Octet_OneOperandOp<string mnemonic, list<Octet_Facts> facts, dag extra>
    : Octet_InferredOp<mnemonic, [Octet_ElementwiseDimensions] # facts,
                       [DeclareOpInterfaceMethods<Octet_ElementOpInterface>]> {
  let arguments = !con((ins Octet_Tensor:$input), extra);
  let results = (outs Octet_Tensor:$output);
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

// The function a value of which is asked for, of real numbers (QS-9).
def Octet_OneValueFunction : Octet_Facts<[{
  double evaluate(double x);
}]>;

def Octet_ClampOp : Octet_OneOperandOp<"clamp",
    [Octet_FunctionScale, Octet_OneValueFunction],
    (ins OptionalAttr<F32Attr>:$clamp_min, OptionalAttr<F32Attr>:$clamp_max)> {
  let summary = "min(max(x, clamp_min), clamp_max)";
  let description = [{
    An absent bound does not bind. `Relu` is a clamp from zero up. A NaN stays
    a NaN.

    ```mlir
    %1 = octet.clamp %x clamp(min 0.0 max 6.0) : tensor<1x8xf32> -> tensor<1x8xf32>
    ```
  }];
  let assemblyFormat = [{
    $input custom<Clamp>($clamp_min, $clamp_max) attr-dict `:` type($input) `->`
    type($output)
  }];
}

def Octet_UnaryKind : I32EnumAttr<"UnaryKind",
    "elementwise function of one operand", [
      I32EnumAttrCase<"LeakyRelu", 0, "leaky_relu">,
      I32EnumAttrCase<"Sigmoid", 1, "sigmoid">,
      I32EnumAttrCase<"HardSigmoid", 2, "hard_sigmoid">,
      I32EnumAttrCase<"HardSwish", 3, "hard_swish">,
      I32EnumAttrCase<"Tanh", 4, "tanh">,
      I32EnumAttrCase<"Neg", 5, "neg">,
      I32EnumAttrCase<"Abs", 6, "abs">,
      I32EnumAttrCase<"Sqrt", 7, "sqrt">,
      I32EnumAttrCase<"Exp", 8, "exp">,
      I32EnumAttrCase<"Log", 9, "log">,
      I32EnumAttrCase<"Floor", 10, "floor">,
      I32EnumAttrCase<"Ceil", 11, "ceil">,
      I32EnumAttrCase<"Round", 12, "round">,
      I32EnumAttrCase<"Sign", 13, "sign">,
      I32EnumAttrCase<"Reciprocal", 14, "reciprocal">,
      I32EnumAttrCase<"Erf", 15, "erf">,
      I32EnumAttrCase<"Sin", 16, "sin">,
      I32EnumAttrCase<"Cos", 17, "cos">,
      I32EnumAttrCase<"Softplus", 18, "softplus">,
      I32EnumAttrCase<"Softsign", 19, "softsign">,
      I32EnumAttrCase<"Elu", 20, "elu">,
      I32EnumAttrCase<"Selu", 21, "selu">,
      I32EnumAttrCase<"ThresholdedRelu", 22, "thresholded_relu">,
      I32EnumAttrCase<"Tan", 23, "tan">,
      I32EnumAttrCase<"Asin", 24, "asin">,
      I32EnumAttrCase<"Acos", 25, "acos">,
      I32EnumAttrCase<"Atan", 26, "atan">,
      I32EnumAttrCase<"Sinh", 27, "sinh">,
      I32EnumAttrCase<"Cosh", 28, "cosh">,
      I32EnumAttrCase<"Asinh", 29, "asinh">,
      I32EnumAttrCase<"Acosh", 30, "acosh">,
      I32EnumAttrCase<"Atanh", 31, "atanh">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_UnaryKindAttr : EnumAttr<Octet_Dialect, Octet_UnaryKind, "unary_kind">;

def Octet_UnaryOp : Octet_OneOperandOp<"unary",
    [Octet_LabelledByKind, Octet_FunctionScale, Octet_OneValueFunction],
    (ins Octet_UnaryKindAttr:$kind, DefaultValuedAttr<F32Attr, "0.0f">:$alpha,
         DefaultValuedAttr<F32Attr, "0.0f">:$beta)> {
  let summary = "Elementwise function of one operand";
  let description = [{
    `leaky_relu`: x < 0 ? alpha·x : x. `sigmoid`: 1 / (1 + exp(-x)).
    `hard_sigmoid`: min(max(alpha·x + beta, 0), 1). `hard_swish`:
    x · hard_sigmoid(x) with alpha = 1/6, beta = 1/2. `round`: to the nearest
    integer, half to even. `sign`: -1, 0 or 1. `softplus`: log(1 + exp(x)).
    `softsign`: x / (1 + |x|). `elu`: x < 0 ? alpha·(exp(x) - 1) : x. `selu`:
    beta · elu(x). `thresholded_relu`: x > alpha ? x : 0. The others are what
    mathematics calls so.

    ```mlir
    %1 = octet.unary sigmoid %x : tensor<1x8xf32> -> tensor<1x8xf32>
    ```
  }];
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($output)";
}

def Octet_CastOp : Octet_Op<"cast",
    [Octet_ElementwiseDimensions, Octet_FloatScale]> {
  let summary = "Conversion between element types";
  let description = [{
    Integer to float rounds to nearest, ties to even; float to integer truncates
    toward zero and saturates, NaN giving zero; integers keep their low bits; to
    i1 says whether a value differs from zero.

    ```mlir
    %1 = octet.cast %x : tensor<1x3xui8> -> tensor<1x3xf32>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$input);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

def Octet_CompareKind : I32EnumAttr<"CompareKind", "comparison", [
      I32EnumAttrCase<"Equal", 0, "eq">,
      I32EnumAttrCase<"Less", 1, "lt">,
      I32EnumAttrCase<"LessOrEqual", 2, "le">,
      I32EnumAttrCase<"Greater", 3, "gt">,
      I32EnumAttrCase<"GreaterOrEqual", 4, "ge">
    ]> {
  let cppNamespace = "::octet";
  let genSpecializedAttr = 0;
}
def Octet_CompareKindAttr : EnumAttr<Octet_Dialect, Octet_CompareKind, "compare_kind">;

def Octet_CompareOp : Octet_InferredOp<"compare",
    [Octet_ElementwiseDimensions, Octet_FloatScale]> {
  let summary = "Comparison of two operands with broadcasting";
  let description = [{
    Shapes broadcast as in NumPy. A NaN compares false with everything.

    ```mlir
    %1 = octet.compare lt %a, %b : tensor<1x8xf32>, tensor<8xf32> -> tensor<1x8xi1>
    ```
  }];
  let arguments = (ins Octet_AnyTensor:$lhs, Octet_AnyTensor:$rhs,
      Octet_CompareKindAttr:$kind);
  let results = (outs RankedTensorOf<[I1]>:$output);
  let assemblyFormat = [{
    $kind $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

def Octet_SelectOp : Octet_InferredOp<"select",
    [Octet_ElementwiseDimensions, Octet_FloatScale]> {
  let summary = "condition ? lhs : rhs with broadcasting";
  let description = [{
    ```mlir
    %1 = octet.select %c, %a, %b
        : tensor<1x8xi1>, tensor<1x8xf32>, tensor<f32> -> tensor<1x8xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I1]>:$condition, Octet_AnyTensor:$lhs,
      Octet_AnyTensor:$rhs);
  let results = (outs Octet_AnyTensor:$output);
  let assemblyFormat = [{
    $condition `,` $lhs `,` $rhs attr-dict `:` type($condition) `,` type($lhs)
    `,` type($rhs) `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasOnnxBuilders = 1;
}

def Octet_IntegerAddOp : Octet_InferredOp<"integer_add",
    [Octet_ElementwiseDimensions, Octet_IntegerScale],
    [Octet_StorageOpInterface]> {
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
  let arguments = (ins Octet_StorageTensor:$lhs, Octet_ZeroPoint:$lhs_zero_point,
      F32:$lhs_multiplier, Octet_StorageTensor:$rhs,
      Octet_ZeroPoint:$rhs_zero_point, F32:$rhs_multiplier, F32:$low, F32:$high,
      Octet_ZeroPoint:$zero_point);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $lhs `,` $lhs_zero_point `,` $lhs_multiplier `,` $rhs `,` $rhs_zero_point
    `,` $rhs_multiplier `,` $low `,` $high `,` $zero_point attr-dict `:`
    type($lhs) `,` type($rhs) `->` type($output)
  }];
}

def Octet_IntegerMulOp : Octet_InferredOp<"integer_mul",
    [Octet_ElementwiseDimensions, Octet_IntegerScale],
    [Octet_StorageOpInterface]> {
  let summary = "Product of two 8-bit tensors";
  let description = [{
    `q = rne(clamp(f32((a - lhs_zero_point) · (b - rhs_zero_point)) ·
    multiplier, low, high)) + zero_point` (QS-8); the product is exact.

    ```mlir
    %1 = octet.integer_mul %a, %za, %b, %zb, %m, %low, %high, %zp
        : tensor<1x8x8x16xui8>, tensor<1x1x1x16xui8> -> tensor<1x8x8x16xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$lhs, Octet_ZeroPoint:$lhs_zero_point,
      Octet_StorageTensor:$rhs, Octet_ZeroPoint:$rhs_zero_point,
      F32:$multiplier, F32:$low, F32:$high, Octet_ZeroPoint:$zero_point);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $lhs `,` $lhs_zero_point `,` $rhs `,` $rhs_zero_point `,` $multiplier `,`
    $low `,` $high `,` $zero_point attr-dict `:` type($lhs) `,` type($rhs) `->`
    type($output)
  }];
}

def Octet_IntegerExtremeOp : Octet_InferredOp<"integer_extreme",
    [Octet_ElementwiseDimensions, Octet_IntegerScale],
    [Octet_StorageOpInterface]> {
  let summary = "Larger or smaller of two 8-bit tensors with their own scales";
  let description = [{
    `q = rne(clamp(max(f32(a - lhs_zero_point) · lhs_multiplier, f32(b -
    rhs_zero_point) · rhs_multiplier), low, high)) + zero_point` (QS-21), or `min`
    with `smaller`.

    ```mlir
    %1 = octet.integer_extreme %a, %za, %ma, %b, %zb, %mb, %low, %high, %zp {smaller}
        : tensor<1x8x8x16xui8>, tensor<1x8x8x16xui8> -> tensor<1x8x8x16xui8>
    ```
  }];
  let arguments = (ins Octet_StorageTensor:$lhs, Octet_ZeroPoint:$lhs_zero_point,
      F32:$lhs_multiplier, Octet_StorageTensor:$rhs,
      Octet_ZeroPoint:$rhs_zero_point, F32:$rhs_multiplier, F32:$low, F32:$high,
      Octet_ZeroPoint:$zero_point, UnitAttr:$smaller);
  let results = (outs Octet_StorageTensor:$output);
  let assemblyFormat = [{
    $lhs `,` $lhs_zero_point `,` $lhs_multiplier `,` $rhs `,` $rhs_zero_point
    `,` $rhs_multiplier `,` $low `,` $high `,` $zero_point attr-dict `:`
    type($lhs) `,` type($rhs) `->` type($output)
  }];
}

def Octet_LookupOp : Octet_InferredOp<"lookup",
    [Octet_ElementwiseDimensions, Octet_IntegerScale],
    [DeclareOpInterfaceMethods<Octet_StorageOpInterface, ["convertStorage"]>]> {
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

#endif // OCTET_DIALECT_OCTET_OPS_ELEMENTWISE_TD
