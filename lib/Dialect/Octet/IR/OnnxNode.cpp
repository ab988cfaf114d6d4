//===- OnnxNode.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/OnnxNode.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Verifier.h"
#include "octet/Dialect/Octet/IR/Octet.h"

using namespace mlir;
using namespace octet;

OnnxNode::~OnnxNode() = default;

LogicalResult OnnxNode::fail(const Twine &message) {
  return emitError(location) << type() << ": " << message;
}

Value OnnxNode::floatInput(unsigned i) {
  Value value = input(i);
  if (value && !typeOf(value).getElementType().isF32()) {
    (void)fail("input '" + inputName(i) +
               "' is not of floating-point numbers, which this operator is "
               "supported for");
    return {};
  }
  return value;
}

DenseElementsAttr OnnxNode::constantInput(unsigned i) {
  DenseElementsAttr constant;
  Value value = hasInput(i) ? input(i) : Value();
  if (value)
    matchPattern(value, m_Constant(&constant));
  return constant;
}

FailureOr<std::optional<Shape>> OnnxNode::intsFrom(StringRef name, unsigned i,
                                                   int64_t since) {
  if (opset < since)
    return getInts(name);
  if (!hasInput(i))
    return std::optional<Shape>();
  auto constant = constantInput(i);
  if (!constant || !isa<IntegerType>(constant.getElementType()))
    return fail("input '" + inputName(i) + "' (" + name +
                ") must be a constant of integers");
  Shape result;
  for (const APInt &x : constant.getValues<APInt>())
    result.push_back(x.getSExtValue());
  return std::optional(result);
}

Value OnnxNode::finish(OperationState &state, bool infer) {
  for (Value operand : state.operands)
    if (!operand)
      return {};
  if (infer) {
    auto *model = state.name.getInterface<InferTypeOpInterface>();
    state.types.clear();
    if (failed(model->inferReturnTypes(
            builder.getContext(), location, state.operands,
            state.attributes.getDictionary(builder.getContext()),
            state.getRawProperties(), {}, state.types)))
      return {};
  }
  for (Type type : state.types)
    if (!countElements(cast<RankedTensorType>(type).getShape())) {
      (void)fail("its result has more than 2^31 elements");
      return {};
    }
  Operation *op = builder.create(state);
  SmallVector<Value> folded;
  SmallVector<Operation *> constants;
  if (succeeded(builder.tryFold(op, folded, &constants)) && !folded.empty()) {
    op->erase();
    return folded.front();
  }
  if (failed(mlir::verify(op)))
    return {};
  return op->getResult(0);
}

Value OnnxNode::constant(DenseElementsAttr value) {
  return arith::ConstantOp::create(builder, location, value);
}

Value OnnxNode::constant(ArrayRef<float> values, ArrayRef<int64_t> shape) {
  return constant(DenseElementsAttr::get(
      RankedTensorType::get(shape, builder.getF32Type()), values));
}

Value OnnxNode::reshape(Value value, ArrayRef<int64_t> shape) {
  if (!value || typeOf(value).getShape() == shape)
    return value;
  return createAs<ReshapeOp>(
      RankedTensorType::get(shape, typeOf(value).getElementType()), value);
}

Value OnnxNode::transpose(Value value, ArrayRef<int64_t> permutation) {
  return value ? create<TransposeOp>(value, permutation) : Value();
}

Value OnnxNode::toChannelsLast(Value value) {
  if (!value || typeOf(value).getRank() == 4)
    return transpose(value, {0, 2, 3, 1});
  Value moved = transpose(value, {0, 2, 1});
  auto shape = typeOf(moved).getShape();
  return reshape(moved, {shape[0], 1, shape[1], shape[2]});
}

Value OnnxNode::fromChannelsLast(Value value, int64_t rank) {
  if (!value || rank == 4)
    return transpose(value, {0, 3, 1, 2});
  auto shape = typeOf(value).getShape();
  return transpose(reshape(value, {shape[0], shape[2], shape[3]}), {0, 2, 1});
}
