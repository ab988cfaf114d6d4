//===- FoldBatchNorm.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "octet/Dialect/Octet/Transforms/Patterns.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {
struct FoldAffine : OpInterfaceRewritePattern<AffineOpInterface> {
  FoldAffine(MLIRContext *context, Pass::Statistic &counter)
      : OpInterfaceRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(AffineOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto step = op.matchAffine();
    if (!step)
      return rewriter.notifyMatchFailure(op, "no constant for each channel");
    auto producer =
        op->getOperand(step->operand).getDefiningOp<EpilogueOpInterface>();
    if (!producer || !producer->hasOneUse() || !producer.takesAffine())
      return rewriter.notifyMatchFailure(
          op, "what computes the operand takes none, or is used elsewhere");
    auto folded = cast<EpilogueOpInterface>(rewriter.clone(*producer));
    rewriter.modifyOpInPlace(folded, [&] {
      folded->setLoc(rewriter.getFusedLoc({producer->getLoc(), op->getLoc()}));
      folded.attachAffine(rewriter, *step);
      if (auto epilogue = dyn_cast<EpilogueOpInterface>(op.getOperation()))
        folded.attachClamp(epilogue.getClampMinAttr(),
                           epilogue.getClampMaxAttr());
    });
    // The constants it takes stand behind the clone.
    rewriter.moveOpBefore(folded, op);
    rewriter.replaceOp(op, folded);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct FoldBatchNormPass : octet::impl::FoldBatchNormBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldAffine>(&getContext(), numFolded);
    if (failed(applyToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
