//===- Compositions.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that are made of several operations. Those that map to one are
// beside it, in lib/Dialect/Octet/Ops.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

static Value binary(OnnxNode &node, BinaryKind kind, Value lhs, Value rhs) {
  return node.create<BinaryOp>(lhs, rhs, kind, FloatAttr(), FloatAttr());
}

static Value unary(OnnxNode &node, UnaryKind kind, Value input) {
  return node.create<UnaryOp>(input, kind, APFloat(0.0f), APFloat(0.0f));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// alpha · A' · B' + beta · C.
static LogicalResult buildGemm(OnnxNode &node) {
  Value lhs = node.floatInput(0), rhs = node.floatInput(1);
  if (!lhs || !rhs)
    return failure();
  if (typeOf(lhs).getRank() != 2 || typeOf(rhs).getRank() != 2)
    return node.fail("operands must be matrices");
  if (node.getInt("transA", 0))
    lhs = node.transpose(lhs, {1, 0});
  if (node.getInt("transB", 0))
    rhs = node.transpose(rhs, {1, 0});
  auto scaled = [&](Value value, StringRef attribute) {
    float factor = node.getFloat(attribute, 1.0f);
    return factor == 1.0f ? value
                          : binary(node, BinaryKind::Mul, value,
                                   node.constant({factor}, {}));
  };
  rhs = scaled(rhs, "alpha");
  if (!lhs || !rhs)
    return failure();
  auto shape = inferMatMul(typeOf(lhs).getShape(), typeOf(rhs).getShape());
  if (!shape)
    return node.fail("operand shapes do not fit together");
  Value addend;
  if (node.hasInput(2) && node.getFloat("beta", 1.0f) != 0.0f) {
    addend = node.floatInput(2);
    addend = addend ? scaled(addend, "beta") : addend;
    if (!addend)
      return failure();
    auto sum = inferBroadcast(*shape, typeOf(addend).getShape());
    if (!sum || *sum != *shape)
      return node.fail("C does not broadcast to the product's shape");
  }
  // One value for each column is a bias; anything else is added.
  int64_t columns = (*shape)[1];
  Value bias;
  if (addend && typeOf(addend).getNumElements() == columns &&
      typeOf(addend).getRank() > 0 &&
      typeOf(addend).getShape().back() == columns)
    bias = node.reshape(addend, {columns});
  else if (addend && typeOf(addend).getNumElements() == 1 &&
           matchPattern(addend, m_Constant()))
    bias = node.broadcast(node.reshape(addend, {1}), {columns});
  Value result = node.create<MatMulOp>(lhs, rhs, bias);
  if (addend && !bias)
    result = binary(node, BinaryKind::Add, result, addend);
  return node.setOutput(result);
}

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

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
  int64_t channels = type.getDimSize(1);
  Value parameters[4];
  SmallVector<SmallVector<float>> numbers;
  for (unsigned i = 0; i < 4; ++i) {
    parameters[i] = node.floatInput(i + 1);
    if (!parameters[i])
      return failure();
    if (typeOf(parameters[i]).getNumElements() != channels)
      return node.fail("input " + Twine(i + 1) +
                       " must have one value for each channel");
    if (auto constant = node.constantInput(i + 1))
      numbers.push_back(llvm::to_vector(constant.getValues<float>()));
  }
  Shape aligned(type.getRank() - 1, 1);
  aligned[0] = channels;
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

/// x - max - log Σ exp(x - max) along one dimension.
static LogicalResult buildLogSoftmax(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  Shape shape(typeOf(input).getShape());
  bool flattens = node.opset < 13;
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", flattens ? 1 : -1),
                                      shape.size());
  if (!axis)
    return node.fail("axis is out of range");
  int64_t along = *axis;
  if (flattens) {
    // Before operator set 13 it was over all dimensions from `axis` on.
    int64_t rows = 1, columns = 1;
    for (const auto &[i, size] : llvm::enumerate(shape))
      (static_cast<int64_t>(i) < *axis ? rows : columns) *= size;
    input = node.reshape(input, {rows, columns});
    along = 1;
  }
  auto reduce = [&](Value value, ReduceKind kind) {
    return node.create<ReduceOp>(value, kind, ArrayRef<int64_t>{along});
  };
  Value shifted =
      binary(node, BinaryKind::Sub, input, reduce(input, ReduceKind::Max));
  Value sum = reduce(unary(node, UnaryKind::Exp, shifted), ReduceKind::Sum);
  Value result =
      binary(node, BinaryKind::Sub, shifted, unary(node, UnaryKind::Log, sum));
  return node.setOutput(node.reshape(result, shape));
}

//===----------------------------------------------------------------------===//
// Functions and means
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// What does nothing
//===----------------------------------------------------------------------===//

static LogicalResult buildIdentity(OnnxNode &node) {
  return node.setOutput(node.input(0));
}

static LogicalResult buildDropout(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  bool trains = node.opset < 7 && !node.getInt("is_test", 0);
  if (node.opset >= 12 && node.hasInput(2)) {
    auto mode = dyn_cast_or_null<DenseIntElementsAttr>(node.constantInput(2));
    trains = !mode || !mode.isSplat() || !mode.getSplatValue<APInt>().isZero();
    auto ratio = dyn_cast_or_null<DenseFPElementsAttr>(node.constantInput(1));
    if (ratio && ratio.isSplat() && ratio.getSplatValue<APFloat>().isZero())
      trains = false;
  }
  if (trains)
    return node.fail("is in training mode; export for inference");
  // Nothing is dropped, says the mask.
  auto mask =
      RankedTensorType::get(typeOf(input).getShape(), node.builder.getI1Type());
  return node.setOutputs(
      {input, node.hasOutput(1)
                  ? node.constant(DenseElementsAttr::get(mask, true))
                  : Value()});
}

void onnx_import::addCompositions(OnnxBuilders &builders) {
  builders["BatchNormalization"] = buildBatchNormalization;
  builders["Dropout"] = buildDropout;
  builders["Gelu"] = buildGelu;
  builders["Gemm"] = buildGemm;
  builders["Identity"] = buildIdentity;
  builders["LogSoftmax"] = buildLogSoftmax;
  builders["Mean"] = buildMean;
  addConstantOperators(builders);
}
