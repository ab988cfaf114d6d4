//===- LossCompositions.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Losses, as models that are evaluated contain them.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// The number `value` as a scalar of integers like those of `like`.
static Value integerLike(OnnxNode &node, Value like, int64_t value) {
  Type element = typeOf(like).getElementType();
  return node.constant(
      makeSplat(RankedTensorType::get({}, element),
                APInt(element.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
                      /*implicitTrunc=*/true)));
}

/// The loss of log-probabilities [N, C, ...] at the classes [N, ...] of input
/// 1, by the weights of input 2: -w[t] · x[t], reduced.
static Value negativeLogLikelihood(OnnxNode &node, Value x) {
  auto fail = [&](const Twine &message) {
    (void)node.fail(message);
    return Value();
  };
  Value target = node.input(1);
  if (!x || !target)
    return {};
  Shape shape(typeOf(x).getShape());
  Shape single(shape);
  if (shape.size() < 2)
    return fail("input must have a class dimension");
  single[1] = 1;
  Shape positions(shape);
  positions.erase(positions.begin() + 1);
  if (typeOf(target).getShape() != ArrayRef(positions) ||
      !isa<IntegerType>(typeOf(target).getElementType()))
    return fail("targets must be integers, one for each position");

  int64_t classes = shape[1];
  Shape column(shape.size() - 1, 1);
  column[0] = classes;
  target = node.reshape(target, single);
  if (!target)
    return {};
  Value numbers = node.castTo(typeOf(target).getElementType(),
                              node.reshape(node.constantInts(llvm::to_vector(
                                               llvm::seq<int64_t>(0, classes))),
                                           column));
  Value isTarget = node.create<CompareOp>(target, numbers, CompareKind::Equal);
  Value zero = number(node, 0.0f);
  // One of each column is not zero.
  auto choose = [&](Value values) {
    return reduce(node, ReduceKind::Sum,
                  node.create<SelectOp>(isTarget, values, zero), 1);
  };
  Value loss = unary(node, UnaryKind::Neg, choose(x)), weights;
  if (node.hasInput(2)) {
    Value given = node.floatInput(2);
    if (!given)
      return {};
    if (typeOf(given).getNumElements() != classes)
      return fail("weights must be one for each class");
    weights = choose(node.reshape(given, column));
    loss = binary(node, BinaryKind::Mul, loss, weights);
  }
  if (node.hasAttribute("ignore_index")) {
    Value ignored = node.create<CompareOp>(
        target, integerLike(node, target, node.getInt("ignore_index", 0)),
        CompareKind::Equal);
    weights = node.create<SelectOp>(ignored, zero,
                                    weights ? weights : number(node, 1.0f));
    loss = node.create<SelectOp>(ignored, zero, loss);
  }

  std::string reduction = node.getString("reduction", "mean");
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  auto over = [&](Value value, ReduceKind kind) {
    return node.reshape(reduce(node, kind, value, all), {});
  };
  if (reduction == "none")
    return node.reshape(loss, positions);
  if (reduction == "sum")
    return over(loss, ReduceKind::Sum);
  if (reduction != "mean")
    return fail("reduction '" + reduction + "' is unknown");
  if (!weights)
    return over(loss, ReduceKind::Mean);
  return binary(node, BinaryKind::Div, over(loss, ReduceKind::Sum),
                over(weights, ReduceKind::Sum));
}

static LogicalResult buildNegativeLogLikelihoodLoss(OnnxNode &node) {
  return node.setOutput(negativeLogLikelihood(node, node.floatInput(0)));
}

static LogicalResult buildSoftmaxCrossEntropyLoss(OnnxNode &node) {
  Value scores = node.floatInput(0);
  if (!scores)
    return failure();
  if (typeOf(scores).getRank() < 2)
    return node.fail("input must have a class dimension");
  Value logarithms = logSoftmax(node, scores, 1);
  if (!logarithms)
    return failure();
  Value loss = negativeLogLikelihood(node, logarithms);
  if (!loss)
    return failure();
  return node.setOutputs({loss, logarithms});
}

void onnx_import::addLossCompositions(OnnxBuilders &builders) {
  builders["NegativeLogLikelihoodLoss"] = buildNegativeLogLikelihoodLoss;
  builders["SoftmaxCrossEntropyLoss"] = buildSoftmaxCrossEntropyLoss;
}
