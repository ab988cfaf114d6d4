//===- Slice.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// slice: every stride-th element from an offset on.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult SliceOp::inferReturnTypes(MLIRContext *,
                                        std::optional<Location> location,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto input = typeOf(adaptor.getInput()).getShape();
  size_t rank = input.size();
  if (adaptor.getOffsets().size() != rank ||
      adaptor.getSizes().size() != rank || adaptor.getStrides().size() != rank)
    return emitOptionalError(
        location, "needs one offset, size and stride for each dimension");
  for (size_t i = 0; i < rank; ++i) {
    int64_t first = adaptor.getOffsets()[i], size = adaptor.getSizes()[i];
    int64_t stride = adaptor.getStrides()[i], last;
    if (size < 1 || stride == 0 || llvm::MulOverflow(size - 1, stride, last) ||
        llvm::AddOverflow(first, last, last) || std::min(first, last) < 0 ||
        std::max(first, last) >= input[i])
      return emitOptionalError(location, "reads outside dimension ", i);
  }
  return inferAs(location, Shape(adaptor.getSizes()), adaptor.getInput(),
                 types);
}

LogicalResult SliceOp::verify() { return verifySameElementType(*this); }

SmallVector<int64_t> SliceOp::getDimensionSources(unsigned, unsigned) {
  auto shape = typeOf(getInput()).getShape();
  return sameDimensions(shape.size(), [&](int64_t d) {
    return getOffsets()[d] == 0 && getStrides()[d] == 1 &&
           getSizes()[d] == shape[d];
  });
}

bool SliceOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  auto inverse = invertPermutationVector(permutation);
  setOffsets(permute(getOffsets(), inverse));
  setSizes(permute(getSizes(), inverse));
  setStrides(permute(getStrides(), inverse));
  return true;
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  bool whole = getInput().getType() == getType() &&
               llvm::all_of(getStrides(), [](int64_t s) { return s == 1; });
  if (whole)
    return getInput();
  ConstantView input = adaptor.getInput();
  if (!input)
    return {};
  auto strides = computeStrides(input.getType().getShape());
  int64_t offset = linearize(getOffsets(), strides);
  for (auto [stride, step] : llvm::zip_equal(strides, getStrides()))
    stride *= step;
  return stridedConstant(input, typeOf(getOutput()), offset, strides);
}

std::vector<BoxCopy> SliceOp::getBoxes() {
  Shape steps(getStrides());
  for (auto [size, step] : llvm::zip_equal(getSizes(), steps))
    if (size == 1)
      step = 1;
  if (llvm::any_of(steps, [](int64_t step) { return step < 0; }))
    return {};
  return {{0, Shape(getOffsets()), steps, Shape(steps.size(), 0),
           Shape(getSizes())}};
}

FailureOr<SmallVector<Value>>
SliceOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  // The element is fetched by index: a step may be negative, which
  // tensor.extract_slice does not take.
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), {}, {}, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange) -> Value {
        SmallVector<Value> indices;
        for (int64_t i = 0; i < typeOf(inputs[0]).getRank(); ++i) {
          auto constant = [&](int64_t x) -> Value {
            return arith::ConstantIndexOp::create(b, at, x);
          };
          Value index = linalg::IndexOp::create(b, at, i);
          index =
              arith::MulIOp::create(b, at, index, constant(getStrides()[i]));
          indices.push_back(
              arith::AddIOp::create(b, at, index, constant(getOffsets()[i])));
        }
        return tensor::ExtractOp::create(b, at, inputs[0], indices);
      })};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildSlice(OnnxNode &node) {
  Value input = node.input(0);
  auto starts = node.intsFrom("starts", 1, 10);
  auto ends = node.intsFrom("ends", 2, 10);
  auto axes = node.intsFrom("axes", 3, 10);
  auto steps = node.intsFrom("steps", 4, 10);
  if (!input || failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  if (!*starts || !*ends || (*starts)->size() != (*ends)->size())
    return node.fail("starts and ends must have one size");
  Shape sizes(typeOf(input).getShape());
  int64_t rank = sizes.size();
  Shape offsets(rank, 0), strides(rank, 1);
  for (size_t i = 0; i < (*starts)->size(); ++i) {
    if ((*axes && i >= (*axes)->size()) || (*steps && i >= (*steps)->size()))
      return node.fail("axes or steps are too few");
    auto axis = OnnxNode::normalizeAxis(*axes ? (**axes)[i] : i, rank);
    int64_t step = *steps ? (**steps)[i] : 1;
    if (!axis || step == 0)
      return node.fail("an axis is out of range or a step is zero");
    // Longer steps leave one element, too; the smallest integer has no
    // opposite.
    step = std::clamp(step, -maxElements, maxElements);
    // ONNX clamps: to [0, size] going up, to [-1, size - 1] going down.
    int64_t size = typeOf(input).getDimSize(*axis);
    auto bound = [&](int64_t x, int64_t low, int64_t high) {
      if (x < 0)
        x = x < -size ? low : x + size;
      return std::max(low, std::min(x, high));
    };
    int64_t start = step > 0 ? bound((**starts)[i], 0, size)
                             : bound((**starts)[i], 0, size - 1);
    int64_t end = step > 0 ? bound((**ends)[i], 0, size)
                           : bound((**ends)[i], -1, size - 1);
    int64_t count = step > 0 ? llvm::divideCeilSigned(end - start, step)
                             : llvm::divideCeilSigned(start - end, -step);
    offsets[*axis] = start;
    sizes[*axis] = std::max<int64_t>(0, count);
    strides[*axis] = step;
  }
  if (!node.constantInput(0))
    for (auto [d, size] : llvm::enumerate(sizes))
      if (size == 0)
        return node.fail("the slice is empty in dimension " + Twine(d));
  return node.setOutput(node.slice(input, offsets, sizes, strides));
}

/// Parts of equal size, the last of which may be smaller, or of given sizes.
static LogicalResult buildSplit(OnnxNode &node) {
  Value input = node.input(0);
  auto given = node.opset == 1 && node.hasInput(1)
                   ? node.intsFrom("split", 1, 1)
                   : node.intsFrom("split", 1, 13);
  if (!input || failed(given))
    return failure();
  Shape shape(typeOf(input).getShape());
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 0), shape.size());
  if (!axis)
    return node.fail("axis is out of range");
  int64_t size = shape[*axis], parts = node.numOutputs();
  Shape sizes = given->value_or(Shape());
  if (!*given) {
    parts = node.getInt("num_outputs", parts);
    if (parts < 1 || parts != node.numOutputs())
      return node.fail("num_outputs does not fit its outputs");
    int64_t each = llvm::divideCeil(size, parts);
    for (int64_t i = 0; i < parts; ++i)
      sizes.push_back(std::max<int64_t>(0, std::min(each, size - i * each)));
  }
  int64_t sum = 0;
  for (int64_t part : sizes)
    if (part < 0 || llvm::AddOverflow(sum, part, sum))
      return node.fail("the sizes of its parts are no sizes");
  if (static_cast<int64_t>(sizes.size()) != parts || sum != size)
    return node.fail("the sizes of its parts do not fit dimension " +
                     Twine(*axis) + " of the input and its outputs");
  Shape offsets(shape.size(), 0), strides(shape.size(), 1);
  SmallVector<Value> results;
  for (auto [i, part] : llvm::enumerate(sizes)) {
    shape[*axis] = part;
    node.nameOutput(i);
    // An output that has no name is read by nobody.
    results.push_back(node.hasOutput(i)
                          ? node.slice(input, offsets, shape, strides)
                          : Value());
    if (node.hasOutput(i) && !results.back())
      return failure();
    offsets[*axis] += part;
  }
  return node.setOutputs(results);
}

void SliceOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Slice"] = buildSlice;
  builders["Split"] = buildSplit;
}
