//===- Pools.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pools, means and softmax.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

static LogicalResult buildPool(Importer &importer, const Node &node) {
  bool isMax = node.type() == "MaxPool";
  Value input = importer.floatInput(node, 0);
  auto kernel = node.getInts("kernel_shape");
  if (!input)
    return failure();
  if (!kernel)
    return importer.fail(node, "kernel_shape is missing");
  auto shape = typeOf(input).getShape();
  auto window = readWindow(importer, node, shape, *kernel);
  if (failed(window))
    return failure();
  Value image = importer.toChannelsLast(node, input);
  auto imageShape = typeOf(image).getShape();
  bool countPads = node.getInt("count_include_pad", 0) != 0;
  if (node.getInt("ceil_mode", 0))
    // One more window at the end, unless it would start in the padding.
    for (int i = 0; i < 2; ++i) {
      int64_t extent = window->dilations[i] * (window->kernel[i] - 1) + 1;
      int64_t low = window->pads[i], &high = window->pads[i + 2];
      int64_t room = imageShape[i + 1] + low + high - extent;
      if (room < 0)
        continue;
      int64_t windows = llvm::divideCeil(room, window->strides[i]) + 1;
      if ((windows - 1) * window->strides[i] >= imageShape[i + 1] + low)
        --windows;
      int64_t missing = (windows - 1) * window->strides[i] - room;
      if (missing > 0 && countPads)
        return importer.fail(node, "ceil_mode with count_include_pad is not "
                                   "supported where windows stick out");
      high += std::max<int64_t>(0, missing);
    }
  auto result = inferWindowed(imageShape, window->kernel, window->strides,
                              window->pads, window->dilations, imageShape[3]);
  if (!result)
    return importer.fail(node, "the kernel is larger than the padded input");
  Value pooled;
  if (isMax)
    pooled = importer.create<MaxPool2DOp>(node, importer.f32(*result), image,
                                          window->kernel, window->strides,
                                          window->pads, window->dilations);
  else
    pooled = importer.create<AvgPool2DOp>(
        node, importer.f32(*result), image, Value(), window->kernel,
        window->strides, window->pads, window->dilations, countPads);
  return importer.setOutput(
      node, importer.fromChannelsLast(node, pooled, shape.size()));
}

/// The mean over `axes`, reduced sizes kept.
static Value buildMean(Importer &importer, const Node &node, Value input,
                       ArrayRef<int64_t> axes) {
  Shape shape(typeOf(input).getShape());
  for (int64_t axis : axes)
    shape[axis] = 1;
  if (shape.size() == 4 && axes == ArrayRef<int64_t>{2, 3}) {
    Value image = importer.toChannelsLast(node, input);
    auto sizes = typeOf(image).getShape();
    Value pooled = importer.create<AvgPool2DOp>(
        node, importer.f32({sizes[0], 1, 1, sizes[3]}), image, Value(),
        sizes.slice(1, 2), Shape{1, 1}, Shape{0, 0, 0, 0}, Shape{1, 1}, false);
    return importer.fromChannelsLast(node, pooled, 4);
  }
  return importer.create<ReduceOp>(node, importer.f32(shape), input, ReduceKind::Mean, axes);
}

static LogicalResult buildGlobalAveragePool(Importer &importer,
                                            const Node &node) {
  Value input = importer.floatInput(node, 0);
  if (!input)
    return failure();
  int64_t rank = typeOf(input).getRank();
  if (rank < 3)
    return importer.fail(node, "input must have spatial dimensions");
  return importer.setOutput(
      node, buildMean(importer, node, input,
                      llvm::to_vector(llvm::seq<int64_t>(2, rank))));
}

static LogicalResult buildReduceMean(Importer &importer, const Node &node) {
  Value input = importer.floatInput(node, 0);
  auto given = importer.intsFrom(node, "axes", 1, 18);
  if (!input || failed(given))
    return failure();
  int64_t rank = typeOf(input).getRank();
  Shape axes = given->value_or(Shape{});
  if (axes.empty()) {
    if (node.getInt("noop_with_empty_axes", 0))
      return importer.setOutput(node, input);
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  }
  for (int64_t &axis : axes) {
    auto normal = Importer::normalizeAxis(axis, rank);
    if (!normal)
      return importer.fail(node, "axis " + Twine(axis) + " is out of range");
    axis = *normal;
  }
  llvm::sort(axes);
  Value mean = buildMean(importer, node, input, axes);
  if (node.getInt("keepdims", 1))
    return importer.setOutput(node, mean);
  Shape shape;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      shape.push_back(typeOf(input).getDimSize(i));
  return importer.setOutput(node, importer.reshape(node, mean, shape));
}

static LogicalResult buildSoftmax(Importer &importer, const Node &node) {
  Value input = importer.floatInput(node, 0);
  if (!input)
    return failure();
  Shape shape(typeOf(input).getShape());
  bool flattens = importer.opset() < 13;
  auto axis = Importer::normalizeAxis(node.getInt("axis", flattens ? 1 : -1),
                                      shape.size());
  if (!axis)
    return importer.fail(node, "axis is out of range");
  auto softmax = [&](Value value, int64_t along) {
    return importer.create<SoftmaxOp>(
        node, value.getType(), value,
        importer.builder.getI64IntegerAttr(along));
  };
  if (!flattens)
    return importer.setOutput(node, softmax(input, *axis));
  // Before operator set 13, softmax was over all dimensions from `axis` on.
  int64_t rows = 1, columns = 1;
  for (const auto &[i, size] : llvm::enumerate(shape))
    (static_cast<int64_t>(i) < *axis ? rows : columns) *= size;
  Value matrix = importer.reshape(node, input, {rows, columns});
  return importer.setOutput(node,
                            importer.reshape(node, softmax(matrix, 1), shape));
}

void onnx_import::addPoolBuilders(llvm::StringMap<OperatorBuilder> &table) {
  table["MaxPool"] = buildPool;
  table["AveragePool"] = buildPool;
  table["GlobalAveragePool"] = buildGlobalAveragePool;
  table["ReduceMean"] = buildReduceMean;
  table["Softmax"] = buildSoftmax;
}
