//===- LinearQuantization.cpp -----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding to integers and back as values of an f32 graph.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// Input `i`, a number or one for each place along dimension 'axis' of `input`,
/// in a shape that broadcasts to it.
static Value align(OnnxNode &node, Value value, Value input) {
  if (!value || typeOf(value).getNumElements() == 1)
    return node.reshape(value, {});
  int64_t rank = typeOf(input).getRank();
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 1), rank);
  if (!axis || typeOf(value).getRank() != 1 ||
      typeOf(value).getNumElements() != typeOf(input).getDimSize(*axis)) {
    (void)node.fail("scales and zero points must be numbers, or vectors along "
                    "dimension 'axis' of the input");
    return {};
  }
  Shape aligned(rank - *axis, 1);
  aligned[0] = typeOf(input).getDimSize(*axis);
  return node.reshape(value, aligned);
}

static LogicalResult refuseBlocks(OnnxNode &node) {
  if (node.getInt("block_size", 0))
    return node.fail("blocks of scales are not supported; quantize by tensor "
                     "or by channel");
  return success();
}

/// saturate(round(x / scale) + zero_point), halves to even: the sum is exact
/// wherever it does not saturate.
static LogicalResult buildQuantizeLinear(OnnxNode &node) {
  Value input = node.input(0), scale = node.floatInput(1);
  if (!input || !scale || failed(refuseBlocks(node)))
    return failure();
  Value zeroPoint = node.hasInput(2) ? node.input(2) : Value();
  Type type =
      IntegerType::get(node.builder.getContext(), 8, IntegerType::Unsigned);
  if (zeroPoint)
    type = typeOf(zeroPoint).getElementType();
  else if (int64_t number = node.getInt("output_dtype", 0))
    type = node.typeNumbered(number);
  if (!type || !isa<IntegerType>(type) || type.getIntOrFloatBitWidth() > 16 ||
      type.getIntOrFloatBitWidth() < 8)
    return node.fail("quantizes to a type that is not supported; take integers "
                     "of 8 or 16 bits");
  Type f32 = node.builder.getF32Type();
  input = node.castTo(f32, input);
  Value result =
      unary(node, UnaryKind::Round,
            binary(node, BinaryKind::Div, input, align(node, scale, input)));
  if (zeroPoint)
    result = binary(node, BinaryKind::Add, result,
                    align(node, node.castTo(f32, zeroPoint), input));
  return node.setOutput(node.castTo(type, result));
}

/// (x - zero_point) · scale.
static LogicalResult buildDequantizeLinear(OnnxNode &node) {
  Value input = node.input(0), scale = node.floatInput(1);
  if (!input || !scale || failed(refuseBlocks(node)))
    return failure();
  if (!isa<IntegerType>(typeOf(input).getElementType()))
    return node.fail("takes integers only; export floats without it");
  Type f32 = node.builder.getF32Type();
  Value result = node.castTo(f32, input);
  if (node.hasInput(2))
    result = binary(node, BinaryKind::Sub, result,
                    align(node, node.castTo(f32, node.input(2)), input));
  return node.setOutput(
      binary(node, BinaryKind::Mul, result, align(node, scale, input)));
}

void onnx_import::addLinearQuantization(OnnxBuilders &builders) {
  builders["DequantizeLinear"] = buildDequantizeLinear;
  builders["QuantizeLinear"] = buildQuantizeLinear;
}
