//===- Unary.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// unary and clamp: elementwise functions of one operand.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult ClampOp::inferReturnTypes(MLIRContext *,
                                        std::optional<Location> location,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}
LogicalResult UnaryOp::inferReturnTypes(MLIRContext *,
                                        std::optional<Location> location,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

double ClampOp::evaluate(double x) {
  if (getClampMin())
    x = std::max<double>(x, getClampMin()->convertToFloat());
  if (getClampMax())
    x = std::min<double>(x, getClampMax()->convertToFloat());
  return x;
}

double UnaryOp::evaluate(double x) {
  double alpha = getAlpha().convertToFloat();
  double beta = getBeta().convertToFloat();
  auto hardSigmoid = [&] { return std::clamp(alpha * x + beta, 0.0, 1.0); };
  switch (getKind()) {
  case UnaryKind::LeakyRelu:
    return x < 0 ? alpha * x : x;
  case UnaryKind::Sigmoid:
    return 1.0 / (1.0 + std::exp(-x));
  case UnaryKind::HardSigmoid:
    return hardSigmoid();
  case UnaryKind::HardSwish:
    return x * hardSigmoid();
  case UnaryKind::Tanh:
    return std::tanh(x);
  }
  llvm_unreachable("unknown function");
}

/// The function of each element of a constant; a NaN stays one.
template <typename Op>
static OpFoldResult foldFunction(Op op, Attribute input) {
  auto constant = floatConstant(input);
  if (!constant)
    return {};
  return constant.mapValues(constant.getElementType(), [&](const APFloat &x) {
    float value = x.convertToFloat();
    if (!std::isnan(value))
      value = static_cast<float>(op.evaluate(value));
    return APFloat(value).bitcastToAPInt();
  });
}

OpFoldResult ClampOp::fold(FoldAdaptor adaptor) {
  if (!getClampMin() && !getClampMax())
    return getInput();
  return foldFunction(*this, adaptor.getInput());
}

OpFoldResult UnaryOp::fold(FoldAdaptor adaptor) {
  return foldFunction(*this, adaptor.getInput());
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// An elementwise function of `input` into `output`.
static FailureOr<SmallVector<Value>>
lowerUnary(Operation *op, OpBuilder &builder, ValueRange inputs,
           ValueRange outputs,
           llvm::function_ref<Value(OpBuilder &, Location, Value)> body) {
  if (!typeOf(inputs[0]).getElementType().isF32())
    return failure();
  return SmallVector<Value>{createElementwise(
      builder, op->getLoc(), inputs,
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) {
        return body(b, at, args[0]);
      })};
}

FailureOr<SmallVector<Value>>
ClampOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return lowerUnary(*this, builder, inputs, outputs,
                    [&](OpBuilder &b, Location at, Value x) {
                      return clamp(b, at, x, getClampMin(), getClampMax());
                    });
}

FailureOr<SmallVector<Value>>
UnaryOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto body = [&](OpBuilder &b, Location at, Value x) -> Value {
    auto constant = [&](float value) { return constantF32(b, at, value); };
    auto scaled = [&] {
      return arith::MulFOp::create(b, at, x,
                                   constant(getAlpha().convertToFloat()));
    };
    // Product and sum are rounded apart.
    auto hardSigmoid = [&] {
      Value shifted = arith::AddFOp::create(
          b, at, scaled(), constant(getBeta().convertToFloat()));
      return clamp(b, at, shifted, APFloat(0.0f), APFloat(1.0f));
    };
    switch (getKind()) {
    case UnaryKind::LeakyRelu: {
      Value negative = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT,
                                             x, constant(0.0f));
      return arith::SelectOp::create(b, at, negative, scaled(), x);
    }
    case UnaryKind::Sigmoid: {
      Value power = math::ExpOp::create(b, at, arith::NegFOp::create(b, at, x));
      return arith::DivFOp::create(
          b, at, constant(1.0f),
          arith::AddFOp::create(b, at, constant(1.0f), power));
    }
    case UnaryKind::HardSigmoid:
      return hardSigmoid();
    case UnaryKind::HardSwish:
      return arith::MulFOp::create(b, at, x, hardSigmoid());
    case UnaryKind::Tanh:
      return math::TanhOp::create(b, at, x);
    }
    llvm_unreachable("unknown function");
  };
  return lowerUnary(*this, builder, inputs, outputs, body);
}
