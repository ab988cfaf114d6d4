//===- UnaryBuilders.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX operators that map to unary and clamp.
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Octet.h"

using namespace mlir;
using namespace octet;

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
    ConstantView constant = floatConstant(node.constantInput(i + 1));
    if (constant && constant.getNumElements() == 1)
      constants[i] = constant.getSplatValue<float>();
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
  builders["Tan"] = buildUnary<UnaryKind::Tan>;
  builders["Asin"] = buildUnary<UnaryKind::Asin>;
  builders["Acos"] = buildUnary<UnaryKind::Acos>;
  builders["Atan"] = buildUnary<UnaryKind::Atan>;
  builders["Sinh"] = buildUnary<UnaryKind::Sinh>;
  builders["Cosh"] = buildUnary<UnaryKind::Cosh>;
  builders["Asinh"] = buildUnary<UnaryKind::Asinh>;
  builders["Acosh"] = buildUnary<UnaryKind::Acosh>;
  builders["Atanh"] = buildUnary<UnaryKind::Atanh>;
}
