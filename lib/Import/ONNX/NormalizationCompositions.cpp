//===- NormalizationCompositions.cpp ----------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Normalizations: by constants, by moments, by norms, by exponentials.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

static LogicalResult buildBatchNormalization(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  // Before operator set 7 it was in training unless it said otherwise.
  if (node.getInt("training_mode", 0) ||
      (node.opset < 7 && !node.getInt("is_test", 0)))
    return node.fail("is in training mode; export for inference");
  auto type = typeOf(input);
  if (type.getRank() < 2)
    return node.fail("input must have a channel dimension");
  // Before operator set 9 there could be statistics for each position.
  Shape aligned(type.getShape().drop_front());
  if (node.opset >= 9 || node.getInt("spatial", 1))
    std::fill(aligned.begin() + 1, aligned.end(), 1);
  int64_t channels = *countElements(aligned);
  Value parameters[4];
  SmallVector<SmallVector<float>> numbers;
  for (unsigned i = 0; i < 4; ++i) {
    parameters[i] = node.floatInput(i + 1);
    if (!parameters[i])
      return failure();
    if (typeOf(parameters[i]).getNumElements() != channels)
      return node.fail("input " + Twine(i + 1) +
                       " must have one value for each channel");
    if (ConstantView constant = node.constantInput(i + 1))
      numbers.push_back(llvm::to_vector(constant.getValues<float>()));
  }
  double epsilon = node.getFloat("epsilon", 1e-5f);
  Value factor, shift;
  if (numbers.size() == 4) {
    // In double: the factor and the shift are rounded once.
    SmallVector<float> factors, shifts;
    for (int64_t c = 0; c < channels; ++c) {
      double f = numbers[0][c] / std::sqrt(numbers[3][c] + epsilon);
      factors.push_back(static_cast<float>(f));
      shifts.push_back(static_cast<float>(numbers[1][c] - numbers[2][c] * f));
    }
    factor = node.constant(factors, aligned);
    shift = node.constant(shifts, aligned);
  } else {
    Value deviation =
        unary(node, UnaryKind::Sqrt,
              binary(node, BinaryKind::Add, parameters[3],
                     node.constant({static_cast<float>(epsilon)}, {})));
    factor = binary(node, BinaryKind::Div, parameters[0], deviation);
    shift = binary(node, BinaryKind::Sub, parameters[1],
                   binary(node, BinaryKind::Mul, parameters[2], factor));
    factor = node.reshape(factor, aligned);
    shift = node.reshape(shift, aligned);
  }
  return node.setOutput(binary(node, BinaryKind::Add,
                               binary(node, BinaryKind::Mul, input, factor),
                               shift));
}

//===----------------------------------------------------------------------===//
// Moments
//===----------------------------------------------------------------------===//

namespace {
struct Normalized {
  /// (x - mean) / √(variance + epsilon), and what it is made of.
  Value result, mean, inverse;
};
} // namespace

/// 1 / √(mean of squares + epsilon).
static Value inverseDeviation(OnnxNode &node, Value centered,
                              ArrayRef<int64_t> axes) {
  Value squares = binary(node, BinaryKind::Mul, centered, centered);
  Value variance = reduce(node, ReduceKind::Mean, squares, axes);
  Value epsilon = number(node, node.getFloat("epsilon", 1e-5f));
  return unary(node, UnaryKind::Reciprocal,
               unary(node, UnaryKind::Sqrt,
                     binary(node, BinaryKind::Add, variance, epsilon)));
}

static Normalized normalize(OnnxNode &node, Value x, ArrayRef<int64_t> axes) {
  Value mean = reduce(node, ReduceKind::Mean, x, axes);
  Value centered = binary(node, BinaryKind::Sub, x, mean);
  Value inverse = inverseDeviation(node, centered, axes);
  return {binary(node, BinaryKind::Mul, centered, inverse), mean, inverse};
}

/// The dimensions from attribute `axis` on.
static FailureOr<Shape> trailingAxes(OnnxNode &node, Value x) {
  int64_t rank = typeOf(x).getRank();
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", -1), rank);
  if (!axis)
    return node.fail("axis is out of range");
  return llvm::to_vector<6>(llvm::seq<int64_t>(*axis, rank));
}

/// x · scale + shift, which broadcast to x; a shift may be absent.
static Value scaleAndShift(OnnxNode &node, Value x, Value scale, Value shift) {
  if (!x || !scale)
    return {};
  auto shape = typeOf(x).getShape();
  for (Value operand : {scale, shift}) {
    if (!operand)
      continue;
    auto joined = inferBroadcast(shape, typeOf(operand).getShape());
    if (!joined || ArrayRef(*joined) != shape) {
      (void)node.fail("scale or bias does not broadcast to the input's shape");
      return {};
    }
  }
  Value scaled = binary(node, BinaryKind::Mul, x, scale);
  return shift ? binary(node, BinaryKind::Add, scaled, shift) : scaled;
}

static LogicalResult buildLayerNormalization(OnnxNode &node) {
  Value x = node.floatInput(0), scale = node.floatInput(1), shift;
  if (!x || !scale)
    return failure();
  if (node.hasInput(2) && !(shift = node.floatInput(2)))
    return failure();
  auto axes = trailingAxes(node, x);
  if (failed(axes))
    return failure();
  Normalized normal = normalize(node, x, *axes);
  return node.setOutputs({scaleAndShift(node, normal.result, scale, shift),
                          normal.mean, normal.inverse});
}

static LogicalResult buildRMSNormalization(OnnxNode &node) {
  Value x = node.floatInput(0), scale = node.floatInput(1);
  if (!x || !scale)
    return failure();
  auto axes = trailingAxes(node, x);
  if (failed(axes))
    return failure();
  Value normal =
      binary(node, BinaryKind::Mul, x, inverseDeviation(node, x, *axes));
  return node.setOutput(scaleAndShift(node, normal, scale, Value()));
}

/// The parameters `count` long, along dimension 1 of `rank` dimensions.
static Value alongChannels(OnnxNode &node, unsigned i, int64_t count,
                           int64_t rank) {
  Value value = node.floatInput(i);
  if (!value)
    return {};
  if (typeOf(value).getNumElements() != count) {
    (void)node.fail("input '" + node.inputName(i) + "' must have " +
                    Twine(count) + " values");
    return {};
  }
  Shape shape(rank - 1, 1);
  shape[0] = count;
  return node.reshape(value, shape);
}

static LogicalResult buildGroupNormalization(OnnxNode &node) {
  Value x = node.floatInput(0);
  if (!x)
    return failure();
  Shape shape(typeOf(x).getShape());
  int64_t rank = shape.size(), groups = node.getInt("num_groups", 0);
  if (rank < 2)
    return node.fail("input must have a channel dimension");
  if (groups < 1 || shape[1] % groups != 0)
    return node.fail(
        "num_groups must divide the channels, of which there are " +
        Twine(shape[1]));
  int64_t inside = typeOf(x).getNumElements() / shape[0] / groups;
  Value grouped = node.reshape(x, {shape[0], groups, inside});
  if (!grouped)
    return failure();
  Value normal = normalize(node, grouped, {2}).result;
  // Before operator set 21 each group had its scale, since then each channel.
  bool perGroup = node.opset < 21;
  if (!perGroup)
    normal = node.reshape(normal, shape);
  int64_t count = perGroup ? groups : shape[1], along = perGroup ? 3 : rank;
  Value scale = alongChannels(node, 1, count, along);
  Value shift = scale ? alongChannels(node, 2, count, along) : Value();
  if (!shift)
    return failure();
  Value result = scaleAndShift(node, normal, scale, shift);
  return node.setOutput(node.reshape(result, shape));
}

static LogicalResult buildInstanceNormalization(OnnxNode &node) {
  Value x = node.floatInput(0);
  if (!x)
    return failure();
  int64_t rank = typeOf(x).getRank();
  if (rank < 3)
    return node.fail("input must have spatial dimensions");
  int64_t channels = typeOf(x).getDimSize(1);
  Value scale = alongChannels(node, 1, channels, rank);
  Value shift = scale ? alongChannels(node, 2, channels, rank) : Value();
  if (!shift)
    return failure();
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  return node.setOutput(
      scaleAndShift(node, normalize(node, x, axes).result, scale, shift));
}

/// (x - mean) / (√variance + 1e-9).
static LogicalResult buildMeanVarianceNormalization(OnnxNode &node) {
  Value x = node.floatInput(0);
  if (!x)
    return failure();
  Shape axes = node.getInts("axes").value_or(Shape{0, 2, 3});
  for (int64_t &axis : axes) {
    auto normal = OnnxNode::normalizeAxis(axis, typeOf(x).getRank());
    if (!normal)
      return node.fail("axis " + Twine(axis) + " is out of range");
    axis = *normal;
  }
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  Value centered =
      binary(node, BinaryKind::Sub, x, reduce(node, ReduceKind::Mean, x, axes));
  Value squares = binary(node, BinaryKind::Mul, centered, centered);
  Value deviation = unary(node, UnaryKind::Sqrt,
                          reduce(node, ReduceKind::Mean, squares, axes));
  return node.setOutput(
      binary(node, BinaryKind::Div, centered,
             binary(node, BinaryKind::Add, deviation, number(node, 1e-9f))));
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// x / |x| along one dimension, zero where the norm is.
static LogicalResult buildLpNormalization(OnnxNode &node) {
  Value x = node.floatInput(0);
  if (!x)
    return failure();
  auto axis =
      OnnxNode::normalizeAxis(node.getInt("axis", -1), typeOf(x).getRank());
  if (!axis)
    return node.fail("axis is out of range");
  int64_t p = node.getInt("p", 2);
  if (p != 1 && p != 2)
    return node.fail("p must be 1 or 2");
  Value sizes = p == 1 ? unary(node, UnaryKind::Abs, x)
                       : binary(node, BinaryKind::Mul, x, x);
  Value norm = reduce(node, ReduceKind::Sum, sizes, *axis);
  if (p == 2)
    norm = unary(node, UnaryKind::Sqrt, norm);
  Value zero = number(node, 0.0f);
  Value isZero = node.create<CompareOp>(norm, zero, CompareKind::Equal);
  return node.setOutput(node.create<SelectOp>(
      isZero, zero, binary(node, BinaryKind::Div, x, norm)));
}

/// x / (bias + alpha / size · Σ x²)^beta, the sum over `size` channels around.
static LogicalResult buildLRN(OnnxNode &node) {
  Value x = node.floatInput(0);
  if (!x)
    return failure();
  Shape shape(typeOf(x).getShape());
  constexpr int64_t most = 128;
  int64_t size = node.getInt("size", 0);
  if (shape.size() < 2)
    return node.fail("input must have a channel dimension");
  if (size < 1 || size > most)
    return node.fail("size must be from 1 to " + Twine(most));
  // Channels beyond either end count as zeros.
  Shape low(shape.size(), 0), high(shape.size(), 0);
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  Value squares = node.create<PadOp>(binary(node, BinaryKind::Mul, x, x), low,
                                     high, APFloat(0.0f));
  Shape offsets(shape.size(), 0), strides(shape.size(), 1);
  Value sum;
  for (int64_t i = 0; i < size; ++i) {
    offsets[1] = i;
    Value part = node.slice(squares, offsets, shape, strides);
    sum = i == 0 ? part : binary(node, BinaryKind::Add, sum, part);
  }
  float factor = node.getFloat("alpha", 1e-4f) / static_cast<float>(size);
  Value base = binary(node, BinaryKind::Add,
                      binary(node, BinaryKind::Mul, sum, number(node, factor)),
                      number(node, node.getFloat("bias", 1.0f)));
  float beta = node.getFloat("beta", 0.75f);
  Value divisor;
  if (beta == 0.75f) {
    Value root = unary(node, UnaryKind::Sqrt, base);
    divisor =
        binary(node, BinaryKind::Mul, root, unary(node, UnaryKind::Sqrt, root));
  } else {
    divisor = binary(node, BinaryKind::Pow, base, number(node, beta));
  }
  return node.setOutput(binary(node, BinaryKind::Div, x, divisor));
}

//===----------------------------------------------------------------------===//
// Along one dimension
//===----------------------------------------------------------------------===//

Value onnx_import::logSoftmax(OnnxNode &node, Value input, int64_t axis) {
  Value shifted = binary(node, BinaryKind::Sub, input,
                         reduce(node, ReduceKind::Max, input, axis));
  Value sum =
      reduce(node, ReduceKind::Sum, unary(node, UnaryKind::Exp, shifted), axis);
  return binary(node, BinaryKind::Sub, shifted,
                unary(node, UnaryKind::Log, sum));
}

static LogicalResult buildLogSoftmax(OnnxNode &node) {
  return node.setAlongAxis(
      [&](Value input, int64_t axis) { return logSoftmax(node, input, axis); });
}

/// One at the first of the largest values, zero elsewhere.
static LogicalResult buildHardmax(OnnxNode &node) {
  return node.setAlongAxis([&](Value input, int64_t axis) -> Value {
    if (!input)
      return {};
    auto type = typeOf(input);
    int64_t size = type.getDimSize(axis);
    Shape shape(type.getRank() - axis, 1);
    shape[0] = size;
    Value places = node.reshape(
        node.constantInts(llvm::to_vector(llvm::seq<int64_t>(0, size))), shape);
    Value isLargest = node.create<CompareOp>(
        input, reduce(node, ReduceKind::Max, input, axis), CompareKind::Equal);
    Value candidates =
        node.create<SelectOp>(isLargest, places, node.scalarLike(places, size));
    Value first = reduce(node, ReduceKind::Min, candidates, axis);
    return node.castTo(
        type.getElementType(),
        node.create<CompareOp>(places, first, CompareKind::Equal));
  });
}

void onnx_import::addNormalizationCompositions(OnnxBuilders &builders) {
  builders["BatchNormalization"] = buildBatchNormalization;
  builders["GroupNormalization"] = buildGroupNormalization;
  builders["Hardmax"] = buildHardmax;
  builders["InstanceNormalization"] = buildInstanceNormalization;
  builders["LRN"] = buildLRN;
  builders["LayerNormalization"] = buildLayerNormalization;
  builders["LogSoftmax"] = buildLogSoftmax;
  builders["LpNormalization"] = buildLpNormalization;
  builders["MeanVarianceNormalization"] = buildMeanVarianceNormalization;
  builders["RMSNormalization"] = buildRMSNormalization;
}
