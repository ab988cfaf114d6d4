//===- Reshape.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// reshape: the same elements in row-major order; copy: the same values in
// another layout.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult ReshapeOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  if (dropLayout(typeOf(getInput())).getNumElements() !=
      dropLayout(typeOf(getOutput())).getNumElements())
    return emitOpError("changes the number of elements");
  return success();
}

SmallVector<int64_t> ReshapeOp::getDimensionSources(unsigned, unsigned) {
  // A dimension follows one of the same size with as many elements in front.
  auto from = typeOf(getInput()).getShape();
  SmallVector<int64_t> sources;
  int64_t before = 1;
  for (int64_t size : typeOf(getOutput()).getShape()) {
    int64_t source = -1, seen = 1;
    for (size_t d = 0; d < from.size() && source < 0; seen *= from[d++])
      if (seen == before && from[d] == size)
        source = d;
    sources.push_back(source);
    before *= size;
  }
  return sources;
}

std::optional<int64_t> ReshapeOp::inferRows(ArrayRef<int64_t> rows,
                                            int64_t batch) {
  if (rows[0] == 0)
    return 0;
  // Row-major, each sample stays in one piece; rows must not cross it.
  auto shape = typeOf(getOutput()).getShape();
  if (shape.empty() || shape[0] % batch != 0)
    return std::nullopt;
  return shape[0] / batch;
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (ConstantView input = adaptor.getInput())
    return input.reshape(typeOf(getOutput()).getShape());
  return {};
}

namespace {
/// reshape(reshape(x)) -> reshape(x).
struct MergeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "input is no reshape");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getInput());
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                            MLIRContext *context) {
  results.add<MergeReshapes>(context);
}

/// `value` without its dimensions of size one.
static Value dropUnits(OpBuilder &builder, Location loc, Value value) {
  auto type = typeOf(value);
  Shape kept;
  for (int64_t size : type.getShape())
    if (size != 1)
      kept.push_back(size);
  if (static_cast<int64_t>(kept.size()) == type.getRank())
    return value;
  auto *context = builder.getContext();
  return tensor::ExtractSliceOp::create(
      builder, loc, RankedTensorType::get(kept, type.getElementType()), value,
      getAsIndexOpFoldResult(context, Shape(type.getRank(), 0)),
      getAsIndexOpFoldResult(context, type.getShape()),
      getAsIndexOpFoldResult(context, Shape(type.getRank(), 1)));
}

namespace {
/// Sizes of which the dimensions of two shapes are products, each of a group.
struct CommonParts {
  Shape sizes;
  SmallVector<ReassociationIndices> first, second;
};
} // namespace

/// None if there are no such sizes. No dimension is one or zero.
static std::optional<CommonParts> splitAlike(ArrayRef<int64_t> first,
                                             ArrayRef<int64_t> second) {
  CommonParts parts;
  auto next = [](ArrayRef<int64_t> &shape, int64_t &rest, auto &groups) {
    if (rest == 1) {
      rest = shape.front();
      shape = shape.drop_front();
      groups.emplace_back();
    }
  };
  int64_t a = 1, b = 1;
  while (!first.empty() || a > 1) {
    next(first, a, parts.first);
    next(second, b, parts.second);
    int64_t part = std::min(a, b);
    if (a % part != 0 || b % part != 0)
      return std::nullopt;
    parts.first.back().push_back(parts.sizes.size());
    parts.second.back().push_back(parts.sizes.size());
    parts.sizes.push_back(part);
    a /= part, b /= part;
  }
  return parts;
}

/// A reshape that splits and merges dimensions, as a copy of common parts.
static Value copyParts(OpBuilder &builder, Location loc, Value input,
                       Value output, const CommonParts &parts) {
  auto expand = [&](Value value, ArrayRef<ReassociationIndices> groups) {
    auto type =
        RankedTensorType::get(parts.sizes, typeOf(value).getElementType());
    return type == value.getType() ? value
                                   : tensor::ExpandShapeOp::create(
                                         builder, loc, type, value, groups);
  };
  Value target = dropUnits(builder, loc, output);
  Value copy = copyThrough(builder, loc,
                           expand(dropUnits(builder, loc, input), parts.first),
                           builder.getMultiDimIdentityMap(parts.sizes.size()),
                           expand(target, parts.second));
  if (copy.getType() != target.getType())
    copy = tensor::CollapseShapeOp::create(builder, loc, target.getType(), copy,
                                           parts.second);
  if (copy.getType() == output.getType())
    return copy;
  auto *context = builder.getContext();
  auto shape = typeOf(output).getShape();
  return tensor::InsertSliceOp::create(
      builder, loc, copy, output,
      getAsIndexOpFoldResult(context, Shape(shape.size(), 0)),
      getAsIndexOpFoldResult(context, shape),
      getAsIndexOpFoldResult(context, Shape(shape.size(), 1)));
}

FailureOr<SmallVector<Value>>
ReshapeOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Value input = inputs[0];
  auto from = typeOf(input).getShape();
  auto to = typeOf(getOutput()).getShape();
  auto withoutUnits = [](ArrayRef<int64_t> shape) {
    return llvm::filter_to_vector(shape,
                                  [](int64_t size) { return size != 1; });
  };
  if (typeOf(input).getNumElements() > 1)
    if (auto parts = splitAlike(withoutUnits(from), withoutUnits(to)))
      return SmallVector<Value>{
          copyParts(builder, getLoc(), input, outputs[0], *parts)};
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), {}, {}, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange) -> Value {
        auto constant = [&](int64_t x) -> Value {
          return arith::ConstantIndexOp::create(b, at, x);
        };
        Value linear = constant(0);
        for (size_t i = 0; i < to.size(); ++i) {
          linear = arith::MulIOp::create(b, at, linear, constant(to[i]));
          linear = arith::AddIOp::create(b, at, linear,
                                         linalg::IndexOp::create(b, at, i));
        }
        SmallVector<Value> indices(from.size());
        for (int64_t i = from.size() - 1; i >= 0; --i) {
          indices[i] =
              i == 0 ? linear
                     : arith::RemUIOp::create(b, at, linear, constant(from[i]))
                           .getResult();
          linear = arith::DivUIOp::create(b, at, linear, constant(from[i]));
        }
        return tensor::ExtractOp::create(b, at, input, indices);
      })};
}

LogicalResult CopyOp::verify() {
  if (typeOf(getInput()).getShape() != typeOf(getOutput()).getShape())
    return emitOpError("input and result must have one shape");
  return verifySameElementType(*this);
}

FailureOr<SmallVector<Value>>
CopyOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return SmallVector<Value>{copyThrough(
      builder, getLoc(), inputs[0],
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0])};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildReshape(OnnxNode &node) {
  Value input = node.input(0);
  auto target = node.intsFrom("shape", 1, 5);
  if (!input || failed(target))
    return failure();
  if (!*target)
    return node.fail("shape is missing");
  Shape shape = **target;
  auto inputShape = typeOf(input).getShape();
  bool allowsZero = node.getInt("allowzero", 0);
  int64_t known = 1, unknown = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allowsZero) {
      if (i >= inputShape.size())
        return node.fail("dimension " + Twine(i) +
                         " copies one that the input lacks");
      shape[i] = inputShape[i];
    }
    if (shape[i] == -1 && unknown < 0)
      unknown = i;
    else if (shape[i] < 0 || llvm::MulOverflow(known, shape[i], known))
      return node.fail("dimension " + Twine(i) + " of the new shape is " +
                       Twine(shape[i]) + ", which is no size");
  }
  int64_t count = typeOf(input).getNumElements();
  if (unknown >= 0 && known > 0 && count % known == 0)
    shape[unknown] = count / known;
  else if (unknown >= 0 || count != known)
    return node.fail(Twine(count) +
                     " elements do not fill the new shape; a batch size "
                     "written into the shape must be the first dimension as "
                     "-1");
  return node.setOutput(node.reshape(input, shape));
}

static LogicalResult buildFlatten(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  auto shape = typeOf(input).getShape();
  int64_t rank = shape.size(), axis = node.getInt("axis", 1);
  if (axis < 0)
    axis += rank;
  if (axis < 0 || axis > rank)
    return node.fail("axis is out of range");
  int64_t rows = 1, columns = 1;
  for (int64_t i = 0; i < rank; ++i)
    (i < axis ? rows : columns) *= shape[i];
  return node.setOutput(node.reshape(input, {rows, columns}));
}

static LogicalResult buildSqueeze(OnnxNode &node) {
  Value input = node.input(0);
  auto given = node.intsFrom("axes", 1, 13);
  if (!input || failed(given))
    return failure();
  Shape shape(typeOf(input).getShape()), axes;
  int64_t rank = shape.size();
  if (*given)
    for (int64_t axis : **given) {
      auto normal = OnnxNode::normalizeAxis(axis, rank);
      if (!normal || shape[*normal] != 1)
        return node.fail("axis " + Twine(axis) +
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
  return node.setOutput(node.reshape(input, result));
}

static LogicalResult buildUnsqueeze(OnnxNode &node) {
  Value input = node.input(0);
  auto axes = node.intsFrom("axes", 1, 13);
  if (!input || failed(axes))
    return failure();
  if (!*axes)
    return node.fail("axes are missing");
  Shape shape(typeOf(input).getShape());
  int64_t rank = shape.size() + (*axes)->size();
  Shape normal;
  for (int64_t axis : **axes) {
    auto n = OnnxNode::normalizeAxis(axis, rank);
    if (!n || llvm::is_contained(normal, *n))
      return node.fail("axis " + Twine(axis) + " is out of range or repeated");
    normal.push_back(*n);
  }
  llvm::sort(normal);
  for (int64_t axis : normal)
    shape.insert(shape.begin() + axis, 1);
  return node.setOutput(node.reshape(input, shape));
}

void ReshapeOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Reshape"] = buildReshape;
  builders["Flatten"] = buildFlatten;
  builders["Squeeze"] = buildSqueeze;
  builders["Unsqueeze"] = buildUnsqueeze;
}
