//===- Compositions.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that are made of several operations, of no family that has a file
// of its own. Those that map to one are beside it, in lib/Dialect/Octet/Ops.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

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
           matchConstant(addend))
    bias = node.broadcast(node.reshape(addend, {1}), {columns});
  Value result = node.create<MatMulOp>(lhs, rhs, bias);
  if (addend && !bias)
    result = binary(node, BinaryKind::Add, result, addend);
  return node.setOutput(result);
}

//===----------------------------------------------------------------------===//
// What does nothing
//===----------------------------------------------------------------------===//

static LogicalResult buildDropout(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  bool trains = node.opset < 7 && !node.getInt("is_test", 0);
  if (node.opset >= 12 && node.hasInput(2)) {
    ConstantView mode = integerConstant(node.constantInput(2));
    trains = !mode || !mode.isSplat() || !mode.getSplatValue<APInt>().isZero();
    ConstantView ratio = floatConstant(node.constantInput(1));
    if (ratio && ratio.isSplat() && ratio.getSplatValue<float>() == 0.0f)
      trains = false;
  }
  if (trains)
    return node.fail("is in training mode; export for inference");
  // Nothing is dropped, says the mask.
  auto mask =
      RankedTensorType::get(typeOf(input).getShape(), node.builder.getI1Type());
  return node.setOutputs({input, node.hasOutput(1)
                                     ? node.constant(makeSplat(mask, true))
                                     : Value()});
}

void onnx_import::addCompositions(OnnxBuilders &builders) {
  builders["Dropout"] = buildDropout;
  builders["Gemm"] = buildGemm;
  addAttentionCompositions(builders);
  addConstantOperators(builders);
  addEinsum(builders);
  addConvCompositions(builders);
  addFunctionCompositions(builders);
  addIndexingCompositions(builders);
  addLinearQuantization(builders);
  addLossCompositions(builders);
  addNormalizationCompositions(builders);
  addOrderCompositions(builders);
  addPoolCompositions(builders);
  addReductionCompositions(builders);
  addResizeCompositions(builders);
  addSamplingCompositions(builders);
  addSpatialCompositions(builders);
}
