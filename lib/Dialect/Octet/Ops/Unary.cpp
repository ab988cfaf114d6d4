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
  Value power =
      arith::SubFOp::create(b, math::ExpOp::create(b, x), number(b, 1.0f));
  return selectNegative(b, x,
                        arith::MulFOp::create(b, power, number(b, alpha)));
}

/// max(x, 0) + log(1 + exp(-|x|)), which does not overflow.
static Value softplus(ImplicitLocOpBuilder &b, Value x) {
  Value size = math::AbsFOp::create(b, x);
  Value power = math::ExpOp::create(b, arith::NegFOp::create(b, size));
  Value rest =
      math::LogOp::create(b, arith::AddFOp::create(b, number(b, 1.0f), power));
  Value most = clamp(b, b.getLoc(), x, APFloat(0.0f), std::nullopt);
  return arith::AddFOp::create(b, most, rest);
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
            [](B &b, Value x, float, float) -> Value {
              Value power = math::ExpOp::create(b, arith::NegFOp::create(b, x));
              return arith::DivFOp::create(
                  b, number(b, 1.0f),
                  arith::AddFOp::create(b, number(b, 1.0f), power));
            }};
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
  auto constant = floatConstant(input);
  if (!constant)
    return {};
  return constant.mapValues(constant.getElementType(), [&](const APFloat &x) {
    auto value = static_cast<float>(op.evaluate(x.convertToFloat()));
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

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildClamp(OnnxNode &node, std::optional<float> low,
                                std::optional<float> high) {
  auto bound = [&](std::optional<float> x) {
    return x ? node.builder.getF32FloatAttr(*x) : FloatAttr();
  };
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  return node.setOutput(node.create<ClampOp>(input, bound(low), bound(high)));
}

/// Max and min of operands; absent ones do not bind.
static LogicalResult buildClipOf(OnnxNode &node, Value input, Value low,
                                 Value high) {
  for (auto [bound, kind] :
       {std::pair(low, BinaryKind::Max), std::pair(high, BinaryKind::Min)}) {
    if (!bound)
      continue;
    if (typeOf(bound).getNumElements() != 1)
      return node.fail("a bound must be one number");
    bound = node.reshape(bound, {});
    input = node.create<BinaryOp>(
        input, node.castTo(typeOf(input).getElementType(), bound), kind,
        FloatAttr(), FloatAttr());
    if (!input)
      return failure();
  }
  return node.setOutput(input);
}

static LogicalResult buildClip(OnnxNode &node) {
  if (node.opset < 11) {
    auto bound = [&](StringRef name) {
      return node.hasAttribute(name) ? std::optional(node.getFloat(name, 0.0f))
                                     : std::nullopt;
    };
    return buildClamp(node, bound("min"), bound("max"));
  }
  Value bounds[2];
  std::optional<float> constants[2];
  bool isConstant = true;
  for (unsigned i : {0, 1}) {
    if (!node.hasInput(i + 1))
      continue;
    bounds[i] = node.input(i + 1);
    if (!bounds[i])
      return failure();
    auto constant =
        dyn_cast_or_null<DenseFPElementsAttr>(node.constantInput(i + 1));
    if (constant && constant.getNumElements() == 1)
      constants[i] = constant.getSplatValue<APFloat>().convertToFloat();
    else
      isConstant = false;
  }
  Value input = node.input(0);
  if (!input)
    return failure();
  if (isConstant && typeOf(input).getElementType().isF32())
    return buildClamp(node, constants[0], constants[1]);
  return buildClipOf(node, input, bounds[0], bounds[1]);
}

void ClampOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Relu"] = [](OnnxNode &node) {
    return buildClamp(node, 0.0f, std::nullopt);
  };
  builders["Clip"] = buildClip;
}

/// A function with its defaults of alpha and beta (which some call gamma).
template <UnaryKind kind> static LogicalResult buildUnary(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  float alpha = 0.0f, beta = 0.0f;
  switch (kind) {
  case UnaryKind::LeakyRelu:
    alpha = node.getFloat("alpha", 0.01f);
    break;
  case UnaryKind::HardSigmoid:
    alpha = node.getFloat("alpha", 0.2f);
    beta = node.getFloat("beta", 0.5f);
    break;
  case UnaryKind::HardSwish:
    alpha = 1.0f / 6.0f;
    beta = 0.5f;
    break;
  case UnaryKind::Elu:
  case UnaryKind::ThresholdedRelu:
    alpha = node.getFloat("alpha", 1.0f);
    break;
  case UnaryKind::Selu:
    alpha = node.getFloat("alpha", 1.67326319f);
    beta = node.getFloat("gamma", 1.05070102f);
    break;
  default:
    break;
  }
  return node.setOutput(
      node.create<UnaryOp>(input, kind, APFloat(alpha), APFloat(beta)));
}

/// Negations, sizes and signs of integers are made of what integers have.
template <UnaryKind kind>
static LogicalResult buildSignedUnary(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  auto integer = dyn_cast<IntegerType>(typeOf(input).getElementType());
  if (!integer || integer.isUnsigned() || integer.getWidth() == 1)
    return buildUnary<kind>(node);
  auto binary = [&](Value lhs, Value rhs, BinaryKind function) {
    return node.create<BinaryOp>(lhs, rhs, function, FloatAttr(), FloatAttr());
  };
  auto scalar = [&](double x) { return node.scalarLike(input, x); };
  if (kind == UnaryKind::Sign)
    return node.setOutput(binary(binary(input, scalar(1), BinaryKind::Min),
                                 scalar(-1), BinaryKind::Max));
  Value negative = binary(scalar(0), input, BinaryKind::Sub);
  return node.setOutput(kind == UnaryKind::Neg
                            ? negative
                            : binary(input, negative, BinaryKind::Max));
}

void UnaryOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["LeakyRelu"] = buildUnary<UnaryKind::LeakyRelu>;
  builders["Sigmoid"] = buildUnary<UnaryKind::Sigmoid>;
  builders["HardSigmoid"] = buildUnary<UnaryKind::HardSigmoid>;
  builders["HardSwish"] = buildUnary<UnaryKind::HardSwish>;
  builders["Tanh"] = buildUnary<UnaryKind::Tanh>;
  builders["Neg"] = buildSignedUnary<UnaryKind::Neg>;
  builders["Abs"] = buildSignedUnary<UnaryKind::Abs>;
  builders["Sqrt"] = buildUnary<UnaryKind::Sqrt>;
  builders["Exp"] = buildUnary<UnaryKind::Exp>;
  builders["Log"] = buildUnary<UnaryKind::Log>;
  builders["Floor"] = buildUnary<UnaryKind::Floor>;
  builders["Ceil"] = buildUnary<UnaryKind::Ceil>;
  builders["Round"] = buildUnary<UnaryKind::Round>;
  builders["Sign"] = buildSignedUnary<UnaryKind::Sign>;
  builders["Reciprocal"] = buildUnary<UnaryKind::Reciprocal>;
  builders["Erf"] = buildUnary<UnaryKind::Erf>;
  builders["Sin"] = buildUnary<UnaryKind::Sin>;
  builders["Cos"] = buildUnary<UnaryKind::Cos>;
  builders["Softplus"] = buildUnary<UnaryKind::Softplus>;
  builders["Softsign"] = buildUnary<UnaryKind::Softsign>;
  builders["Elu"] = buildUnary<UnaryKind::Elu>;
  builders["Selu"] = buildUnary<UnaryKind::Selu>;
  builders["ThresholdedRelu"] = buildUnary<UnaryKind::ThresholdedRelu>;
}
