//===- Concat.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// concat: tensors joined along one dimension.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty())
    return emitOptionalError(location, "needs an input");
  Shape shape(typeOf(adaptor.getInputs().front()).getShape());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return emitOptionalError(location, "axis ", axis, " is out of range");
  for (Value input : adaptor.getInputs().drop_front()) {
    Shape other(typeOf(input).getShape());
    if (other.size() != shape.size())
      return emitOptionalError(location, "inputs must have one rank");
    shape[axis] += other[axis];
    other[axis] = shape[axis];
    if (other != shape)
      return emitOptionalError(location, "inputs may differ in dimension ",
                               axis, " only");
  }
  return inferAs(location, shape, adaptor.getInputs().front(), types);
}

LogicalResult ConcatOp::verify() {
  // Quantized inputs may have scales of their own; they are requantized.
  for (Value input : getInputs())
    if (isQuantized(input) != isQuantized(getOutput()) ||
        (!isQuantized(input) && typeOf(input).getElementType() !=
                                    typeOf(getOutput()).getElementType()))
      return emitOpError("inputs and result must have one element type");
  return success();
}

SmallVector<int64_t> ConcatOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getOutput()).getRank(), [&](int64_t d) {
    return d != static_cast<int64_t>(getAxis());
  });
}

bool ConcatOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  setAxis(permutation[getAxis()]);
  return true;
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1 && getInputs().front().getType() == getType())
    return getInputs().front();
  SmallVector<ConstantView> parts;
  for (Attribute input : adaptor.getInputs()) {
    parts.push_back(input);
    if (!parts.back())
      return {};
  }
  auto type = typeOf(getOutput());
  if (!mayFold(type, adaptor.getInputs()) ||
      !isOfWholeBytes(type.getElementType()))
    return {};
  ConstantBuffer result(type);
  Shape low(type.getRank(), 0);
  for (ConstantView part : parts) {
    auto shape = part.getType().getShape();
    copyBox(result, type.getShape(), low, shape, part, /*offset=*/0,
            computeStrides(shape));
    low[getAxis()] += shape[getAxis()];
  }
  return result.finish();
}

FailureOr<Value> ConcatOp::foldScales(ScaleFolder &folder) {
  // QS-10: inputs of another scale are requantized by a table.
  Affine out(getOutput());
  SmallVector<Value> inputs;
  for (Value input : getInputs()) {
    Affine in(input);
    Value value = folder.integer(input);
    if (in.scale != out.scale || in.zeroPoint != out.zeroPoint)
      value = folder.lookup(value, in, out, [](double x) { return x; });
    inputs.push_back(value);
  }
  return ConcatOp::create(folder.builder, folder.loc,
                          folder.storageLike(getOutput()), ValueRange(inputs),
                          getAxisAttr())
      .getResult();
}

std::vector<BoxCopy> ConcatOp::getBoxes() {
  Shape zeros(typeOf(getOutput()).getRank(), 0), to(zeros);
  std::vector<BoxCopy> boxes;
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    Shape sizes(typeOf(input).getShape());
    boxes.push_back(
        {static_cast<unsigned>(i), zeros, Shape(zeros.size(), 1), to, sizes});
    to[getAxis()] += sizes[getAxis()];
  }
  return boxes;
}

FailureOr<SmallVector<Value>>
ConcatOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Value target = outputs[0];
  Shape offsets(typeOf(target).getRank(), 0);
  for (Value input : inputs) {
    target = copyInto(builder, getLoc(), input, target, offsets);
    offsets[getAxis()] += typeOf(input).getDimSize(getAxis());
  }
  return SmallVector<Value>{target};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildConcat(OnnxNode &node) {
  auto inputs = node.allInputs();
  if (inputs.empty())
    return failure();
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 1),
                                      typeOf(inputs.front()).getRank());
  if (!axis)
    return node.fail("axis is out of range");
  // Constants without elements add nothing.
  SmallVector<Value> parts;
  for (Value input : inputs)
    if (typeOf(input).getNumElements() > 0)
      parts.push_back(input);
  if (parts.empty())
    parts.push_back(inputs.front());
  return node.setOutput(node.create<ConcatOp>(
      ValueRange(parts), node.builder.getI64IntegerAttr(*axis)));
}

void ConcatOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Concat"] = buildConcat;
}
