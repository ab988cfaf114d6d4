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

/// `value`, a number, one for each place along dimension 'axis' of `input`, or
/// one for each block of 'block_size' such places, in a shape that broadcasts
/// to it; null after an error.
static Value align(OnnxNode &node, Value value, Value input) {
  if (!value || !input)
    return {};
  Shape shape(typeOf(input).getShape()), given(typeOf(value).getShape());
  int64_t block = node.getInt("block_size", 0);
  if (block == 0 && typeOf(value).getNumElements() == 1)
    return node.reshape(value, {});
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 1), shape.size());
  if (!axis) {
    (void)node.fail("axis is out of range");
    return {};
  }
  int64_t size = shape[*axis];
  if (block == 0) {
    if (ArrayRef(given) != ArrayRef<int64_t>{size}) {
      (void)node.fail(
          "scales and zero points must be numbers, or vectors along "
          "dimension 'axis' of the input");
      return {};
    }
    Shape aligned(shape.size() - *axis, 1);
    aligned[0] = size;
    return node.reshape(value, aligned);
  }
  Shape blocks(shape);
  if (block > 0)
    blocks[*axis] = llvm::divideCeil(size, block);
  if (block < 0 || given != blocks) {
    (void)node.fail("scales and zero points must have the input's shape, with "
                    "one value for each 'block_size' along dimension 'axis'");
    return {};
  }
  // Each value once for each place of its block; the last block may be cut off.
  block = std::min(block, size);
  given.insert(given.begin() + *axis + 1, 1);
  value = node.reshape(value, given);
  given[*axis + 1] = block;
  blocks[*axis] *= block;
  value = node.reshape(node.broadcast(value, given), blocks);
  return node.slice(value, Shape(shape.size(), 0), shape,
                    Shape(shape.size(), 1));
}

/// saturate(round(x / scale) + zero_point), halves to even: the sum is exact
/// wherever it does not saturate.
static LogicalResult buildQuantizeLinear(OnnxNode &node) {
  Value input = node.input(0), scale = node.floatInput(1);
  if (!input || !scale)
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
  if (!input || !scale)
    return failure();
  if (!isa<IntegerType>(typeOf(input).getElementType()))
    return node.fail("takes integers only; export floats without it");
  // The difference is exact: of integers of 32 bits as one of integers, of
  // fewer bits in f32.
  Type f32 = node.builder.getF32Type();
  bool isWide = typeOf(input).getElementType().getIntOrFloatBitWidth() > 16;
  Value result = isWide ? input : node.castTo(f32, input);
  if (node.hasInput(2)) {
    Value zeroPoint = node.input(2);
    if (!zeroPoint)
      return failure();
    if (typeOf(zeroPoint).getElementType() != typeOf(input).getElementType())
      return node.fail("its zero point must have the input's element type");
    if (!isWide)
      zeroPoint = node.castTo(f32, zeroPoint);
    result =
        binary(node, BinaryKind::Sub, result, align(node, zeroPoint, input));
  }
  result = node.castTo(f32, result);
  return node.setOutput(
      binary(node, BinaryKind::Mul, result, align(node, scale, input)));
}

void onnx_import::addLinearQuantization(OnnxBuilders &builders) {
  builders["DequantizeLinear"] = buildDequantizeLinear;
  builders["QuantizeLinear"] = buildQuantizeLinear;
}
