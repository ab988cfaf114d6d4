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
#include "mlir/IR/ImplicitLocOpBuilder.h"
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

namespace {
/// A function of x and the operation's alpha and beta: its value, and how it is
/// computed in f32.
struct UnaryFunction {
  using Evaluate = double (*)(double x, double alpha, double beta);
  using Lower = Value (*)(ImplicitLocOpBuilder &b, Value x, float alpha,
                          float beta);
  Evaluate evaluate;
  Lower lower;
};
} // namespace

static Value number(ImplicitLocOpBuilder &b, float value) {
  return constantF32(b, b.getLoc(), value);
}

/// Product and sum are rounded apart.
static Value hardSigmoid(ImplicitLocOpBuilder &b, Value x, float alpha,
                         float beta) {
  Value scaled = arith::MulFOp::create(b, x, number(b, alpha));
  Value shifted = arith::AddFOp::create(b, scaled, number(b, beta));
  return clamp(b, b.getLoc(), shifted, APFloat(0.0f), APFloat(1.0f));
}

static double hardSigmoid(double x, double alpha, double beta) {
  return std::clamp(alpha * x + beta, 0.0, 1.0);
}

/// x < 0 ? negative : x.
static Value selectNegative(ImplicitLocOpBuilder &b, Value x, Value negative) {
  Value isNegative =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, number(b, 0.0f));
  return arith::SelectOp::create(b, isNegative, negative, x);
}

/// x < 0 ? alpha · (exp(x) - 1) : x.
static Value elu(ImplicitLocOpBuilder &b, Value x, float alpha) {
  Value power = math::ExpM1Op::create(b, x);
  return selectNegative(b, x,
                        arith::MulFOp::create(b, power, number(b, alpha)));
}

/// max(x, 0) + log(1 + exp(-|x|)), which does not overflow.
static Value softplus(ImplicitLocOpBuilder &b, Value x) {
  Value size = math::AbsFOp::create(b, x);
  Value power = math::ExpOp::create(b, arith::NegFOp::create(b, size));
  Value rest = math::Log1pOp::create(b, power);
  Value most = clamp(b, b.getLoc(), x, APFloat(0.0f), std::nullopt);
  return arith::AddFOp::create(b, most, rest);
}

/// p / (1 + p) or 1 / (1 + p) with p = exp(-|x|), which does not overflow.
static Value sigmoid(ImplicitLocOpBuilder &b, Value x) {
  Value one = number(b, 1.0f);
  Value size = math::AbsFOp::create(b, x);
  Value power = math::ExpOp::create(b, arith::NegFOp::create(b, size));
  Value isNegative =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, number(b, 0.0f));
  Value over = arith::SelectOp::create(b, isNegative, power, one);
  return arith::DivFOp::create(b, over, arith::AddFOp::create(b, one, power));
}

/// The function `Op` of x alone.
template <typename Op>
static Value lowerAs(ImplicitLocOpBuilder &b, Value x, float, float) {
  return Op::create(b, x);
}

static UnaryFunction functionOf(UnaryKind kind) {
  using B = ImplicitLocOpBuilder;
  switch (kind) {
  case UnaryKind::LeakyRelu:
    return {[](double x, double a, double) { return x < 0 ? a * x : x; },
            [](B &b, Value x, float a, float) {
              return selectNegative(b, x,
                                    arith::MulFOp::create(b, x, number(b, a)));
            }};
  case UnaryKind::Sigmoid:
    return {[](double x, double, double) { return 1.0 / (1.0 + std::exp(-x)); },
            [](B &b, Value x, float, float) { return sigmoid(b, x); }};
  case UnaryKind::HardSigmoid:
    return {hardSigmoid, hardSigmoid};
  case UnaryKind::HardSwish:
    return {
        [](double x, double a, double b) { return x * hardSigmoid(x, a, b); },
        [](B &b, Value x, float alpha, float beta) -> Value {
          return arith::MulFOp::create(b, x, hardSigmoid(b, x, alpha, beta));
        }};
  case UnaryKind::Tanh:
    return {[](double x, double, double) { return std::tanh(x); },
            lowerAs<math::TanhOp>};
  case UnaryKind::Neg:
    return {[](double x, double, double) { return -x; },
            lowerAs<arith::NegFOp>};
  case UnaryKind::Abs:
    return {[](double x, double, double) { return std::fabs(x); },
            lowerAs<math::AbsFOp>};
  case UnaryKind::Sqrt:
    return {[](double x, double, double) { return std::sqrt(x); },
            lowerAs<math::SqrtOp>};
  case UnaryKind::Exp:
    return {[](double x, double, double) { return std::exp(x); },
            lowerAs<math::ExpOp>};
  case UnaryKind::Log:
    return {[](double x, double, double) { return std::log(x); },
            lowerAs<math::LogOp>};
  case UnaryKind::Floor:
    return {[](double x, double, double) { return std::floor(x); },
            lowerAs<math::FloorOp>};
  case UnaryKind::Ceil:
    return {[](double x, double, double) { return std::ceil(x); },
            lowerAs<math::CeilOp>};
  case UnaryKind::Round:
    return {[](double x, double, double) { return std::nearbyint(x); },
            lowerAs<math::RoundEvenOp>};
  case UnaryKind::Sign:
    return {[](double x, double, double) {
              return x > 0 ? 1.0 : x < 0 ? -1.0 : x;
            },
            [](B &b, Value x, float, float) -> Value {
              auto compare = [&](arith::CmpFPredicate predicate) {
                return arith::CmpFOp::create(b, predicate, x, number(b, 0.0f));
              };
              // What is neither is a zero or a NaN, and its own sign.
              Value low = arith::SelectOp::create(
                  b, compare(arith::CmpFPredicate::OLT), number(b, -1.0f), x);
              return arith::SelectOp::create(
                  b, compare(arith::CmpFPredicate::OGT), number(b, 1.0f), low);
            }};
  case UnaryKind::Reciprocal:
    return {[](double x, double, double) { return 1.0 / x; },
            [](B &b, Value x, float, float) -> Value {
              return arith::DivFOp::create(b, number(b, 1.0f), x);
            }};
  case UnaryKind::Erf:
    return {[](double x, double, double) { return std::erf(x); },
            lowerAs<math::ErfOp>};
  case UnaryKind::Sin:
    return {[](double x, double, double) { return std::sin(x); },
            lowerAs<math::SinOp>};
  case UnaryKind::Cos:
    return {[](double x, double, double) { return std::cos(x); },
            lowerAs<math::CosOp>};
  case UnaryKind::Softplus:
    return {[](double x, double, double) {
              return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
            },
            [](B &b, Value x, float, float) { return softplus(b, x); }};
  case UnaryKind::Softsign:
    return {[](double x, double, double) { return x / (1.0 + std::fabs(x)); },
            [](B &b, Value x, float, float) -> Value {
              Value size = math::AbsFOp::create(b, x);
              return arith::DivFOp::create(
                  b, x, arith::AddFOp::create(b, number(b, 1.0f), size));
            }};
  case UnaryKind::Elu:
    return {[](double x, double a, double) {
              return x < 0 ? a * std::expm1(x) : x;
            },
            [](B &b, Value x, float a, float) { return elu(b, x, a); }};
  case UnaryKind::Selu:
    return {[](double x, double a, double g) {
              return g * (x < 0 ? a * std::expm1(x) : x);
            },
            [](B &b, Value x, float a, float g) -> Value {
              return arith::MulFOp::create(b, elu(b, x, a), number(b, g));
            }};
  case UnaryKind::ThresholdedRelu:
    return {[](double x, double a, double) { return x > a ? x : 0.0; },
            [](B &b, Value x, float a, float) -> Value {
              Value keeps = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                                  x, number(b, a));
              return arith::SelectOp::create(b, keeps, x, number(b, 0.0f));
            }};
  case UnaryKind::Tan:
    return {[](double x, double, double) { return std::tan(x); },
            lowerAs<math::TanOp>};
  case UnaryKind::Asin:
    return {[](double x, double, double) { return std::asin(x); },
            lowerAs<math::AsinOp>};
  case UnaryKind::Acos:
    return {[](double x, double, double) { return std::acos(x); },
            lowerAs<math::AcosOp>};
  case UnaryKind::Atan:
    return {[](double x, double, double) { return std::atan(x); },
            lowerAs<math::AtanOp>};
  case UnaryKind::Sinh:
    return {[](double x, double, double) { return std::sinh(x); },
            lowerAs<math::SinhOp>};
  case UnaryKind::Cosh:
    return {[](double x, double, double) { return std::cosh(x); },
            lowerAs<math::CoshOp>};
  case UnaryKind::Asinh:
    return {[](double x, double, double) { return std::asinh(x); },
            lowerAs<math::AsinhOp>};
  case UnaryKind::Acosh:
    return {[](double x, double, double) { return std::acosh(x); },
            lowerAs<math::AcoshOp>};
  case UnaryKind::Atanh:
    return {[](double x, double, double) { return std::atanh(x); },
            lowerAs<math::AtanhOp>};
  }
  llvm_unreachable("unknown function");
}

Value lowering::lowerFunction(OpBuilder &builder, Location loc, UnaryKind kind,
                              Value x, float alpha, float beta) {
  ImplicitLocOpBuilder located(loc, builder);
  return functionOf(kind).lower(located, x, alpha, beta);
}

double UnaryOp::evaluate(double x) {
  return functionOf(getKind()).evaluate(x, getAlpha().convertToFloat(),
                                        getBeta().convertToFloat());
}

/// The function of each element of a constant.
template <typename Op>
static OpFoldResult foldFunction(Op op, Attribute input) {
  ConstantView constant = floatConstant(input);
  if (!constant)
    return {};
  return mapConstant<float>(constant, constant.getType(), [&](int64_t i) {
    return static_cast<float>(op.evaluate(constant.getValue<float>(i)));
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
static FailureOr<SmallVector<Value>> lowerUnary(ElementOpInterface op,
                                                OpBuilder &builder,
                                                ValueRange inputs,
                                                ValueRange outputs) {
  if (!typeOf(inputs[0]).getElementType().isF32())
    return failure();
  return SmallVector<Value>{createElementwise(
      builder, op->getLoc(), inputs,
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0],
      [&](OpBuilder &b, Location, ValueRange args) {
        return op.lowerElement(b, args.take_front());
      })};
}

Value ClampOp::lowerElement(OpBuilder &builder, ValueRange elements) {
  return clamp(builder, getLoc(), elements[0], getClampMin(), getClampMax());
}

Value UnaryOp::lowerElement(OpBuilder &builder, ValueRange elements) {
  return lowerFunction(builder, getLoc(), getKind(), elements[0],
                       getAlpha().convertToFloat(), getBeta().convertToFloat());
}

FailureOr<SmallVector<Value>>
ClampOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return lowerUnary(*this, builder, inputs, outputs);
}

FailureOr<SmallVector<Value>>
UnaryOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return lowerUnary(*this, builder, inputs, outputs);
}
