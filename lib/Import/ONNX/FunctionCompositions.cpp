//===- FunctionCompositions.cpp ---------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise functions.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// The mean of operands that broadcast.
static LogicalResult buildMean(OnnxNode &node) {
  auto operands = node.allInputs(/*floats=*/true);
  if (operands.empty())
    return failure();
  Value sum = operands.front();
  for (Value operand : ArrayRef(operands).drop_front())
    sum = binary(node, BinaryKind::Add, sum, operand);
  return node.setOutput(
      binary(node, BinaryKind::Div, sum,
             node.constant({static_cast<float>(operands.size())}, {})));
}

/// x / 2 · (1 + erf(x / √2)), or its approximation by tanh.
static LogicalResult buildGelu(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  auto times = [&](Value value, float factor) {
    return binary(node, BinaryKind::Mul, value, node.constant({factor}, {}));
  };
  std::string approximation = node.getString("approximate", "none");
  Value inner;
  if (approximation == "none") {
    inner = unary(node, UnaryKind::Erf, times(input, 0.70710678f));
  } else if (approximation == "tanh") {
    Value cube = binary(node, BinaryKind::Mul, input,
                        binary(node, BinaryKind::Mul, input, input));
    inner = times(binary(node, BinaryKind::Add, input, times(cube, 0.044715f)),
                  0.79788456f);
    inner = unary(node, UnaryKind::Tanh, inner);
  } else {
    return node.fail("approximation '" + approximation + "' is unknown");
  }
  Value both = binary(node, BinaryKind::Add, inner, node.constant({1.0f}, {}));
  return node.setOutput(
      binary(node, BinaryKind::Mul, times(input, 0.5f), both));
}

/// x < 0 ? alpha · (exp(x / alpha) - 1) : x.
static LogicalResult buildCelu(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  float alpha = node.getFloat("alpha", 1.0f);
  if (!(alpha > 0.0f))
    return node.fail("alpha must be positive");
  if (alpha != 1.0f)
    input = binary(node, BinaryKind::Div, input, number(node, alpha));
  Value result =
      node.create<UnaryOp>(input, UnaryKind::Elu, APFloat(1.0f), APFloat(0.0f));
  if (alpha != 1.0f)
    result = binary(node, BinaryKind::Mul, result, number(node, alpha));
  return node.setOutput(result);
}

/// x · tanh(log(1 + exp(x))).
static LogicalResult buildMish(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  Value gate =
      unary(node, UnaryKind::Tanh, unary(node, UnaryKind::Softplus, input));
  return node.setOutput(binary(node, BinaryKind::Mul, input, gate));
}

/// x / (1 + exp(-alpha · x)).
static LogicalResult buildSwish(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  float alpha = node.getFloat("alpha", 1.0f);
  Value scaled =
      alpha == 1.0f ? input
                    : binary(node, BinaryKind::Mul, input, number(node, alpha));
  return node.setOutput(binary(node, BinaryKind::Mul, input,
                               unary(node, UnaryKind::Sigmoid, scaled)));
}

/// x < -lambd ? x + bias : x > lambd ? x - bias : 0.
static LogicalResult buildShrink(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  float edge = node.getFloat("lambd", 0.5f);
  Value bias = number(node, node.getFloat("bias", 0.0f));
  auto compare = [&](float bound, CompareKind kind) {
    return node.create<CompareOp>(input, number(node, bound), kind);
  };
  Value above = node.create<SelectOp>(
      compare(edge, CompareKind::Greater),
      binary(node, BinaryKind::Sub, input, bias), number(node, 0.0f));
  return node.setOutput(
      node.create<SelectOp>(compare(-edge, CompareKind::Less),
                            binary(node, BinaryKind::Add, input, bias), above));
}

static LogicalResult buildIsInf(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  bool positive = node.getInt("detect_positive", 1);
  bool negative = node.getInt("detect_negative", 1);
  float bound = std::numeric_limits<float>::infinity();
  if (positive && negative)
    input = unary(node, UnaryKind::Abs, input);
  else if (negative)
    bound = -bound;
  // Nothing equals a NaN.
  if (!positive && !negative)
    bound = std::numeric_limits<float>::quiet_NaN();
  return node.setOutput(
      node.create<CompareOp>(input, number(node, bound), CompareKind::Equal));
}

void onnx_import::addFunctionCompositions(OnnxBuilders &builders) {
  builders["Celu"] = buildCelu;
  builders["Gelu"] = buildGelu;
  builders["IsInf"] = buildIsInf;
  builders["Mean"] = buildMean;
  builders["Mish"] = buildMish;
  builders["Shrink"] = buildShrink;
  builders["Swish"] = buildSwish;
}
