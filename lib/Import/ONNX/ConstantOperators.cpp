//===- ConstantOperators.cpp ------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators whose results are known when a model is compiled: constants,
// shapes, and what is computed of constants only.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static LogicalResult buildConstant(OnnxNode &node) {
  auto scalar = [](Type element) { return RankedTensorType::get({}, element); };
  auto vector = [](size_t size, Type element) {
    return RankedTensorType::get({static_cast<int64_t>(size)}, element);
  };
  ElementsAttr value;
  if (node.hasAttribute("value"))
    value = node.getTensor("value");
  else if (node.hasAttribute("value_float"))
    value = makeSplat(scalar(node.builder.getF32Type()),
                      node.getFloat("value_float", 0.0f));
  else if (node.hasAttribute("value_int"))
    value = makeSplat(scalar(node.builder.getI64Type()),
                      node.getInt("value_int", 0));
  else if (auto floats = node.getFloats("value_floats"))
    value = makeConstant<float>(
        vector(floats->size(), node.builder.getF32Type()), *floats);
  else if (auto ints = node.getInts("value_ints"))
    value = makeConstant<int64_t>(
        vector(ints->size(), node.builder.getI64Type()), *ints);
  else if (node.hasAttribute("value_string") ||
           node.hasAttribute("value_strings"))
    return node.fail("is of strings, which no operator takes");
  else if (node.hasAttribute("sparse_value"))
    return node.fail("is sparse, which is not supported; export it dense");
  else
    return node.fail("has no value");
  return value ? node.setOutput(node.constant(value)) : failure();
}

static LogicalResult buildConstantOfShape(OnnxNode &node) {
  auto shape = node.intsFrom("shape", 0, 1);
  if (failed(shape))
    return failure();
  if (!*shape)
    return node.fail("shape is missing");
  if (!countElements(**shape))
    return node.fail("its result has a negative size, or more than 2^31 "
                     "elements");
  ConstantView value =
      node.hasAttribute("value")
          ? node.getTensor("value")
          : makeSplat(RankedTensorType::get({}, node.builder.getF32Type()),
                      0.0f);
  if (!value)
    return failure();
  if (value.getNumElements() != 1)
    return node.fail("value must be one number");
  return node.setOutput(node.constant(value.reshape(**shape)));
}

static LogicalResult buildRange(OnnxNode &node) {
  ConstantView numbers[3];
  for (unsigned i = 0; i < 3; ++i) {
    if (!node.input(i))
      return failure();
    numbers[i] = node.constantInput(i);
    if (!numbers[i] || numbers[i].getNumElements() != 1 ||
        numbers[i].getElementType() != numbers[0].getElementType())
      return node.fail("start, limit and delta must be constant numbers of one "
                       "type; make them so, or name a value in front of this "
                       "node with --output VALUE");
  }
  Type element = numbers[0].getElementType();
  auto typeFor = [&](int64_t count) {
    return RankedTensorType::get({count}, element);
  };
  constexpr const char *endless = "does not end within 2^26 elements";
  if (element.isF32()) {
    auto value = [&](unsigned i) -> double {
      return numbers[i].getSplatValue<float>();
    };
    double count = std::ceil((value(1) - value(0)) / value(2));
    if (!(count <= static_cast<double>(maxMadeElements)))
      return node.fail(endless);
    SmallVector<float> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(value(0) + i * value(2)));
    return node.setOutput(
        node.constant(makeConstant<float>(typeFor(values.size()), values)));
  }
  auto value = [&](unsigned i) {
    return numbers[i].getSplatValue<APInt>().getSExtValue();
  };
  int64_t start = value(0), limit = value(1), delta = value(2), span;
  if (delta == 0 || llvm::SubOverflow(limit, start, span))
    return node.fail(endless);
  if (delta < 0)
    span = span < 0 ? (span - delta - 1) / delta : 0;
  else
    span = span > 0 ? 1 + (span - 1) / delta : 0;
  if (span > maxMadeElements)
    return node.fail(endless);
  SmallVector<APInt> values;
  for (int64_t i = 0; i < span; ++i)
    values.push_back(APInt(element.getIntOrFloatBitWidth(), start + i * delta,
                           /*isSigned=*/true, /*implicitTrunc=*/true));
  return node.setOutput(
      node.constant(makeConstant<APInt>(typeFor(span), values)));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static LogicalResult buildShape(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  auto shape = typeOf(input).getShape();
  int64_t rank = shape.size();
  auto bound = [&](StringRef name, int64_t fallback) {
    int64_t x = node.getInt(name, fallback);
    return std::clamp<int64_t>(x < 0 ? x + rank : x, 0, rank);
  };
  int64_t start = bound("start", 0), end = bound("end", rank);
  return node.setOutput(
      node.constantInts(shape.slice(start, std::max<int64_t>(0, end - start))));
}

static LogicalResult buildSize(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  return node.setOutput(
      node.reshape(node.constantInts({typeOf(input).getNumElements()}), {}));
}

//===----------------------------------------------------------------------===//
// Computed of constants
//===----------------------------------------------------------------------===//

/// Positions of elements that differ from zero, one column for each.
static LogicalResult buildNonZero(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  ConstantView values = node.constantInput(0);
  if (!values)
    return node.fail("the size of its result depends on data of run time; name "
                     "a value in front of it with --output VALUE");
  auto shape = values.getType().getShape();
  SmallVector<SmallVector<int64_t>> found(std::max<size_t>(1, shape.size()));
  Shape position(shape.size(), 0);
  bool isFloat = isa<FloatType>(values.getElementType());
  for (int64_t i = 0; i < values.getNumElements(); ++i) {
    bool isZero = isFloat ? values.getValue<APFloat>(i).isZero()
                          : values.getValue<APInt>(i).isZero();
    if (!isZero)
      for (size_t d = 0; d < found.size(); ++d)
        found[d].push_back(d < shape.size() ? position[d] : 0);
    advance(position, shape);
  }
  SmallVector<int64_t> all;
  for (const auto &row : found)
    llvm::append_range(all, row);
  Shape result{static_cast<int64_t>(found.size()),
               static_cast<int64_t>(found.front().size())};
  return node.setOutput(node.reshape(node.constantInts(all), result));
}

/// The upper or lower triangle of constant matrices.
static LogicalResult buildTrilu(OnnxNode &node) {
  Value input = node.input(0);
  auto diagonal = node.intsFrom("k", 1, 1);
  if (!input || failed(diagonal))
    return failure();
  auto shape = typeOf(input).getShape();
  if (shape.size() < 2 || (*diagonal && (*diagonal)->size() != 1))
    return node.fail("input must be matrices, and k one number");
  // A mask chooses between the elements and zero.
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  if (rows * columns > maxMadeElements)
    return node.fail("its matrices have more than 2^26 elements");
  int64_t k = *diagonal ? (**diagonal)[0] : 0;
  bool upper = node.getInt("upper", 1);
  SmallVector<bool> keeps;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      keeps.push_back(upper ? column - row >= k : column - row <= k);
  auto mask = RankedTensorType::get({rows, columns}, node.builder.getI1Type());
  return node.setOutput(
      node.create<SelectOp>(node.constant(makeConstant<bool>(mask, keeps)),
                            input, node.scalarLike(input, 0)));
}

void onnx_import::addConstantOperators(OnnxBuilders &builders) {
  builders["Constant"] = buildConstant;
  builders["ConstantOfShape"] = buildConstantOfShape;
  builders["NonZero"] = buildNonZero;
  builders["Range"] = buildRange;
  builders["Shape"] = buildShape;
  builders["Size"] = buildSize;
  builders["Trilu"] = buildTrilu;
}
