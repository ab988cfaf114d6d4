//===- FuseEpilogue.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

bool hasClamp(Operation *op) {
  return op->hasAttr("clamp_min") || op->hasAttr("clamp_max");
}

/// clamp(op(...)) -> op(...) {clamp_min, clamp_max}.
struct AttachClamp : OpRewritePattern<ClampOp> {
  AttachClamp(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(ClampOp op,
                                PatternRewriter &rewriter) const override {
    Operation *producer = op.getInput().getDefiningOp();
    if (!producer || !isa<Conv2DOp, AddOp, SubOp, MulOp, DivOp>(producer))
      return rewriter.notifyMatchFailure(op, "producer takes no clamp");
    if (!producer->hasOneUse() || hasClamp(producer))
      return rewriter.notifyMatchFailure(
          op, "producer is used elsewhere or clamped already");
    rewriter.modifyOpInPlace(producer, [&] {
      if (auto low = op.getClampMinAttr())
        producer->setAttr("clamp_min", low);
      if (auto high = op.getClampMaxAttr())
        producer->setAttr("clamp_max", high);
      producer->setLoc(rewriter.getFusedLoc({producer->getLoc(), op.getLoc()}));
    });
    rewriter.replaceOp(op, producer);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

/// add(conv2d(x), y) -> conv2d(x) residual(y).
struct AttachResidual : OpRewritePattern<AddOp> {
  AttachResidual(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  static bool takesResidual(Value value, Value other, Type result) {
    auto conv = value.getDefiningOp<Conv2DOp>();
    return conv && conv->hasOneUse() && !conv.getResidual() &&
           !hasClamp(conv) && other.getType() == result &&
           value.getType() == result && value != other &&
           !matchPattern(other, m_Constant());
  }

  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    Value value = op.getLhs(), residual = op.getRhs();
    // Of two convolutions the later one takes the sum: the earlier one's result
    // is then ready.
    Operation *left = value.getDefiningOp(), *right = residual.getDefiningOp();
    if (left && right && left->isBeforeInBlock(right))
      std::swap(value, residual);
    if (!takesResidual(value, residual, op.getType()))
      std::swap(value, residual);
    if (!takesResidual(value, residual, op.getType()))
      return rewriter.notifyMatchFailure(
          op, "no side is a convolution that is used only here");
    auto conv = cast<Conv2DOp>(rewriter.clone(*value.getDefiningOp()));
    rewriter.modifyOpInPlace(conv, [&] {
      conv.getResidualMutable().assign(residual);
      for (StringRef name : {"clamp_min", "clamp_max"})
        if (Attribute bound = op->getAttr(name))
          conv->setAttr(name, bound);
      conv->setLoc(rewriter.getFusedLoc({conv.getLoc(), op.getLoc()}));
    });
    rewriter.replaceOp(op, conv);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct FuseEpiloguePass : octet::impl::FuseEpilogueBase<FuseEpiloguePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<AttachClamp>(&getContext(), numClamps);
    patterns.add<AttachResidual>(&getContext(), numResiduals);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
