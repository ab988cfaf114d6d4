//===- FoldBatchNorm.cpp ----------------------------------------*- C++ -*-===//
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
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

/// One value for each of `channels`, from a constant that is broadcast along
/// all dimensions but the last; empty if it is no such constant.
SmallVector<float> perChannel(Value value, int64_t channels) {
  DenseFPElementsAttr constant;
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.getElementType().isF32() ||
      !matchPattern(value, m_Constant(&constant)))
    return {};
  if (type.getNumElements() == 1)
    return SmallVector<float>(channels, *constant.value_begin<float>());
  if (type.getShape().back() != channels || type.getNumElements() != channels)
    return {};
  return llvm::to_vector(constant.getValues<float>());
}

struct FoldIntoConv : RewritePattern {
  FoldIntoConv(MLIRContext *context, Pass::Statistic &counter)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), counter(counter) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa<AddOp, SubOp, MulOp, DivOp>(op))
      return rewriter.notifyMatchFailure(op, "not elementwise arithmetic");
    // Sums and products commute; of differences and quotients only the left
    // side may be the convolution.
    unsigned side = op->getOperand(0).getDefiningOp<Conv2DOp>() ? 0 : 1;
    auto conv = op->getOperand(side).getDefiningOp<Conv2DOp>();
    if (!conv || (side == 1 && isa<SubOp, DivOp>(op)))
      return rewriter.notifyMatchFailure(op, "left side is no convolution");
    if (!conv->hasOneUse() || conv.getResidual() || conv.getClampMin() ||
        conv.getClampMax() || conv.getType() != op->getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "convolution is used elsewhere");
    auto filterType = cast<RankedTensorType>(conv.getFilter().getType());
    int64_t channels = filterType.getDimSize(0);
    DenseFPElementsAttr filter, bias;
    if (!matchPattern(conv.getFilter(), m_Constant(&filter)) ||
        (conv.getBias() && !matchPattern(conv.getBias(), m_Constant(&bias))))
      return rewriter.notifyMatchFailure(op, "filter or bias is no constant");
    auto constant = perChannel(op->getOperand(1 - side), channels);
    if (constant.empty())
      return rewriter.notifyMatchFailure(op, "no constant for each channel");

    auto weights = llvm::to_vector(filter.getValues<float>());
    SmallVector<float> shift(channels, 0.0f);
    if (bias)
      shift = llvm::to_vector(bias.getValues<float>());
    size_t perOutput = weights.size() / channels;
    for (int64_t c = 0; c < channels; ++c) {
      double factor = 1.0;
      if (isa<MulOp>(op))
        factor = constant[c];
      else if (isa<DivOp>(op))
        factor = 1.0 / constant[c];
      double term = isa<AddOp>(op)   ? constant[c]
                    : isa<SubOp>(op) ? -static_cast<double>(constant[c])
                                     : 0.0;
      for (size_t i = 0; i < perOutput; ++i) {
        float &w = weights[c * perOutput + i];
        w = static_cast<float>(w * factor);
      }
      shift[c] = static_cast<float>(shift[c] * factor + term);
    }
    auto loc = rewriter.getFusedLoc({conv.getLoc(), op->getLoc()});
    auto makeConstant = [&](RankedTensorType type, ArrayRef<float> values) {
      return arith::ConstantOp::create(rewriter, loc,
                                       DenseElementsAttr::get(type, values));
    };
    Value newFilter = makeConstant(filterType, weights);
    Value newBias = makeConstant(
        RankedTensorType::get({channels}, filterType.getElementType()), shift);
    auto folded = cast<Conv2DOp>(rewriter.clone(*conv));
    rewriter.modifyOpInPlace(folded, [&] {
      folded.getFilterMutable().assign(newFilter);
      folded.getBiasMutable().assign(newBias);
      auto clamps = op->getAttrDictionary();
      for (StringRef name : {"clamp_min", "clamp_max"})
        if (Attribute bound = clamps.get(name))
          folded->setAttr(name, bound);
      folded->setLoc(loc);
    });
    rewriter.replaceOp(op, folded);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct FoldBatchNormPass : octet::impl::FoldBatchNormBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldIntoConv>(&getContext(), numFolded);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
