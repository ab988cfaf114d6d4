//===- Cast.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cast: conversion between element types.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult CastOp::verify() {
  if (typeOf(getInput()).getShape() != typeOf(getOutput()).getShape())
    return emitOpError("input and result must have one shape");
  return success();
}

/// Integers of more than one bit are signed unless their type says otherwise;
/// a truth value is 0 or 1.
static bool isUnsigned(Type type) {
  return type.isUnsignedInteger() || type.isInteger(1);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// x, truncated toward zero, as the nearest number of `type`.
static APInt saturate(double x, IntegerType type) {
  if (type.isInteger(1))
    return APInt(1, x != 0.0);
  llvm::APSInt result(type.getWidth(), isUnsigned(type));
  bool exact;
  // A NaN gives zero.
  APFloat(x).convertToInteger(result, APFloat::rmTowardZero, &exact);
  return result;
}

static APInt convert(const APInt &x, Type from, IntegerType to) {
  if (to.isInteger(1))
    return APInt(1, !x.isZero());
  return isUnsigned(from) ? x.zextOrTrunc(to.getWidth())
                          : x.sextOrTrunc(to.getWidth());
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  Type from = typeOf(getInput()).getElementType();
  Type to = typeOf(getOutput()).getElementType();
  auto toFloat = dyn_cast<FloatType>(to);
  auto toInteger = dyn_cast<IntegerType>(to);
  if (!toFloat && !toInteger)
    return {};
  auto rounded = [&](APFloat x) {
    bool lossy;
    x.convert(toFloat.getFloatSemantics(), APFloat::rmNearestTiesToEven,
              &lossy);
    return x.bitcastToAPInt();
  };
  ConstantView constant = adaptor.getInput();
  if (!constant)
    return {};
  auto type = typeOf(getOutput());
  if (isa<FloatType>(from))
    return mapConstant<APInt>(constant, type, [&](int64_t i) {
      auto x = constant.getValue<APFloat>(i);
      if (toFloat)
        return rounded(x);
      bool lossy;
      x.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
      return saturate(x.convertToDouble(), toInteger);
    });
  // Weights of 8 bits are many.
  if (to.isF32())
    return mapConstant<float>(constant, type, [&](int64_t i) {
      int64_t x = constant.getInteger(i);
      return isUnsigned(from) ? static_cast<float>(static_cast<uint64_t>(x))
                              : static_cast<float>(x);
    });
  return mapConstant<APInt>(constant, type, [&](int64_t i) {
    auto x = constant.getValue<APInt>(i);
    if (toInteger)
      return convert(x, from, toInteger);
    APFloat value(toFloat.getFloatSemantics());
    value.convertFromAPInt(x, !isUnsigned(from), APFloat::rmNearestTiesToEven);
    return value.bitcastToAPInt();
  });
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// x, truncated toward zero, as the nearest number of `to`. What a machine does
/// beyond an integer's range differs, so that is cut off in front.
static Value floatToInteger(OpBuilder &b, Location at, Value x, Type to,
                            bool isUnsignedTo) {
  auto type = cast<FloatType>(x.getType());
  auto constant = [&](APFloat value) -> Value {
    return arith::ConstantOp::create(b, at, FloatAttr::get(type, value));
  };
  auto zero = APFloat::getZero(type.getFloatSemantics());
  if (to.isInteger(1))
    return arith::CmpFOp::create(b, at, arith::CmpFPredicate::UNE, x,
                                 constant(zero));
  unsigned width = to.getIntOrFloatBitWidth();
  APInt least = isUnsignedTo ? APInt::getMinValue(width)
                             : APInt::getSignedMinValue(width);
  APInt most = isUnsignedTo ? APInt::getMaxValue(width)
                            : APInt::getSignedMaxValue(width);
  auto edge = [&](const APInt &value, APFloat::roundingMode mode) {
    APFloat result(type.getFloatSemantics());
    result.convertFromAPInt(value, !isUnsignedTo, mode);
    return constant(result);
  };
  auto bound = [&](const APInt &value) -> Value {
    return arith::ConstantOp::create(
        b, at,
        b.getIntegerAttr(IntegerType::get(b.getContext(), width), value));
  };
  auto compare = [&](arith::CmpFPredicate predicate, Value y) -> Value {
    return arith::CmpFOp::create(b, at, predicate, x, y);
  };
  Value below =
      compare(arith::CmpFPredicate::ULT, edge(least, APFloat::rmTowardZero));
  // The largest integer may not be a float: what is not below the next one up
  // saturates.
  Value above =
      compare(arith::CmpFPredicate::OGE, edge(most, APFloat::rmTowardPositive));
  Value isNaN = arith::CmpFOp::create(b, at, arith::CmpFPredicate::UNO, x, x);
  Value outside = arith::OrIOp::create(b, at, below, above);
  Value safe = arith::SelectOp::create(b, at, outside, constant(zero), x);
  Type plain = IntegerType::get(b.getContext(), width);
  Value inside = isUnsignedTo
                     ? arith::FPToUIOp::create(b, at, plain, safe).getResult()
                     : arith::FPToSIOp::create(b, at, plain, safe).getResult();
  inside = arith::SelectOp::create(b, at, above, bound(most), inside);
  inside = arith::SelectOp::create(b, at, below, bound(least), inside);
  return arith::SelectOp::create(b, at, isNaN, bound(APInt::getZero(width)),
                                 inside);
}

static Value convertElement(OpBuilder &b, Location at, Value x, Type from,
                            Type to) {
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  unsigned width = from.getIntOrFloatBitWidth();
  unsigned wanted = to.getIntOrFloatBitWidth();
  if (fromFloat && toFloat) {
    if (wanted > width)
      return arith::ExtFOp::create(b, at, to, x);
    return arith::TruncFOp::create(b, at, to, x);
  }
  if (fromFloat)
    return floatToInteger(b, at, x, to, isUnsigned(to));
  if (toFloat) {
    if (isUnsigned(from))
      return arith::UIToFPOp::create(b, at, to, x);
    return arith::SIToFPOp::create(b, at, to, x);
  }
  Type plain = IntegerType::get(b.getContext(), wanted);
  if (wanted == 1) {
    Value zero =
        arith::ConstantOp::create(b, at, b.getIntegerAttr(x.getType(), 0));
    return arith::CmpIOp::create(b, at, arith::CmpIPredicate::ne, x, zero);
  }
  if (wanted < width)
    return arith::TruncIOp::create(b, at, plain, x);
  if (wanted == width)
    return x;
  if (isUnsigned(from))
    return arith::ExtUIOp::create(b, at, plain, x);
  return arith::ExtSIOp::create(b, at, plain, x);
}

FailureOr<SmallVector<Value>>
CastOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Type from = typeOf(getInput()).getElementType();
  Type to = typeOf(getOutput()).getElementType();
  if (!from.isIntOrFloat() || !to.isIntOrFloat())
    return failure();
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), inputs,
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) {
        return convertElement(b, at, args[0], from, to);
      })};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildCast(OnnxNode &node) {
  Value input = node.input(0);
  // Before operator set 6 the type is named, from then on numbered.
  Type type = node.opset < 6 ? node.typeNamed(node.getString("to", ""))
                             : node.typeNumbered(node.getInt("to", 0));
  if (!input)
    return failure();
  if (!type)
    return node.fail("casts to an element type that is not supported");
  return node.setOutput(node.castTo(type, input));
}

static LogicalResult buildCastLike(OnnxNode &node) {
  Value input = node.input(0), like = node.input(1);
  if (!input || !like)
    return failure();
  return node.setOutput(node.castTo(typeOf(like).getElementType(), input));
}

void CastOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Cast"] = buildCast;
  builders["CastLike"] = buildCastLike;
}
