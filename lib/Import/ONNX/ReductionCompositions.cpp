//===- ReductionCompositions.cpp --------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reductions of functions, and functions of reductions.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// |x|, of integers too.
static Value sizeOf(OnnxNode &node, Value x) {
  auto integer = dyn_cast<IntegerType>(typeOf(x).getElementType());
  if (!integer)
    return unary(node, UnaryKind::Abs, x);
  if (integer.isUnsigned())
    return x;
  Value negative = binary(node, BinaryKind::Sub, node.scalarLike(x, 0), x);
  return binary(node, BinaryKind::Max, x, negative);
}

static Value sumOfSquares(OnnxNode &node, Value x, ArrayRef<int64_t> axes) {
  return reduce(node, ReduceKind::Sum, binary(node, BinaryKind::Mul, x, x),
                axes);
}

/// log Σ exp(x - max) + max, in which nothing overflows.
static Value logSumExp(OnnxNode &node, Value x, ArrayRef<int64_t> axes) {
  Value largest = reduce(node, ReduceKind::Max, x, axes);
  if (!largest)
    return {};
  // Two infinities would differ by NaN.
  Value infinity = number(node, std::numeric_limits<float>::infinity());
  Value isFinite = node.create<CompareOp>(unary(node, UnaryKind::Abs, largest),
                                          infinity, CompareKind::Less);
  largest = node.create<SelectOp>(isFinite, largest, number(node, 0.0f));
  Value powers =
      unary(node, UnaryKind::Exp, binary(node, BinaryKind::Sub, x, largest));
  Value sum = reduce(node, ReduceKind::Sum, powers, axes);
  return binary(node, BinaryKind::Add, unary(node, UnaryKind::Log, sum),
                largest);
}

template <Value (*body)(OnnxNode &, Value, ArrayRef<int64_t>),
          bool integers = false>
static LogicalResult buildReduction(OnnxNode &node) {
  Value input = integers ? node.input(0) : node.floatInput(0);
  return node.setReduced(input, 18, [&](Value x, ArrayRef<int64_t> axes) {
    return body(node, x, axes);
  });
}

static Value normOne(OnnxNode &node, Value x, ArrayRef<int64_t> axes) {
  return reduce(node, ReduceKind::Sum, sizeOf(node, x), axes);
}

static Value normTwo(OnnxNode &node, Value x, ArrayRef<int64_t> axes) {
  return unary(node, UnaryKind::Sqrt, sumOfSquares(node, x, axes));
}

static Value logSum(OnnxNode &node, Value x, ArrayRef<int64_t> axes) {
  return unary(node, UnaryKind::Log, reduce(node, ReduceKind::Sum, x, axes));
}

/// (Σ |x|^p)^(1/p) over all positions.
static LogicalResult buildGlobalLpPool(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  int64_t rank = typeOf(input).getRank();
  if (rank < 3)
    return node.fail("input must have spatial dimensions");
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  // In operator set 1 it was a float.
  float p = node.opset < 2 ? node.getFloat("p", 2.0f)
                           : static_cast<float>(node.getInt("p", 2));
  if (!(p > 0.0f))
    return node.fail("p must be positive");
  if (p == 1.0f)
    return node.setOutput(normOne(node, input, axes));
  if (p == 2.0f)
    return node.setOutput(normTwo(node, input, axes));
  Value powers =
      binary(node, BinaryKind::Pow, sizeOf(node, input), number(node, p));
  return node.setOutput(binary(node, BinaryKind::Pow,
                               reduce(node, ReduceKind::Sum, powers, axes),
                               number(node, 1.0f / p)));
}

void onnx_import::addReductionCompositions(OnnxBuilders &builders) {
  builders["GlobalLpPool"] = buildGlobalLpPool;
  builders["ReduceL1"] = buildReduction<normOne, /*integers=*/true>;
  builders["ReduceL2"] = buildReduction<normTwo>;
  builders["ReduceLogSum"] = buildReduction<logSum>;
  builders["ReduceLogSumExp"] = buildReduction<logSumExp>;
  builders["ReduceSumSquare"] = buildReduction<sumOfSquares, /*integers=*/true>;
}
