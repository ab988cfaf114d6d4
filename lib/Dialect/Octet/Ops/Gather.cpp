//===- Gather.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// gather: slices chosen by indices; broadcast: the same elements again.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "IndexLowering.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto input = typeOf(adaptor.getInput()).getShape();
  auto indices = typeOf(adaptor.getIndices()).getShape();
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(input.size()))
    return emitOptionalError(location, "axis ", axis, " is out of range");
  Shape shape(input.take_front(axis));
  llvm::append_range(shape, indices);
  llvm::append_range(shape, input.drop_front(axis + 1));
  return inferAs(location, shape, adaptor.getInput(), types);
}

LogicalResult GatherOp::verify() {
  if (typeOf(getInput()).getDimSize(getAxis()) == 0)
    return emitOpError("chooses from nothing");
  return verifySameElementType(*this);
}

SmallVector<int64_t> GatherOp::getDimensionSources(unsigned operand, unsigned) {
  int64_t axis = getAxis(), chosen = typeOf(getIndices()).getRank();
  int64_t rank = typeOf(getOutput()).getRank();
  SmallVector<int64_t> sources(rank, -1);
  for (int64_t d = 0; d < rank; ++d) {
    bool isIndex = d >= axis && d < axis + chosen;
    if (isIndex == (operand == 1))
      sources[d] = isIndex ? d - axis : d < axis ? d : d - chosen + 1;
  }
  return sources;
}

bool GatherOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  // A row of indices takes the place of the dimension from which they choose.
  if (typeOf(getIndices()).getRank() != 1)
    return false;
  setAxis(permutation[getAxis()]);
  return true;
}

OperandRole GatherOp::getOperandRole(unsigned index) {
  return index == 0 ? OperandRole::Activation : OperandRole::Parameter;
}

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  ConstantView input = adaptor.getInput();
  ConstantView indices = integerConstant(adaptor.getIndices());
  if (!input || !indices)
    return {};
  auto shape = input.getType().getShape();
  auto strides = computeStrides(shape);
  auto chosen = llvm::to_vector(indices.getValues<APInt>());
  size_t axis = getAxis(), count = indices.getType().getRank();
  auto indexStrides = computeStrides(indices.getType().getShape());
  return gatherConstant(
      input, typeOf(getOutput()), [&](ArrayRef<int64_t> position) {
        int64_t at = linearize(position.slice(axis, count), indexStrides);
        int64_t index = insideDimension(chosen[at].getSExtValue(), shape[axis]);
        Shape from(position.take_front(axis));
        from.push_back(index);
        llvm::append_range(from, position.drop_front(axis + count));
        return linearize(from, strides);
      });
}

FailureOr<SmallVector<Value>>
GatherOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto *context = builder.getContext();
  int64_t axis = getAxis(), chosen = typeOf(getIndices()).getRank();
  int64_t rank = typeOf(getOutput()).getRank();
  int64_t size = typeOf(getInput()).getDimSize(axis);
  SmallVector<AffineExpr> exprs;
  for (int64_t d = axis; d < axis + chosen; ++d)
    exprs.push_back(getAffineDimExpr(d, context));
  Value input = inputs[0];
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), inputs[1], AffineMap::get(rank, 0, exprs, context),
      outputs[0], [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value index = insideDimension(b, at, args[0], size);
        SmallVector<Value> position;
        for (int64_t d = 0; d < rank; ++d) {
          if (d == axis)
            position.push_back(
                arith::IndexCastOp::create(b, at, b.getIndexType(), index));
          if (d < axis || d >= axis + chosen)
            position.push_back(linalg::IndexOp::create(b, at, d));
        }
        if (axis == rank)
          position.push_back(
              arith::IndexCastOp::create(b, at, b.getIndexType(), index));
        return tensor::ExtractOp::create(b, at, input, position);
      })};
}

//===----------------------------------------------------------------------===//
// Broadcast
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  auto to = typeOf(getOutput()).getShape();
  auto shape = inferBroadcast(typeOf(getInput()).getShape(), to);
  if (!shape || ArrayRef(*shape) != to)
    return emitOpError("input does not broadcast to the result's shape");
  return verifySameElementType(*this);
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  ConstantView input = adaptor.getInput();
  if (!input)
    return {};
  auto type = typeOf(getOutput());
  return stridedConstant(
      input, type, /*offset=*/0,
      broadcastStrides(input.getType().getShape(), type.getRank()));
}

FailureOr<SmallVector<Value>>
BroadcastOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return SmallVector<Value>{copyThrough(
      builder, getLoc(), inputs[0],
      broadcastMap(builder.getContext(), typeOf(inputs[0]).getShape(),
                   typeOf(getOutput()).getShape()),
      outputs[0])};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

/// first + i · step for each i, if the indices are so and inside [0, size).
static std::optional<std::pair<int64_t, int64_t>>
matchProgression(ArrayRef<int64_t> indices) {
  int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  for (size_t i = 1; i < indices.size(); ++i)
    if (indices[i] - indices[i - 1] != step)
      return std::nullopt;
  if (indices.empty() || step == 0)
    return std::nullopt;
  return std::pair(indices.front(), step);
}

static LogicalResult buildGather(OnnxNode &node) {
  Value input = node.input(0), indices = node.input(1);
  if (!input || !indices)
    return failure();
  Shape shape(typeOf(input).getShape());
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 0), shape.size());
  if (!axis)
    return node.fail("axis is out of range");
  if (!isa<IntegerType>(typeOf(indices).getElementType()))
    return node.fail("indices must be integers");
  if (ConstantView constant = integerConstant(node.constantInput(1))) {
    SmallVector<int64_t> chosen;
    for (const APInt &x : constant.getValues<APInt>()) {
      auto index = OnnxNode::normalizeAxis(x.getSExtValue(), shape[*axis]);
      if (!index)
        return node.fail("index " + Twine(x.getSExtValue()) +
                         " is out of range");
      chosen.push_back(*index);
    }
    // A slice, which other operations know more of.
    auto progression = matchProgression(chosen);
    if (progression && !node.constantInput(0)) {
      Shape offsets(shape.size(), 0), strides(shape.size(), 1);
      std::tie(offsets[*axis], strides[*axis]) = *progression;
      shape[*axis] = chosen.size();
      Value slice = node.slice(input, offsets, shape, strides);
      auto dims = typeOf(indices).getShape();
      shape.erase(shape.begin() + *axis);
      shape.insert(shape.begin() + *axis, dims.begin(), dims.end());
      return node.setOutput(node.reshape(slice, shape));
    }
  }
  if (!typeOf(indices).getElementType().isInteger(32))
    indices = node.castTo(node.builder.getI64Type(), indices);
  return node.setOutput(node.create<GatherOp>(
      input, indices, node.builder.getI64IntegerAttr(*axis)));
}

void GatherOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Gather"] = buildGather;
}

static LogicalResult buildExpand(OnnxNode &node) {
  Value input = node.input(0);
  auto target = node.intsFrom("shape", 1, 1);
  if (!input || failed(target))
    return failure();
  if (!*target)
    return node.fail("shape is missing");
  auto shape = inferBroadcast(typeOf(input).getShape(), **target);
  if (!shape || llvm::any_of(*shape, [](int64_t d) { return d < 0; }))
    return node.fail("the input does not broadcast to the shape");
  return node.setOutput(node.broadcast(input, *shape));
}

/// A dimension is repeated as one of its own in front of it.
static LogicalResult buildTile(OnnxNode &node) {
  Value input = node.input(0);
  auto given = node.intsFrom("repeats", 1, 1);
  if (!input || failed(given))
    return failure();
  Shape shape(typeOf(input).getShape());
  if (!*given || (*given)->size() != shape.size())
    return node.fail("repeats must name a number for each dimension");
  Shape split, repeated, result;
  for (auto [size, times] : llvm::zip(shape, **given)) {
    if (times < 0 || times > maxElements)
      return node.fail("repeats must not be negative or huge");
    if (times != 1) {
      split.push_back(1);
      repeated.push_back(times);
    }
    split.push_back(size);
    repeated.push_back(size);
    result.push_back(size * times);
  }
  return node.setOutput(node.reshape(
      node.broadcast(node.reshape(input, split), repeated), result));
}

void BroadcastOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Expand"] = buildExpand;
  builders["Tile"] = buildTile;
}
