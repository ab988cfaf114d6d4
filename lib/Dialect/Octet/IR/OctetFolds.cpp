//===- OctetFolds.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folds and canonicalizations: constants, identities, and moves that undo each
// other.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

using namespace mlir;
using namespace octet;

static RankedTensorType tensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A constant of f32 on a shape without layout, or null.
static DenseFPElementsAttr floatConstant(Attribute attribute) {
  auto elements = dyn_cast_or_null<DenseFPElementsAttr>(attribute);
  return elements && elements.getElementType().isF32() ? elements
                                                       : DenseFPElementsAttr();
}

static float clampConstant(float x, std::optional<APFloat> low,
                           std::optional<APFloat> high) {
  if (low && x < low->convertToFloat())
    x = low->convertToFloat();
  if (high && x > high->convertToFloat())
    x = high->convertToFloat();
  return x;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

template <typename BinaryOp, typename Adaptor, typename Function>
static OpFoldResult foldBinary(BinaryOp op, Adaptor adaptor,
                               Function function) {
  auto lhs = floatConstant(adaptor.getLhs());
  auto rhs = floatConstant(adaptor.getRhs());
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!lhs || !rhs || !type || !type.getElementType().isF32())
    return {};
  auto low = op.getClampMin(), high = op.getClampMax();
  auto shape = type.getShape();
  auto lhsValues = llvm::to_vector(lhs.template getValues<float>());
  auto rhsValues = llvm::to_vector(rhs.template getValues<float>());
  auto index = [&](RankedTensorType source, ArrayRef<int64_t> position) {
    int64_t offset = 0;
    size_t skip = shape.size() - source.getRank();
    for (int64_t d = 0; d < source.getRank(); ++d) {
      int64_t size = source.getDimSize(d);
      offset = offset * size + (size == 1 ? 0 : position[skip + d]);
    }
    return offset;
  };
  SmallVector<float> values;
  values.reserve(type.getNumElements());
  Shape position(shape.size(), 0);
  for (int64_t i = 0; i < type.getNumElements(); ++i, advance(position, shape))
    values.push_back(clampConstant(
        function(lhsValues[index(tensorType(op.getLhs()), position)],
                 rhsValues[index(tensorType(op.getRhs()), position)]),
        low, high));
  return DenseFPElementsAttr::get(type, ArrayRef<float>(values));
}

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  return foldBinary(*this, adaptor, [](float a, float b) { return a + b; });
}
OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  return foldBinary(*this, adaptor, [](float a, float b) { return a - b; });
}
OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  return foldBinary(*this, adaptor, [](float a, float b) { return a * b; });
}
OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  return foldBinary(*this, adaptor, [](float a, float b) { return a / b; });
}

OpFoldResult ClampOp::fold(FoldAdaptor adaptor) {
  if (!getClampMin() && !getClampMax())
    return getInput();
  auto input = floatConstant(adaptor.getInput());
  if (!input)
    return {};
  auto low = getClampMin(), high = getClampMax();
  return input.mapValues(input.getElementType(), [&](const APFloat &x) {
    return APFloat(clampConstant(x.convertToFloat(), low, high))
        .bitcastToAPInt();
  });
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto input = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    return input.reshape(tensorType(getOutput()));
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

/// transpose(transpose(x)) -> transpose(x).
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "input is no transpose");
    rewriter.replaceOpWithNewOp<TransposeOp>(
        op, op.getType(), inner.getInput(),
        permute(inner.getPermutation(), op.getPermutation()));
    return success();
  }
};

/// A transpose that only moves dimensions of size one is a reshape.
struct TransposeToReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto shape = tensorType(op.getInput()).getShape();
    int64_t last = -1;
    for (int64_t p : op.getPermutation()) {
      if (shape[p] == 1)
        continue;
      if (p < last)
        return rewriter.notifyMatchFailure(op, "moves elements");
      last = p;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                            MLIRContext *context) {
  results.add<MergeReshapes>(context);
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (isIdentityPermutation(getPermutation()))
    return getInput();
  auto input = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput());
  if (!input)
    return {};
  auto type = tensorType(getOutput());
  if (input.isSplat())
    return input.reshape(type);
  size_t width = type.getElementTypeBitWidth() / 8;
  if (type.getElementTypeBitWidth() % 8 != 0)
    return {};
  ArrayRef<char> from = input.getRawData();
  std::vector<char> to(from.size());
  auto inputStrides = computeStrides(input.getType().getShape());
  auto strides = permute(inputStrides, getPermutation());
  Shape position(type.getRank(), 0);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t source = linearize(position, strides);
    std::copy_n(from.data() + source * width, width, to.data() + i * width);
    advance(position, type.getShape());
  }
  return DenseElementsAttr::getFromRawBuffer(type, to);
}

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *context) {
  results.add<MergeTransposes, TransposeToReshape>(context);
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  bool whole = getInput().getType() == getType() &&
               llvm::all_of(getStrides(), [](int64_t s) { return s == 1; });
  return whole ? getInput() : Value();
}
