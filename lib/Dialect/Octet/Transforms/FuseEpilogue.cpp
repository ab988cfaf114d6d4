//===- FuseEpilogue.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "octet/Dialect/Octet/Transforms/Patterns.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

/// clamp(op(...)) -> op(...) with the clamp attached.
struct AttachClamp : OpRewritePattern<ClampOp> {
  AttachClamp(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(ClampOp op,
                                PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<EpilogueOpInterface>();
    if (!producer || !producer.takesClamp())
      return rewriter.notifyMatchFailure(op, "producer takes no clamp");
    if (!producer->hasOneUse() || producer.hasClamp())
      return rewriter.notifyMatchFailure(
          op, "producer is used elsewhere or clamped already");
    rewriter.modifyOpInPlace(producer, [&] {
      producer.attachClamp(op.getClampMinAttr(), op.getClampMaxAttr());
      producer->setLoc(rewriter.getFusedLoc({producer->getLoc(), op.getLoc()}));
    });
    rewriter.replaceOp(op, producer);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

/// add(op(x), y) -> op(x) with the residual y attached. A smaller y is
/// broadcast first: attached to the sum it costs one rounding less in 8 bits.
/// Where a reshape comes between, y is reshaped instead.
struct AttachResidual : OpRewritePattern<BinaryOp> {
  AttachResidual(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  /// What computes `value`, perhaps in another shape, if it takes `other`.
  static EpilogueOpInterface findProducer(Value value, Value other,
                                          Type result) {
    if (value.getType() != result || value == other ||
        matchPattern(other, m_Constant()))
      return {};
    if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
      if (!reshape->hasOneUse() || other.getType() != result)
        return {};
      value = reshape.getInput();
    }
    auto producer = value.getDefiningOp<EpilogueOpInterface>();
    return producer && producer->hasOneUse() && producer.takesResidual()
               ? producer
               : EpilogueOpInterface();
  }

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Add)
      return rewriter.notifyMatchFailure(op, "no sum");
    Value value = op.getLhs(), residual = op.getRhs();
    // Of two producers the later one takes the sum: the earlier one's result
    // is then ready.
    Operation *left = value.getDefiningOp(), *right = residual.getDefiningOp();
    if (left && right && left->isBeforeInBlock(right))
      std::swap(value, residual);
    auto producer = findProducer(value, residual, op.getType());
    if (!producer) {
      std::swap(value, residual);
      producer = findProducer(value, residual, op.getType());
    }
    if (!producer)
      return rewriter.notifyMatchFailure(
          op, "no side takes a residual and is used only here");
    Type type = producer->getResult(0).getType();
    if (residual.getType() != op.getType())
      residual =
          BroadcastOp::create(rewriter, op.getLoc(), op.getType(), residual);
    if (type != op.getType())
      residual = rewriter.createOrFold<ReshapeOp>(op.getLoc(), type, residual);
    auto fused = cast<EpilogueOpInterface>(rewriter.clone(*producer));
    rewriter.modifyOpInPlace(fused, [&] {
      fused.attachResidual(residual);
      fused.attachClamp(op.getClampMinAttr(), op.getClampMaxAttr());
      fused->setLoc(rewriter.getFusedLoc({fused->getLoc(), op.getLoc()}));
    });
    if (type == op.getType())
      rewriter.replaceOp(op, fused);
    else
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(),
                                             fused->getResult(0));
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
    if (failed(applyToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
