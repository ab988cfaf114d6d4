//===- Contractions.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conv, Gemm, MatMul, and the windows they share with pools.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

FailureOr<Window> onnx_import::readWindow(Importer &importer, const Node &node,
                                          ArrayRef<int64_t> input,
                                          ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  if (input.size() != rank + 2 || rank < 1 || rank > 2)
    return importer.fail(node, "only 1-D and 2-D windows are supported");
  auto strides = node.getInts("strides").value_or(Shape(rank, 1));
  auto dilations = node.getInts("dilations").value_or(Shape(rank, 1));
  auto pads = node.getInts("pads").value_or(Shape(2 * rank, 0));
  if (strides.size() != rank || dilations.size() != rank ||
      pads.size() != 2 * rank)
    return importer.fail(
        node, "strides, dilations and pads do not fit a window of rank " +
                  Twine(rank));
  for (int64_t x : llvm::concat<const int64_t>(strides, dilations, kernel))
    if (x < 1 || x > (1 << 20))
      return importer.fail(
          node, "kernel, strides and dilations must be positive and sensible");
  for (int64_t x : pads)
    if (x < 0 || x > (1 << 20))
      return importer.fail(node, "pads must not be negative or huge");
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (mode == "VALID")
    pads.assign(2 * rank, 0);
  else if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    for (size_t i = 0; i < rank; ++i) {
      int64_t size = input[i + 2], extent = dilations[i] * (kernel[i] - 1) + 1;
      int64_t windows = llvm::divideCeil(size, strides[i]);
      int64_t total =
          std::max<int64_t>(0, (windows - 1) * strides[i] + extent - size);
      int64_t less = total / 2, more = total - less;
      pads[i] = mode == "SAME_UPPER" ? less : more;
      pads[i + rank] = mode == "SAME_UPPER" ? more : less;
    }
  else if (mode != "NOTSET")
    return importer.fail(node, "auto_pad '" + mode + "' is unknown");

  Window window{Shape(kernel), strides, dilations, pads};
  if (rank == 1) {
    for (Shape *shape : {&window.kernel, &window.strides, &window.dilations})
      shape->insert(shape->begin(), 1);
    window.pads = {0, pads[0], 0, pads[1]};
  }
  return window;
}

static LogicalResult buildConv(Importer &importer, const Node &node) {
  Value input = importer.floatInput(node, 0);
  Value filter = importer.floatInput(node, 1);
  Value bias = node.hasInput(2) ? importer.floatInput(node, 2) : Value();
  if (!input || !filter || (node.hasInput(2) && !bias))
    return failure();
  auto inputShape = typeOf(input).getShape();
  auto filterShape = typeOf(filter).getShape();
  if (filterShape.size() != inputShape.size() || filterShape.size() < 3)
    return importer.fail(node, "input and filter must have one rank, 3 or 4");
  auto window =
      readWindow(importer, node, inputShape, filterShape.drop_front(2));
  if (failed(window))
    return failure();
  auto kernel = node.getInts("kernel_shape");
  if (kernel && ArrayRef(*kernel) != filterShape.drop_front(2))
    return importer.fail(node, "kernel_shape does not match the filter");

  Value image = importer.toChannelsLast(node, input);
  Value weights = importer.toChannelsLast(node, filter);
  auto shape =
      inferWindowed(typeOf(image).getShape(), window->kernel, window->strides,
                    window->pads, window->dilations, filterShape[0]);
  if (!shape)
    return importer.fail(node, "the filter is larger than the padded input");
  Value result = importer.create<Conv2DOp>(
      node, importer.f32(*shape), image, weights, bias, Value(),
      window->strides, window->pads, window->dilations, node.getInt("group", 1),
      FloatAttr(), FloatAttr(), IntegerAttr());
  if (failed(result.getDefiningOp<Conv2DOp>().verify()))
    return failure();
  return importer.setOutput(
      node, importer.fromChannelsLast(node, result, inputShape.size()));
}

static LogicalResult buildMatMul(Importer &importer, const Node &node) {
  Value lhs = importer.floatInput(node, 0), rhs = importer.floatInput(node, 1);
  if (!lhs || !rhs)
    return failure();
  // A vector operand is a row on the left and a column on the right; the
  // dimension added is dropped again (numpy.matmul).
  Shape left(typeOf(lhs).getShape()), right(typeOf(rhs).getShape());
  if (left.empty() || right.empty())
    return importer.fail(node, "operands must not be scalars");
  bool row = left.size() == 1, column = right.size() == 1;
  if (row)
    left.insert(left.begin(), 1);
  if (column)
    right.push_back(1);
  auto shape = inferMatMul(left, right);
  if (!shape)
    return importer.fail(node, "operand shapes do not fit together");
  Value result = importer.create<MatMulOp>(
      node, importer.f32(*shape), importer.reshape(node, lhs, left),
      importer.reshape(node, rhs, right), Value());
  Shape final = *shape;
  if (column)
    final.pop_back();
  if (row)
    final.erase(final.end() - (column ? 1 : 2));
  return importer.setOutput(node, importer.reshape(node, result, final));
}

static LogicalResult buildGemm(Importer &importer, const Node &node) {
  Value lhs = importer.floatInput(node, 0), rhs = importer.floatInput(node, 1);
  if (!lhs || !rhs)
    return failure();
  if (typeOf(lhs).getRank() != 2 || typeOf(rhs).getRank() != 2)
    return importer.fail(node, "operands must be matrices");
  if (node.getInt("transA", 0))
    lhs = importer.transpose(node, lhs, {1, 0});
  if (node.getInt("transB", 0))
    rhs = importer.transpose(node, rhs, {1, 0});
  auto shape = inferMatMul(typeOf(lhs).getShape(), typeOf(rhs).getShape());
  if (!shape)
    return importer.fail(node, "operand shapes do not fit together");
  auto scaled = [&](Value value, StringRef attribute) {
    float factor = node.getFloat(attribute, 1.0f);
    if (factor == 1.0f)
      return value;
    return importer.create<BinaryOp>(node, value.getType(), value,
                                  importer.constant(node, {factor}, {1}), BinaryKind::Mul,
                                  FloatAttr(), FloatAttr());
  };
  rhs = scaled(rhs, "alpha");
  Value addend;
  if (node.hasInput(2)) {
    addend = importer.floatInput(node, 2);
    if (!addend)
      return failure();
    addend = scaled(addend, "beta");
  }
  // A row of one value for each column is a bias; anything else is added.
  bool isBias = addend && typeOf(addend).getNumElements() == (*shape)[1] &&
                typeOf(addend).getRank() > 0 &&
                typeOf(addend).getShape().back() == (*shape)[1];
  Value bias = isBias ? importer.reshape(node, addend, {(*shape)[1]}) : Value();
  Value result =
      importer.create<MatMulOp>(node, importer.f32(*shape), lhs, rhs, bias);
  if (addend && !isBias) {
    auto sum = inferBroadcast(*shape, typeOf(addend).getShape());
    if (!sum || *sum != *shape)
      return importer.fail(node, "C does not broadcast to the product's shape");
    result = importer.create<BinaryOp>(node, importer.f32(*shape), result, addend, BinaryKind::Add,
                                    FloatAttr(), FloatAttr());
  }
  return importer.setOutput(node, result);
}

void onnx_import::addContractionBuilders(
    llvm::StringMap<OperatorBuilder> &table) {
  table["Conv"] = buildConv;
  table["Gemm"] = buildGemm;
  table["MatMul"] = buildMatMul;
}
