//===- LayerInfo.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"

using namespace mlir;
using namespace octet;

int64_t octet::countMacs(Operation *op) {
  auto lowering = dyn_cast<LoweringOpInterface>(op);
  return lowering ? lowering.countMacs() : 0;
}

/// True if the operation computes in 8 bits or moves them.
static bool isInteger(Operation *op) {
  auto scales = dyn_cast<ScaleOpInterface>(op);
  if (!scales)
    return false;
  if (countMacs(op) > 0 && scales.getScaleRole() == ScaleRole::Integer)
    return true;
  if (scales.getScaleRole() == ScaleRole::Integer)
    return isa<IntegerType>(typeOf(op->getOperand(0)).getElementType()) &&
           isa<IntegerType>(typeOf(op->getResult(0)).getElementType());
  Type element = typeOf(op->getResult(0)).getElementType();
  return element.isUnsignedInteger(8) || element.isSignedInteger(8);
}

StringRef octet::labelOf(Operation *op) {
  auto lowering = dyn_cast<LoweringOpInterface>(op);
  return lowering ? lowering.getLabel() : op->getName().stripDialect();
}

DictionaryAttr octet::describeLayer(Operation *op) {
  Builder builder(op->getContext());
  int64_t bytes = 0;
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType());
        type && matchPattern(operand, m_Constant()))
      bytes += type.getNumElements() * type.getElementTypeBitWidth() / 8;
  auto result = typeOf(op->getResult(0));
  auto note = op->getAttrOfType<StringAttr>(noteAttr);
  return builder.getDictionaryAttr({
      builder.getNamedAttr("note", note ? note : builder.getStringAttr("")),
      builder.getNamedAttr(
          "node", builder.getStringAttr(getOnnxNodeName(op->getLoc()))),
      builder.getNamedAttr("op", builder.getStringAttr(labelOf(op))),
      builder.getNamedAttr("output",
                           builder.getDenseI64ArrayAttr(result.getShape())),
      builder.getNamedAttr("macs", builder.getI64IntegerAttr(countMacs(op))),
      builder.getNamedAttr("weight_bytes", builder.getI64IntegerAttr(bytes)),
      builder.getNamedAttr(
          "precision", builder.getStringAttr(isInteger(op) ? "int8" : "fp32")),
  });
}
