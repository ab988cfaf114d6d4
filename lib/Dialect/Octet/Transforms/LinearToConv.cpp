//===- LinearToConv.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "octet/Dialect/Octet/Transforms/Patterns.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_LINEARTOCONV
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {
struct RewriteMatMul : OpRewritePattern<MatMulOp> {
  RewriteMatMul(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    auto rhs = cast<RankedTensorType>(op.getRhs().getType());
    auto lhs = cast<RankedTensorType>(op.getLhs().getType());
    if (!rhs.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "is a product of integers");
    if (!matchPattern(op.getRhs(), m_Constant()))
      return rewriter.notifyMatchFailure(op, "right side is not a constant");
    int64_t depth = rhs.getShape()[rhs.getRank() - 2];
    int64_t columns = rhs.getShape().back();
    if (rhs.getNumElements() != depth * columns)
      return rewriter.notifyMatchFailure(op, "right side is a batch");
    if (rhs.getRank() > lhs.getRank())
      return rewriter.notifyMatchFailure(op, "right side raises the rank");

    auto loc = op.getLoc();
    auto reshape = [&](Value value, ArrayRef<int64_t> shape) -> Value {
      return rewriter.createOrFold<ReshapeOp>(
          loc, RankedTensorType::get(shape, rhs.getElementType()), value);
    };
    // All rows lie along the width, where tiles find several at a time.
    int64_t rows = lhs.getNumElements() / depth;
    Value image = reshape(op.getLhs(), {1, 1, rows, depth});
    Value matrix = rewriter.createOrFold<TransposeOp>(
        loc, reshape(op.getRhs(), {depth, columns}), ArrayRef<int64_t>{1, 0});
    Value filter = reshape(matrix, {columns, 1, 1, depth});
    Value conv = Conv2DOp::create(
        rewriter, loc,
        RankedTensorType::get({1, 1, rows, columns}, rhs.getElementType()),
        image, filter, op.getBias(), Value(), ArrayRef<int64_t>{1, 1},
        ArrayRef<int64_t>{0, 0, 0, 0}, ArrayRef<int64_t>{1, 1}, 1, FloatAttr(),
        FloatAttr(), IntegerAttr());
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), conv);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct LinearToConvPass : octet::impl::LinearToConvBase<LinearToConvPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RewriteMatMul>(&getContext(), numRewritten);
    // A function of the product can then join the convolution.
    populateSinkReshapePatterns(patterns);
    ReshapeOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
