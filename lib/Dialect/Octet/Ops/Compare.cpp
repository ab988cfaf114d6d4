//===- Compare.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// compare and select: truth values and choices by them.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Compare
//===----------------------------------------------------------------------===//

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> location,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  auto shape = inferBroadcast(typeOf(adaptor.getLhs()).getShape(),
                              typeOf(adaptor.getRhs()).getShape());
  if (!shape)
    return emitOptionalError(location, "operand shapes do not broadcast");
  types.push_back(RankedTensorType::get(*shape, IntegerType::get(context, 1)));
  return success();
}

LogicalResult CompareOp::verify() {
  if (typeOf(getLhs()).getElementType() != typeOf(getRhs()).getElementType())
    return emitOpError("operands must have one element type");
  return success();
}

template <typename T> static bool holds(CompareKind kind, T a, T b) {
  switch (kind) {
  case CompareKind::Equal:
    return a == b;
  case CompareKind::Less:
    return a < b;
  case CompareKind::LessOrEqual:
    return a <= b;
  case CompareKind::Greater:
    return a > b;
  case CompareKind::GreaterOrEqual:
    return a >= b;
  }
  llvm_unreachable("unknown comparison");
}

/// True for integers that are compared as unsigned numbers.
static bool isUnsigned(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

OpFoldResult CompareOp::fold(FoldAdaptor adaptor) {
  auto type = typeOf(getOutput());
  if (!adaptor.getLhs() || !adaptor.getRhs() ||
      !mayFold(type, adaptor.getOperands()))
    return {};
  SmallVector<bool> values(type.getNumElements());
  auto each = [&](auto body) {
    forEachBroadcast(type.getShape(), typeOf(getLhs()).getShape(),
                     typeOf(getRhs()).getShape(), body);
    return makeConstant<bool>(type, values);
  };
  ConstantView lhs = floatConstant(adaptor.getLhs());
  ConstantView rhs = floatConstant(adaptor.getRhs());
  if (lhs && rhs)
    return each([&](int64_t i, int64_t l, int64_t r) {
      values[i] = holds<float>(getKind(), lhs.getValue<float>(l),
                               rhs.getValue<float>(r));
    });
  lhs = integerConstant(adaptor.getLhs());
  rhs = integerConstant(adaptor.getRhs());
  if (!lhs || !rhs)
    return {};
  bool unsign = isUnsigned(lhs.getElementType());
  return each([&](int64_t i, int64_t l, int64_t r) {
    int64_t a = lhs.getInteger(l), b = rhs.getInteger(r);
    values[i] = unsign ? holds<uint64_t>(getKind(), a, b)
                       : holds<int64_t>(getKind(), a, b);
  });
}

FailureOr<SmallVector<Value>>
CompareOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Type element = typeOf(getLhs()).getElementType();
  if (!element.isIntOrFloat())
    return failure();
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  constexpr F floats[] = {F::OEQ, F::OLT, F::OLE, F::OGT, F::OGE};
  constexpr I signedInts[] = {I::eq, I::slt, I::sle, I::sgt, I::sge};
  constexpr I unsignedInts[] = {I::eq, I::ult, I::ule, I::ugt, I::uge};
  auto kind = static_cast<unsigned>(getKind());
  return SmallVector<Value>{createBroadcast(
      builder, getLoc(), inputs, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        if (isa<FloatType>(element))
          return arith::CmpFOp::create(b, at, floats[kind], args[0], args[1]);
        return arith::CmpIOp::create(
            b, at, isUnsigned(element) ? unsignedInts[kind] : signedInts[kind],
            args[0], args[1]);
      })};
}

//===----------------------------------------------------------------------===//
// Select
//===----------------------------------------------------------------------===//

static std::optional<Shape> inferSelect(ArrayRef<int64_t> condition,
                                        ArrayRef<int64_t> lhs,
                                        ArrayRef<int64_t> rhs) {
  auto shape = inferBroadcast(lhs, rhs);
  return shape ? inferBroadcast(condition, *shape) : std::nullopt;
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferAs(location,
                 inferSelect(typeOf(adaptor.getCondition()).getShape(),
                             typeOf(adaptor.getLhs()).getShape(),
                             typeOf(adaptor.getRhs()).getShape()),
                 adaptor.getLhs(), types);
}

LogicalResult SelectOp::verify() {
  Type element = typeOf(getOutput()).getElementType();
  if (typeOf(getLhs()).getElementType() != element ||
      typeOf(getRhs()).getElementType() != element)
    return emitOpError("operands and result must have one element type");
  return success();
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  ConstantView condition = integerConstant(adaptor.getCondition());
  if (!condition)
    return {};
  auto type = typeOf(getOutput());
  if (condition.isSplat()) {
    // One operand alone, if it has the result's shape.
    Value chosen = condition.getSplatValue<bool>() ? getLhs() : getRhs();
    if (chosen.getType() == type)
      return chosen;
  }
  ConstantView lhs = adaptor.getLhs(), rhs = adaptor.getRhs();
  if (!lhs || !rhs || !mayFold(type, adaptor.getOperands()))
    return {};
  auto strides = [&](Value value) {
    return broadcastStrides(typeOf(value).getShape(), type.getRank());
  };
  auto toCondition = strides(getCondition());
  auto toLhs = strides(getLhs()), toRhs = strides(getRhs());
  Shape position(type.getRank(), 0);
  return makeOfBits(type, [&](int64_t) {
    bool isLeft = condition.getValue<bool>(linearize(position, toCondition));
    APInt chosen = isLeft ? lhs.getValue<APInt>(linearize(position, toLhs))
                          : rhs.getValue<APInt>(linearize(position, toRhs));
    advance(position, type.getShape());
    return chosen;
  });
}

FailureOr<SmallVector<Value>>
SelectOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return SmallVector<Value>{createBroadcast(
      builder, getLoc(), inputs, outputs[0],
      [](OpBuilder &b, Location at, ValueRange args) -> Value {
        return arith::SelectOp::create(b, at, args[0], args[1], args[2]);
      })};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

template <CompareKind kind> static LogicalResult buildCompare(OnnxNode &node) {
  auto operands = node.allInputs();
  if (operands.size() != 2)
    return operands.empty() ? failure() : node.fail("takes two inputs");
  return node.setOutput(node.create<CompareOp>(operands[0], operands[1], kind));
}

static LogicalResult buildNot(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  if (!typeOf(input).getElementType().isInteger(1))
    return node.fail("its operand must be of truth values");
  return node.setOutput(node.create<CompareOp>(input, node.scalarLike(input, 0),
                                               CompareKind::Equal));
}

/// A NaN differs from itself.
static LogicalResult buildIsNaN(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  Value equal = node.create<CompareOp>(input, input, CompareKind::Equal);
  return node.setOutput(node.create<CompareOp>(equal, node.scalarLike(equal, 0),
                                               CompareKind::Equal));
}

void CompareOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Equal"] = buildCompare<CompareKind::Equal>;
  builders["Less"] = buildCompare<CompareKind::Less>;
  builders["LessOrEqual"] = buildCompare<CompareKind::LessOrEqual>;
  builders["Greater"] = buildCompare<CompareKind::Greater>;
  builders["GreaterOrEqual"] = buildCompare<CompareKind::GreaterOrEqual>;
  builders["Not"] = buildNot;
  builders["IsNaN"] = buildIsNaN;
}

void SelectOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Where"] = [](OnnxNode &node) -> LogicalResult {
    auto operands = node.allInputs();
    if (operands.size() != 3)
      return operands.empty() ? failure() : node.fail("takes three inputs");
    return node.setOutput(
        node.create<SelectOp>(operands[0], operands[1], operands[2]));
  };
}
