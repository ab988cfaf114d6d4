//===- Reductions.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reductions over dimensions, and softmax.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace octet;

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Shape shape(typeOf(adaptor.getInput()).getShape());
  for (int64_t axis : adaptor.getAxes()) {
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
      return emitOptionalError(location, "axis ", axis, " is out of range");
    shape[axis] = 1;
  }
  return inferAs(location, shape, adaptor.getInput(), types);
}

LogicalResult ReduceOp::verify() {
  auto axes = getAxes();
  for (size_t i = 1; i < axes.size(); ++i)
    if (axes[i - 1] >= axes[i])
      return emitOpError("axes must ascend");
  Type element = typeOf(getInput()).getElementType();
  if (!element.isF32() &&
      (!isa<IntegerType>(element) || getKind() == ReduceKind::Mean))
    return emitOpError("has no such reduction of ") << element;
  return verifySameElementType(*this);
}

SmallVector<int64_t> ReduceOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getInput()).getRank(), [&](int64_t d) {
    return !llvm::is_contained(getAxes(), d);
  });
}

bool ReduceOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  auto axes = llvm::map_to_vector(
      getAxes(), [&](int64_t axis) { return permutation[axis]; });
  llvm::sort(axes);
  setAxes(axes);
  return true;
}

/// The next value of a reduction, on numbers in double or wrapped integers.
template <typename T> static T reduce(ReduceKind kind, T sum, T x) {
  switch (kind) {
  case ReduceKind::Mean:
  case ReduceKind::Sum:
    return sum + x;
  case ReduceKind::Max:
    return x > sum || x != x ? x : sum;
  case ReduceKind::Min:
    return x < sum || x != x ? x : sum;
  case ReduceKind::Prod:
    return sum * x;
  }
  llvm_unreachable("unknown reduction");
}

OpFoldResult ReduceOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty() && getKind() != ReduceKind::Mean)
    return getInput();
  ConstantView input = adaptor.getInput();
  if (!input)
    return {};
  auto type = typeOf(getOutput());
  Shape from(input.getType().getShape());
  int64_t count = input.getNumElements();
  if (count == 0 || type.getNumElements() == 0) {
    // A sum or product of nothing is one value; there is no largest of nothing.
    bool isSum = getKind() == ReduceKind::Sum;
    if (!isSum && getKind() != ReduceKind::Prod)
      return {};
    if (type.getElementType().isF32())
      return makeSplat(type, isSum ? 0.0f : 1.0f);
    return makeSplat(type, APInt(type.getElementTypeBitWidth(), isSum ? 0 : 1));
  }
  // Element i of the input belongs to element target[i] of the result.
  SmallVector<int64_t> target(count);
  forEachBroadcast(from, type.getShape(), type.getShape(),
                   [&](int64_t i, int64_t l, int64_t) { target[i] = l; });
  auto run = [&](auto zero, auto valueOf) {
    SmallVector<decltype(zero)> sums(type.getNumElements(), zero);
    SmallVector<bool> begun(type.getNumElements(), false);
    for (int64_t i = 0; i < count; ++i) {
      auto &sum = sums[target[i]];
      auto x = valueOf(i);
      sum = begun[target[i]] ? reduce(getKind(), sum, x) : x;
      begun[target[i]] = true;
    }
    return sums;
  };
  if (ConstantView floats = floatConstant(input)) {
    auto sums = run(
        0.0, [&](int64_t i) -> double { return floats.getValue<float>(i); });
    double each = getKind() == ReduceKind::Mean
                      ? static_cast<double>(count) / type.getNumElements()
                      : 1.0;
    auto results = llvm::map_to_vector(
        sums, [&](double x) { return static_cast<float>(x / each); });
    return makeConstant<float>(type, results);
  }
  ConstantView integers = integerConstant(input);
  if (!integers)
    return {};
  // Sums and products wrap alike with and without a sign.
  bool isOrdered = getKind() == ReduceKind::Max || getKind() == ReduceKind::Min;
  if (isOrdered && !type.getElementType().isUnsignedInteger() &&
      !type.getElementType().isInteger(1))
    return makeIntegers(type, run(int64_t(0), [&](int64_t i) {
                          return integers.getInteger(i);
                        }));
  auto sums = run(uint64_t(0), [&](int64_t i) -> uint64_t {
    return integers.getInteger(i);
  });
  return makeIntegers(type, SmallVector<int64_t>(sums.begin(), sums.end()));
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location> location,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}

LogicalResult SoftmaxOp::verify() {
  if (int64_t(getAxis()) < 0 ||
      int64_t(getAxis()) >= typeOf(getInput()).getRank())
    return emitOpError("axis ") << getAxis() << " is out of range";
  return success();
}

SmallVector<int64_t> SoftmaxOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getInput()).getRank(), [&](int64_t d) {
    return d != static_cast<int64_t>(getAxis());
  });
}

bool SoftmaxOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  setAxis(permutation[getAxis()]);
  return true;
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

/// The mean over `axes`, which are kept: a pool where they are an image's,
/// since it has an integer form.
static Value createMean(OnnxNode &node, Value input, ArrayRef<int64_t> axes) {
  bool isConstant = matchPattern(input, m_Constant());
  if (typeOf(input).getRank() != 4 || axes != ArrayRef<int64_t>{2, 3} ||
      isConstant)
    return node.create<ReduceOp>(input, ReduceKind::Mean, axes);
  Value image = node.toChannelsLast(input);
  if (!image)
    return {};
  auto kernel = typeOf(image).getShape().slice(1, 2);
  Value pooled =
      node.create<AvgPool2DOp>(image, Value(), kernel, Shape{1, 1},
                               Shape{0, 0, 0, 0}, Shape{1, 1}, false);
  return node.fromChannelsLast(pooled, 4);
}

template <ReduceKind kind> static LogicalResult buildReduce(OnnxNode &node) {
  Value input = kind == ReduceKind::Mean ? node.floatInput(0) : node.input(0);
  return node.setReduced(input, kind == ReduceKind::Sum ? 13 : 18,
                         [&](Value x, ArrayRef<int64_t> axes) {
                           return axes.empty() ? x
                                  : kind == ReduceKind::Mean
                                      ? createMean(node, x, axes)
                                      : node.create<ReduceOp>(x, kind, axes);
                         });
}

/// The mean, or with MaxPool the largest value, over all positions.
static LogicalResult buildGlobalPool(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  int64_t rank = typeOf(input).getRank();
  if (rank < 3)
    return node.fail("input must have spatial dimensions");
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  if (node.type() == "GlobalAveragePool")
    return node.setOutput(createMean(node, input, axes));
  if (rank > 4)
    return node.setOutput(node.create<ReduceOp>(input, ReduceKind::Max, axes));
  Value image = node.toChannelsLast(input);
  if (!image)
    return failure();
  Value pooled =
      node.create<MaxPool2DOp>(image, typeOf(image).getShape().slice(1, 2),
                               Shape{1, 1}, Shape{0, 0, 0, 0}, Shape{1, 1});
  return node.setOutput(node.fromChannelsLast(pooled, rank));
}

void ReduceOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["ReduceMean"] = buildReduce<ReduceKind::Mean>;
  builders["ReduceSum"] = buildReduce<ReduceKind::Sum>;
  builders["ReduceMax"] = buildReduce<ReduceKind::Max>;
  builders["ReduceMin"] = buildReduce<ReduceKind::Min>;
  builders["ReduceProd"] = buildReduce<ReduceKind::Prod>;
  builders["GlobalAveragePool"] = buildGlobalPool;
  builders["GlobalMaxPool"] = buildGlobalPool;
}

static LogicalResult buildSoftmax(OnnxNode &node) {
  return node.setAlongAxis([&](Value input, int64_t axis) {
    return node.create<SoftmaxOp>(input, node.builder.getI64IntegerAttr(axis));
  });
}

void SoftmaxOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Softmax"] = buildSoftmax;
}
