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
    return DenseElementsAttr::get(type, values);
  };
  auto lhs = floatConstant(adaptor.getLhs());
  auto rhs = floatConstant(adaptor.getRhs());
  if (lhs && rhs) {
    auto a = lhs.getValues<float>(), b = rhs.getValues<float>();
    return each([&](int64_t i, int64_t l, int64_t r) {
      values[i] = holds<float>(getKind(), a[l], b[r]);
    });
  }
  auto lhsInts = integerConstant(adaptor.getLhs());
  auto rhsInts = integerConstant(adaptor.getRhs());
  if (!lhsInts || !rhsInts)
    return {};
  auto a = lhsInts.getValues<APInt>(), b = rhsInts.getValues<APInt>();
  bool unsign = isUnsigned(lhsInts.getElementType());
  return each([&](int64_t i, int64_t l, int64_t r) {
    values[i] = unsign ? holds<uint64_t>(getKind(), a[l].getZExtValue(),
                                         b[r].getZExtValue())
                       : holds<int64_t>(getKind(), a[l].getSExtValue(),
                                        b[r].getSExtValue());
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

/// `value` broadcast to `type`'s shape.
static DenseElementsAttr broadcastConstant(DenseElementsAttr value,
                                           RankedTensorType type) {
  SmallVector<int64_t> from(type.getNumElements());
  auto shape = value.getType().getShape();
  forEachBroadcast(type.getShape(), shape, shape,
                   [&](int64_t i, int64_t l, int64_t) { from[i] = l; });
  int64_t next = 0;
  return gatherConstant(value, type,
                        [&](ArrayRef<int64_t>) { return from[next++]; });
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  auto condition = integerConstant(adaptor.getCondition());
  if (!condition)
    return {};
  auto type = typeOf(getOutput());
  if (condition.isSplat()) {
    // One operand alone, if it has the result's shape.
    Value chosen = condition.getSplatValue<bool>() ? getLhs() : getRhs();
    if (chosen.getType() == type)
      return chosen;
  }
  auto lhs = dyn_cast_or_null<DenseElementsAttr>(adaptor.getLhs());
  auto rhs = dyn_cast_or_null<DenseElementsAttr>(adaptor.getRhs());
  if (!lhs || !rhs || !mayFold(type, adaptor.getOperands()))
    return {};
  auto choices = broadcastConstant(
      condition,
      RankedTensorType::get(type.getShape(), condition.getElementType()));
  lhs = broadcastConstant(lhs, type);
  rhs = broadcastConstant(rhs, type);
  if (!choices || !lhs || !rhs)
    return {};
  SmallVector<Attribute> values;
  for (auto [choice, a, b] :
       llvm::zip(choices.getValues<bool>(), lhs.getValues<Attribute>(),
                 rhs.getValues<Attribute>()))
    values.push_back(choice ? a : b);
  return DenseElementsAttr::get(type, values);
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
