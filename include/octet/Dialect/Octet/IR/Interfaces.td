//===- Interfaces.td --------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What passes ask of operations. Each fact lives with its operation (see the
// files of Ops/); a pass names no operation that it does not create itself.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_INTERFACES_TD
#define OCTET_DIALECT_OCTET_IR_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Octet_DimensionOpInterface : OpInterface<"DimensionOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    How the dimensions of results follow those of operands. Moving transposes
    and checking that samples do not meet are derived from it.
  }];
  let methods = [
    InterfaceMethod<[{
        For each dimension of result `result` the dimension of operand `operand`
        that it follows, or -1: elements at index i along the result's dimension
        depend on the operand's elements at index i along the source alone.
      }],
      "::llvm::SmallVector<int64_t>", "getDimensionSources",
      (ins "unsigned":$operand, "unsigned":$result)>,
    InterfaceMethod<[{
        Changes attributes that speak of dimensions such that the operation
        computes the same on operands whose dimension i has become
        permutation[i]; false, and nothing is changed, if it depends on the
        order of dimensions.
      }],
      "bool", "permuteDimensions", (ins "::llvm::ArrayRef<int64_t>":$permutation),
      /*methodBody=*/"", /*defaultImplementation=*/"return false;">,
    InterfaceMethod<[{
        True for an operand, such as indices, whose dimensions are not the
        result's: it stays as it is where the result's are permuted.
      }],
      "bool", "hasOwnDimensions", (ins "unsigned":$operand),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        (void)operand;
        return false;
      }]>,
    InterfaceMethod<[{
        Rows of each sample along the result's first dimension, in the samples'
        order; 0 if the result is the same for all samples; none if samples meet.
        `rows` says the same of the operands, `batch` is the number of samples.
      }],
      "::std::optional<int64_t>", "inferRows",
      (ins "::llvm::ArrayRef<int64_t>":$rows, "int64_t":$batch),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::octet::facts::inferRowsFromSources($_op, rows);
      }]>
  ];
}

def Octet_ScaleOpInterface : OpInterface<"ScaleOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    How an operation deals with scales, and how it becomes integers.
  }];
  let methods = [
    InterfaceMethod<"Where the scale of the result comes from.",
      "::octet::ScaleRole", "getScaleRole", (ins)>,
    InterfaceMethod<"What operand `index` is to quantization.",
      "::octet::OperandRole", "getOperandRole", (ins "unsigned":$index),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::octet::OperandRole::Activation;
      }]>,
    InterfaceMethod<[{
        `ScaleRole::Same` only: true if the result can have the scale and zero
        point of `type`.
      }],
      "bool", "passesScale", (ins "::mlir::quant::UniformQuantizedType":$type),
      /*methodBody=*/"", /*defaultImplementation=*/"return true;">,
    InterfaceMethod<[{
        Why the operation, as it stands in the f32 graph, cannot work on integers
        whatever its scales are; empty if it can. A clause that goes on after
        "stays in f32:".
      }],
      "::std::string", "explainFloat", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::octet::facts::explainRole($_op.getScaleRole());
      }]>,
    InterfaceMethod<[{
        `ScaleRole::Function` only: the function, of real numbers, in double.
      }],
      "double", "evaluate", (ins "double":$x),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        (void)x;
        llvm_unreachable("no function of one value");
      }]>,
    InterfaceMethod<[{
        Builds the integer operation for this one on quantized types and returns
        its result, or emits an error.
      }],
      "::mlir::FailureOr<::mlir::Value>", "foldScales",
      (ins "::octet::ScaleFolder &":$folder),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::octet::facts::foldByRole($_op, folder);
      }]>
  ];
}

def Octet_AffineOpInterface : OpInterface<"AffineOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    Operations that may scale and shift one operand by constants: normalizations
    of inputs and batch normalizations are made of them.
  }];
  let methods = [
    InterfaceMethod<[{
        The operand of the result's shape that constants alone scale and shift,
        however they broadcast; none if there is no such.
      }],
      "::std::optional<unsigned>", "getScaledOperand", (ins)>,
    InterfaceMethod<[{
        The step, if the result is factor[c] · x + shift[c] of one operand x of
        the result's shape, c being its last dimension.
      }],
      "::std::optional<::octet::AffineStep>", "matchAffine", (ins)>
  ];
}

def Octet_EpilogueOpInterface : OpInterface<"EpilogueOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    What an operation can do to its result before it is stored: an affine map for
    each channel, then a residual sum, then a clamp.
  }];
  let methods = [
    InterfaceMethod<"The attached clamp's bounds; null for none.",
      "::mlir::FloatAttr", "getClampMinAttr", (ins)>,
    InterfaceMethod<"", "::mlir::FloatAttr", "getClampMaxAttr", (ins)>,
    InterfaceMethod<"True if a clamp can be attached, where there is none yet.",
      "bool", "takesClamp", (ins), /*methodBody=*/"",
      /*defaultImplementation=*/"return true;">,
    InterfaceMethod<"Attaches a clamp; null bounds do not bind.",
      "void", "attachClamp",
      (ins "::mlir::FloatAttr":$low, "::mlir::FloatAttr":$high),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        if (low)
          $_op.setClampMinAttr(low);
        if (high)
          $_op.setClampMaxAttr(high);
      }]>,
    InterfaceMethod<"True if a residual sum can be attached.",
      "bool", "takesResidual", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/"return false;">,
    InterfaceMethod<"Attaches a residual of the result's type.",
      "void", "attachResidual", (ins "::mlir::Value":$residual),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        (void)residual;
        llvm_unreachable("takes no residual");
      }]>,
    InterfaceMethod<"True if an affine map of its channels can become part of it.",
      "bool", "takesAffine", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/"return false;">,
    InterfaceMethod<[{
        Makes result · factor[c] + shift[c] its result; one value for each
        channel, or one for all.
      }],
      "void", "attachAffine",
      (ins "::mlir::OpBuilder &":$builder, "const ::octet::AffineStep &":$step),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        (void)builder, (void)step;
        llvm_unreachable("takes no affine map");
      }]>
  ];
  let extraSharedClassDeclaration = [{
    bool hasClamp() {
      return $_op.getClampMinAttr() || $_op.getClampMaxAttr();
    }
  }];
}

def Octet_WindowOpInterface : OpInterface<"WindowOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    Operations on windows of a padded input [N, H, W, C], their first operand.
  }];
  let methods = [
    InterfaceMethod<"[top, left, bottom, right].",
      "::llvm::ArrayRef<int64_t>", "getPads", (ins)>,
    InterfaceMethod<[{
        What a padded position holds, such that it changes no result: a real
        number on f32 and quantized tensors, a storage value on 8-bit ones.
      }],
      "float", "getNeutralValue", (ins)>,
    InterfaceMethod<[{
        Takes `padded` for its input, which holds the padding, and no pads of its
        own any more.
      }],
      "void", "takePadded",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$padded)>
  ];
}

def Octet_ElementOpInterface : OpInterface<"ElementOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    Elementwise functions of f32: chains of them are fused.
  }];
  let methods = [
    InterfaceMethod<"True if the operation, on f32, has a form for elements.",
      "bool", "hasElementForm", (ins), /*methodBody=*/"",
      /*defaultImplementation=*/"return true;">,
    InterfaceMethod<"The result's element, of the operands' elements, all f32.",
      "::mlir::Value", "lowerElement",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$elements)>
  ];
}

def Octet_StorageOpInterface : OpInterface<"StorageOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    How an operation on 8-bit storage changes where quantized values are kept as
    q - 128. By default its tensors are converted and its i32 scalars, which are
    zero points, move by 128.
  }];
  let methods = [
    InterfaceMethod<"Changes the operation in place, or emits an error.",
      "::mlir::LogicalResult", "convertStorage",
      (ins "::octet::StorageConverter &":$converter),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::octet::facts::convertStorageByTypes($_op, converter);
      }]>
  ];
}

def Octet_LoweringOpInterface : OpInterface<"LoweringOpInterface"> {
  let cppNamespace = "::octet";
  let description = [{
    The reference: what an operation computes, as linalg and arith.
  }];
  let methods = [
    InterfaceMethod<[{
        Computes the results into `outputs` (destination-passing, one signless
        tensor for each result) from `inputs`, the operands with signless element
        types. Fails, without changing anything, on types that have no lowering.
      }],
      "::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>", "lower",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$inputs,
           "::mlir::ValueRange":$outputs)>,
    InterfaceMethod<[{
        The boxes that cover the result, if copying them is all that the
        operation does; else none.
      }],
      "::std::vector<::octet::BoxCopy>", "getBoxes", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/"return {};">,
    InterfaceMethod<[{
        What reports and kernels are called: the mnemonic, or the kind of function
        where one operation stands for several.
      }],
      "::llvm::StringRef", "getLabel", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return $_op->getName().stripDialect();
      }]>,
    InterfaceMethod<"Logical multiply-accumulates; zero for what is no contraction.",
      "int64_t", "countMacs", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/"return 0;">,
    InterfaceMethod<[{
        The shape in which a kernel sees operand `index` (the number of operands
        and more for results): the logical one, or whole blocks of channels.
      }],
      "::octet::Shape", "getKernelShape", (ins "unsigned":$index),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::octet::facts::logicalShape($_op, index);
      }]>
  ];
}

#endif // OCTET_DIALECT_OCTET_IR_INTERFACES_TD
