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
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace octet;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

template <typename ConvOp> static int64_t convMacs(ConvOp op) {
  auto filter = typeOf(op.getFilter()).getShape();
  // Height and width lead a depthwise blocked filter, else follow the outputs.
  bool depthwise = op.getLanes() && op.getGroups() > 1;
  int64_t taps = depthwise ? filter[0] * filter[1] : filter[1] * filter[2];
  int64_t inputs = typeOf(op.getInput()).getDimSize(3) / op.getGroups();
  return dropLayout(typeOf(op.getOutput())).getNumElements() * taps * inputs;
}

int64_t octet::countMacs(Operation *op) {
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case<Conv2DOp, IntegerConv2DOp>([](auto conv) { return convMacs(conv); })
      .Case([](MatMulOp op) {
        return typeOf(op.getOutput()).getNumElements() *
               typeOf(op.getLhs()).getShape().back();
      })
      .Default([](Operation *) { return 0; });
}

DictionaryAttr octet::describeLayer(Operation *op) {
  Builder builder(op->getContext());
  int64_t bytes = 0;
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType());
        type && matchPattern(operand, m_Constant()))
      bytes += type.getNumElements() * type.getElementTypeBitWidth() / 8;
  auto result = typeOf(op->getResult(0));
  bool isInteger =
      isa<IntegerConv2DOp, IntegerAddOp, IntegerMulOp, IntegerAvgPool2DOp,
          LookupOp>(op) ||
      (result.getElementType().isInteger(8) && !isa<QuantizeOp>(op));
  auto note = op->getAttrOfType<StringAttr>(noteAttr);
  return builder.getDictionaryAttr({
      builder.getNamedAttr("note", note ? note : builder.getStringAttr("")),
      builder.getNamedAttr(
          "node", builder.getStringAttr(getOnnxNodeName(op->getLoc()))),
      builder.getNamedAttr("op",
                           builder.getStringAttr(op->getName().stripDialect())),
      builder.getNamedAttr("output",
                           builder.getDenseI64ArrayAttr(result.getShape())),
      builder.getNamedAttr("macs", builder.getI64IntegerAttr(countMacs(op))),
      builder.getNamedAttr("weight_bytes", builder.getI64IntegerAttr(bytes)),
      builder.getNamedAttr("precision",
                           builder.getStringAttr(isInteger ? "int8" : "fp32")),
  });
}
