//===- Movement.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that move values without changing them, and constants.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// |x| <= limit; the smallest integer has no absolute value.
static bool isWithin(int64_t x, int64_t limit) {
  return x >= -limit && x <= limit;
}

static LogicalResult buildIdentity(Importer &importer, const Node &node) {
  if (node.type() == "Dropout" && node.hasInput(2)) {
    auto training = importer.constantInput(node, 2);
    bool inference = training && training.isSplat() &&
                     isa<IntegerType>(training.getElementType()) &&
                     training.getSplatValue<APInt>().isZero();
    auto ratio = importer.constantInput(node, 1);
    bool keepsAll = ratio && ratio.isSplat() &&
                    ratio.getElementType().isF32() &&
                    ratio.getSplatValue<float>() == 0.0f;
    if (!inference && !keepsAll)
      return importer.fail(node, "is in training mode; export for inference");
  }
  if (auto constant = importer.constantInput(node, 0)) {
    importer.setConstant(node.proto.output(0), constant);
    return success();
  }
  return importer.setOutput(node, importer.input(node, 0));
}

static LogicalResult buildConstant(Importer &importer, const Node &node) {
  if (node.proto.attribute_size() != 1)
    return importer.fail(node, "must have one value");
  const auto &attribute = node.proto.attribute(0);
  StringRef name = attribute.name();
  auto &builder = importer.builder;
  auto type = [&](Shape shape, Type element) {
    return RankedTensorType::get(shape, element);
  };
  DenseElementsAttr value;
  if (name == "value")
    value = importer.convert(attribute.t(), node.location);
  else if (name == "value_float")
    value = DenseElementsAttr::get(type({}, builder.getF32Type()),
                                   ArrayRef<float>{attribute.f()});
  else if (name == "value_int")
    value = DenseElementsAttr::get(type({}, builder.getI64Type()),
                                   ArrayRef<int64_t>{attribute.i()});
  else if (name == "value_floats")
    value = DenseElementsAttr::get(
        type({attribute.floats_size()}, builder.getF32Type()),
        ArrayRef<float>(attribute.floats().data(), attribute.floats_size()));
  else if (name == "value_ints")
    value = DenseElementsAttr::get(
        type({attribute.ints_size()}, builder.getI64Type()),
        ArrayRef<int64_t>(attribute.ints().data(), attribute.ints_size()));
  else
    return importer.fail(node, "attribute '" + name + "' is not supported");
  if (!value)
    return failure();
  importer.setConstant(node.proto.output(0), value);
  return success();
}

static LogicalResult buildConcat(Importer &importer, const Node &node) {
  SmallVector<Value> inputs;
  for (int i = 0; i < node.proto.input_size(); ++i) {
    inputs.push_back(importer.floatInput(node, i));
    if (!inputs.back())
      return failure();
  }
  if (inputs.empty())
    return importer.fail(node, "has no input");
  Shape shape(typeOf(inputs[0]).getShape());
  auto axis = Importer::normalizeAxis(node.getInt("axis", 1), shape.size());
  if (!axis)
    return importer.fail(node, "axis is out of range");
  for (Value other : ArrayRef(inputs).drop_front()) {
    if (typeOf(other).getRank() != static_cast<int64_t>(shape.size()))
      return importer.fail(node, "inputs differ in rank");
    shape[*axis] += typeOf(other).getDimSize(*axis);
  }
  return importer.setOutput(
      node,
      importer.create<ConcatOp>(node, importer.f32(shape), ValueRange(inputs),
                                importer.builder.getI64IntegerAttr(*axis)));
}

static LogicalResult buildReshape(Importer &importer, const Node &node) {
  Value input = importer.input(node, 0);
  auto target = importer.intsFrom(node, "shape", 1, 5);
  if (!input || failed(target))
    return failure();
  if (!*target)
    return importer.fail(node, "shape is missing");
  Shape shape = **target;
  auto inputShape = typeOf(input).getShape();
  int64_t known = 1, unknown = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !node.getInt("allowzero", 0)) {
      if (i >= inputShape.size())
        return importer.fail(node, "dimension " + Twine(i) +
                                       " copies one that the input lacks");
      shape[i] = inputShape[i];
    }
    if (shape[i] == -1 && unknown < 0)
      unknown = i;
    else if (shape[i] < 1 || llvm::MulOverflow(known, shape[i], known))
      return importer.fail(node, "dimension " + Twine(i) +
                                     " of the new shape "
                                     "is not positive");
  }
  int64_t count = typeOf(input).getNumElements();
  if (unknown >= 0 && count % known == 0)
    shape[unknown] = count / known;
  else if (unknown >= 0 || count != known)
    return importer.fail(node, Twine(count) +
                                   " elements do not fill the new "
                                   "shape; a batch size written into the "
                                   "shape must be the first dimension as -1");
  return importer.setOutput(node, importer.reshape(node, input, shape));
}

static LogicalResult buildFlatten(Importer &importer, const Node &node) {
  Value input = importer.input(node, 0);
  if (!input)
    return failure();
  auto shape = typeOf(input).getShape();
  int64_t rank = shape.size(), axis = node.getInt("axis", 1);
  if (axis < 0)
    axis += rank;
  if (axis < 0 || axis > rank)
    return importer.fail(node, "axis is out of range");
  int64_t rows = 1, columns = 1;
  for (int64_t i = 0; i < rank; ++i)
    (i < axis ? rows : columns) *= shape[i];
  return importer.setOutput(node,
                            importer.reshape(node, input, {rows, columns}));
}

static LogicalResult buildTranspose(Importer &importer, const Node &node) {
  Value input = importer.input(node, 0);
  if (!input)
    return failure();
  int64_t rank = typeOf(input).getRank();
  auto permutation = node.getInts("perm").value_or(
      llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank))));
  Shape sorted = permutation;
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, rank)))
    return importer.fail(node, "perm must name each dimension once");
  return importer.setOutput(node, importer.transpose(node, input, permutation));
}

static LogicalResult buildSqueeze(Importer &importer, const Node &node) {
  Value input = importer.input(node, 0);
  auto given = importer.intsFrom(node, "axes", 1, 13);
  if (!input || failed(given))
    return failure();
  Shape shape(typeOf(input).getShape()), axes;
  int64_t rank = shape.size();
  if (*given)
    for (int64_t axis : **given) {
      auto normal = Importer::normalizeAxis(axis, rank);
      if (!normal || shape[*normal] != 1)
        return importer.fail(node, "axis " + Twine(axis) +
                                       " is out of range or not of size one");
      axes.push_back(*normal);
    }
  else
    for (int64_t i = 0; i < rank; ++i)
      if (shape[i] == 1)
        axes.push_back(i);
  Shape result;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      result.push_back(shape[i]);
  return importer.setOutput(node, importer.reshape(node, input, result));
}

static LogicalResult buildUnsqueeze(Importer &importer, const Node &node) {
  Value input = importer.input(node, 0);
  auto axes = importer.intsFrom(node, "axes", 1, 13);
  if (!input || failed(axes))
    return failure();
  if (!*axes)
    return importer.fail(node, "axes are missing");
  Shape shape(typeOf(input).getShape());
  int64_t rank = shape.size() + (*axes)->size();
  Shape normal;
  for (int64_t axis : **axes) {
    auto n = Importer::normalizeAxis(axis, rank);
    if (!n || llvm::is_contained(normal, *n))
      return importer.fail(node, "axis " + Twine(axis) +
                                     " is out of range or repeated");
    normal.push_back(*n);
  }
  llvm::sort(normal);
  for (int64_t axis : normal)
    shape.insert(shape.begin() + axis, 1);
  return importer.setOutput(node, importer.reshape(node, input, shape));
}

static LogicalResult buildSlice(Importer &importer, const Node &node) {
  Value input = importer.input(node, 0);
  auto starts = importer.intsFrom(node, "starts", 1, 10);
  auto ends = importer.intsFrom(node, "ends", 2, 10);
  auto axes = importer.intsFrom(node, "axes", 3, 10);
  auto steps = importer.intsFrom(node, "steps", 4, 10);
  if (!input || failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  if (!*starts || !*ends || (*starts)->size() != (*ends)->size())
    return importer.fail(node, "starts and ends must have one size");
  Shape sizes(typeOf(input).getShape());
  int64_t rank = sizes.size();
  Shape offsets(rank, 0), strides(rank, 1);
  for (size_t i = 0; i < (*starts)->size(); ++i) {
    if ((*axes && i >= (*axes)->size()) || (*steps && i >= (*steps)->size()))
      return importer.fail(node, "axes or steps are too few");
    auto axis = Importer::normalizeAxis(*axes ? (**axes)[i] : i, rank);
    int64_t step = *steps ? (**steps)[i] : 1;
    if (!axis || step == 0 || !isWithin(step, int64_t(1) << 31))
      return importer.fail(node, "an axis is out of range or a step is zero");
    // ONNX clamps: to [0, size] going up, to [-1, size - 1] going down.
    int64_t size = typeOf(input).getDimSize(*axis);
    auto bound = [&](int64_t x, int64_t low, int64_t high) {
      if (x < 0)
        x = x < -size ? low : x + size;
      return std::clamp(x, low, high);
    };
    int64_t start = step > 0 ? bound((**starts)[i], 0, size)
                             : bound((**starts)[i], 0, size - 1);
    int64_t end = step > 0 ? bound((**ends)[i], 0, size)
                           : bound((**ends)[i], -1, size - 1);
    int64_t count = step > 0 ? llvm::divideCeilSigned(end - start, step)
                             : llvm::divideCeilSigned(start - end, -step);
    if (count < 1)
      return importer.fail(node,
                           "the slice is empty in dimension " + Twine(*axis));
    offsets[*axis] = start;
    sizes[*axis] = count;
    strides[*axis] = step;
  }
  return importer.setOutput(
      node,
      importer.create<SliceOp>(
          node, RankedTensorType::get(sizes, typeOf(input).getElementType()),
          input, offsets, sizes, strides));
}

static LogicalResult buildPad(Importer &importer, const Node &node) {
  Value input = importer.floatInput(node, 0);
  auto given = importer.intsFrom(node, "pads", 1, 11);
  if (!input || failed(given))
    return failure();
  if (node.getString("mode", "constant") != "constant")
    return importer.fail(node, "only constant padding is supported");
  Shape shape(typeOf(input).getShape());
  int64_t rank = shape.size();
  float value = node.getFloat("value", 0.0f);
  if (importer.opset() >= 11 && node.hasInput(2)) {
    auto constant = importer.constantInput(node, 2);
    if (!constant || !constant.getElementType().isF32() ||
        constant.getNumElements() != 1)
      return importer.fail(node, "the padding value must be a constant");
    value = *constant.getValues<float>().begin();
  }
  auto chosen = importer.intsFrom(node, "axes", 3, 18);
  if (failed(chosen))
    return failure();
  if (node.hasInput(3) && !*chosen)
    return importer.fail(node, "takes axes from operator set 18 on");
  Shape axes = chosen->value_or(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  if (!*given || (*given)->size() != 2 * axes.size())
    return importer.fail(node, "pads must hold two sizes for each dimension");
  // Negative sizes crop.
  Shape low(rank, 0), high(rank, 0), offsets(rank, 0), sizes = shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    auto axis = Importer::normalizeAxis(axes[i], rank);
    int64_t before = (**given)[i], after = (**given)[i + axes.size()];
    if (!axis || !isWithin(before, 1 << 24) || !isWithin(after, 1 << 24))
      return importer.fail(node, "an axis or a size is out of range");
    low[*axis] = std::max<int64_t>(0, before);
    high[*axis] = std::max<int64_t>(0, after);
    offsets[*axis] = std::max<int64_t>(0, -before);
    sizes[*axis] -= offsets[*axis] + std::max<int64_t>(0, -after);
    if (sizes[*axis] < 1)
      return importer.fail(node, "crops everything away");
  }
  if (sizes != shape)
    input = importer.create<SliceOp>(node, importer.f32(sizes), input, offsets,
                                     sizes, Shape(rank, 1));
  Shape padded = sizes;
  for (int64_t i = 0; i < rank; ++i)
    padded[i] += low[i] + high[i];
  return importer.setOutput(
      node, importer.create<PadOp>(node, importer.f32(padded), input, low, high,
                                   APFloat(value)));
}

void onnx_import::addMovementBuilders(llvm::StringMap<OperatorBuilder> &table) {
  table["Identity"] = buildIdentity;
  table["Dropout"] = buildIdentity;
  table["Constant"] = buildConstant;
  table["Concat"] = buildConcat;
  table["Reshape"] = buildReshape;
  table["Flatten"] = buildFlatten;
  table["Transpose"] = buildTranspose;
  table["Squeeze"] = buildSqueeze;
  table["Unsqueeze"] = buildUnsqueeze;
  table["Slice"] = buildSlice;
  table["Pad"] = buildPad;
}
