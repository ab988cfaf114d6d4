//===- Elementwise.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic, batch normalization and activations.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

template <BinaryKind kind>
static LogicalResult buildBinary(Importer &importer, const Node &node) {
  Value lhs = importer.floatInput(node, 0), rhs = importer.floatInput(node, 1);
  if (!lhs || !rhs)
    return failure();
  auto shape = inferBroadcast(typeOf(lhs).getShape(), typeOf(rhs).getShape());
  if (!shape)
    return importer.fail(node, "operand shapes do not broadcast");
  return importer.setOutput(node,
                            importer.create<BinaryOp>(node, importer.f32(*shape), lhs,
                                                rhs, kind, FloatAttr(), FloatAttr()));
}

static LogicalResult buildClamp(Importer &importer, const Node &node,
                                FloatAttr low, FloatAttr high) {
  Value input = importer.floatInput(node, 0);
  if (!input)
    return failure();
  return importer.setOutput(
      node, importer.create<ClampOp>(node, input.getType(), input, low, high));
}

static LogicalResult buildRelu(Importer &importer, const Node &node) {
  return buildClamp(importer, node, importer.builder.getF32FloatAttr(0.0f),
                    FloatAttr());
}

static LogicalResult buildClip(Importer &importer, const Node &node) {
  FloatAttr bounds[2];
  for (int i = 0; i < 2; ++i) {
    std::optional<float> bound;
    if (importer.opset() < 11) {
      if (const auto *a = node.attribute(i == 0 ? "min" : "max"))
        bound = a->f();
    } else if (node.hasInput(i + 1)) {
      auto constant = importer.constantInput(node, i + 1);
      if (!constant || !constant.getElementType().isF32() ||
          constant.getNumElements() != 1)
        return importer.fail(node, "bounds must be constant float32 scalars");
      bound = *constant.getValues<float>().begin();
    }
    if (bound)
      bounds[i] = importer.builder.getF32FloatAttr(*bound);
  }
  return buildClamp(importer, node, bounds[0], bounds[1]);
}

/// Activations: a kind and the defaults of alpha and beta.
template <UnaryKind kind>
static LogicalResult buildActivation(Importer &importer, const Node &node) {
  Value input = importer.floatInput(node, 0);
  if (!input)
    return failure();
  float alpha = 0.0f, beta = 0.0f;
  if (kind == UnaryKind::LeakyRelu)
    alpha = node.getFloat("alpha", 0.01f);
  if (kind == UnaryKind::HardSigmoid) {
    alpha = node.getFloat("alpha", 0.2f);
    beta = node.getFloat("beta", 0.5f);
  }
  if (kind == UnaryKind::HardSwish) {
    alpha = 1.0f / 6.0f;
    beta = 0.5f;
  }
  return importer.setOutput(
      node, importer.create<UnaryOp>(node, input.getType(), input, kind,
                                          APFloat(alpha), APFloat(beta)));
}

static LogicalResult buildBatchNormalization(Importer &importer,
                                             const Node &node) {
  Value input = importer.floatInput(node, 0);
  if (!input)
    return failure();
  if (node.getInt("training_mode", 0))
    return importer.fail(node, "is in training mode; export for inference");
  auto shape = typeOf(input).getShape();
  if (shape.size() < 2)
    return importer.fail(node, "input must have a channel dimension");
  SmallVector<SmallVector<float>> parameters;
  for (int i = 1; i < 5; ++i) {
    auto constant = importer.constantInput(node, i);
    if (!constant || !constant.getElementType().isF32() ||
        constant.getNumElements() != shape[1])
      return importer.fail(node, "input " + Twine(i) +
                                     " must be a constant float32 value for "
                                     "each channel");
    parameters.push_back(llvm::to_vector(constant.getValues<float>()));
  }
  // In double: the factor and the shift are rounded once.
  SmallVector<float> factor, shift;
  double epsilon = node.getFloat("epsilon", 1e-5f);
  for (int64_t c = 0; c < shape[1]; ++c) {
    double f = parameters[0][c] / std::sqrt(parameters[3][c] + epsilon);
    factor.push_back(static_cast<float>(f));
    shift.push_back(
        static_cast<float>(parameters[1][c] - parameters[2][c] * f));
  }
  Shape channels(shape.size() - 1, 1);
  channels[0] = shape[1];
  Value scaled = importer.create<BinaryOp>(
      node, input.getType(), input, importer.constant(node, factor, channels), BinaryKind::Mul,
      FloatAttr(), FloatAttr());
  return importer.setOutput(
      node, importer.create<BinaryOp>(node, input.getType(), scaled,
                                   importer.constant(node, shift, channels), BinaryKind::Add,
                                   FloatAttr(), FloatAttr()));
}

static LogicalResult buildCast(Importer &importer, const Node &node) {
  if (auto constant = importer.constantInput(node, 0)) {
    if (!constant.getElementType().isF32() &&
        node.getInt("to", 0) == ONNX_NAMESPACE::TensorProto::FLOAT) {
      bool isUnsigned = constant.getElementType().isUnsignedInteger();
      importer.setConstant(
          node.proto.output(0),
          constant.mapValues(
              importer.builder.getF32Type(), [&](const APInt &x) {
                return APFloat(static_cast<float>(x.roundToDouble(!isUnsigned)))
                    .bitcastToAPInt();
              }));
      return success();
    }
  }
  Value input = importer.input(node, 0);
  if (!input)
    return failure();
  if (node.getInt("to", 0) != ONNX_NAMESPACE::TensorProto::FLOAT)
    return importer.fail(node, "only a cast to float32 is supported");
  if (typeOf(input).getElementType().isF32())
    return importer.setOutput(node, input);
  return importer.setOutput(
      node, importer.create<CastOp>(
                node, importer.f32(typeOf(input).getShape()), input));
}

void onnx_import::addElementwiseBuilders(
    llvm::StringMap<OperatorBuilder> &table) {
  table["Add"] = buildBinary<BinaryKind::Add>;
  table["Sub"] = buildBinary<BinaryKind::Sub>;
  table["Mul"] = buildBinary<BinaryKind::Mul>;
  table["Div"] = buildBinary<BinaryKind::Div>;
  table["BatchNormalization"] = buildBatchNormalization;
  table["Relu"] = buildRelu;
  table["Clip"] = buildClip;
  table["LeakyRelu"] = buildActivation<UnaryKind::LeakyRelu>;
  table["Sigmoid"] = buildActivation<UnaryKind::Sigmoid>;
  table["HardSigmoid"] = buildActivation<UnaryKind::HardSigmoid>;
  table["HardSwish"] = buildActivation<UnaryKind::HardSwish>;
  table["Tanh"] = buildActivation<UnaryKind::Tanh>;
  table["Cast"] = buildCast;
}
