//===- ToChannelsLast.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "octet/Dialect/Octet/Transforms/Patterns.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_TOCHANNELSLAST
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

using Counter = Pass::Statistic;

bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

Value createTranspose(OpBuilder &builder, Location loc, Value value,
                      ArrayRef<int64_t> permutation) {
  return builder.createOrFold<TransposeOp>(loc, value, permutation);
}

/// `value` with leading dimensions of size one up to `rank`.
Value expandRank(OpBuilder &builder, Location loc, Value value, size_t rank) {
  Shape shape(typeOf(value).getShape());
  if (shape.size() == rank)
    return value;
  shape.insert(shape.begin(), rank - shape.size(), 1);
  return builder.createOrFold<ReshapeOp>(
      loc, RankedTensorType::get(shape, typeOf(value).getElementType()), value);
}

/// The permutation that makes an image [N, ..., C] one of [N, C, ...]; its
/// inverse is another one from rank 4 on.
Shape channelsFirst(int64_t rank) {
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::rotate(order.begin() + 1, order.end() - 1, order.end());
  return order;
}

/// op(transpose(x), ...) -> transpose(op(x, ...)).
struct SinkTranspose : OpInterfaceRewritePattern<DimensionOpInterface> {
  SinkTranspose(MLIRContext *context, Counter &counter)
      : OpInterfaceRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(DimensionOpInterface op,
                                PatternRewriter &rewriter) const override {
    TransposeOp transpose;
    bool uniform = true;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      if (isConstant(operand) || op.hasOwnDimensions(i))
        continue;
      auto candidate = operand.getDefiningOp<TransposeOp>();
      if (candidate && !transpose)
        transpose = candidate;
      uniform &=
          candidate && candidate.getPermutation() == transpose.getPermutation();
    }
    if (!transpose || op->getNumResults() != 1)
      return rewriter.notifyMatchFailure(op, "no operand is a transpose");
    auto resultType = typeOf(op->getResult(0));
    if (typeOf(transpose).getRank() != resultType.getRank())
      return rewriter.notifyMatchFailure(op, "changes the rank");
    auto permutation = llvm::to_vector(transpose.getPermutation());
    // Operands that do not agree get a transpose of their own, which must not
    // be sunk again: only the direction towards channels-last makes progress.
    if (!uniform && (permutation.size() < 4 ||
                     permutation != channelsFirst(permutation.size())))
      return rewriter.notifyMatchFailure(op, "operands do not agree");
    Operation *moved = op->clone();
    if (!cast<DimensionOpInterface>(moved).permuteDimensions(permutation)) {
      moved->destroy();
      return rewriter.notifyMatchFailure(op, "depends on the layout");
    }
    auto inverse = invertPermutationVector(permutation);
    SmallVector<Value> operands;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      auto source = operand.getDefiningOp<TransposeOp>();
      if (op.hasOwnDimensions(i))
        operands.push_back(operand);
      else if (source && source.getPermutation() == ArrayRef(permutation))
        operands.push_back(source.getInput());
      else
        operands.push_back(createTranspose(
            rewriter, op->getLoc(),
            expandRank(rewriter, op->getLoc(), operand, permutation.size()),
            inverse));
    }
    moved->setOperands(operands);
    moved->getResult(0).setType(RankedTensorType::get(
        permute(resultType.getShape(), inverse), resultType.getElementType()));
    rewriter.insert(moved);
    rewriter.replaceOp(op, createTranspose(rewriter, op->getLoc(),
                                           moved->getResult(0), permutation));
    ++counter;
    return success();
  }

  Counter &counter;
};

/// transpose(f(x, constant)) -> f(transpose(x), transpose(constant)) where f
/// prepares an input: what a layer computes keeps its functions beside it.
struct HoistTranspose : OpRewritePattern<TransposeOp> {
  HoistTranspose(MLIRContext *context, Counter &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    Operation *source = op.getInput().getDefiningOp();
    if (!source || !isElementwise(source) || !isNormalization(op.getInput()))
      return rewriter.notifyMatchFailure(op, "input is no prepared argument");
    // Equal transposes beside this one are hoisted, too, and then merged.
    if (!llvm::all_of(source->getUsers(), [&](Operation *user) {
          auto other = dyn_cast<TransposeOp>(user);
          return other && other.getPermutation() == op.getPermutation();
        }))
      return rewriter.notifyMatchFailure(op, "input is needed as it is");
    for (Value operand : source->getOperands())
      if (!isConstant(operand) &&
          typeOf(operand).getShape() != typeOf(op.getInput()).getShape())
        return rewriter.notifyMatchFailure(op, "an operand is broadcast");
    SmallVector<Value> operands;
    for (Value operand : source->getOperands())
      operands.push_back(
          createTranspose(rewriter, op.getLoc(),
                          expandRank(rewriter, op.getLoc(), operand,
                                     op.getPermutation().size()),
                          op.getPermutation()));
    Operation *moved = rewriter.clone(*source);
    rewriter.modifyOpInPlace(moved, [&] {
      moved->setOperands(operands);
      moved->getResult(0).setType(op.getType());
    });
    rewriter.replaceOp(op, moved);
    ++counter;
    return success();
  }

  Counter &counter;
};

/// reshape(f(x, scalar)) -> f(reshape(x), scalar): the transpose of an image of
/// one channel is a reshape, and must not part a normalization from its
/// quantization either.
struct HoistReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto source = op.getInput().getDefiningOp<BinaryOp>();
    if (!source || !source->hasOneUse() || !isNormalization(op.getInput()))
      return rewriter.notifyMatchFailure(op, "input is no normalization");
    Value scalar = source->getOperand(1);
    if (!isConstant(scalar) || typeOf(scalar).getNumElements() != 1 ||
        typeOf(source->getOperand(0)) != typeOf(op.getInput()))
      return rewriter.notifyMatchFailure(op, "right side is no scalar");
    auto loc = op.getLoc();
    auto element = typeOf(scalar).getElementType();
    Value moved =
        ReshapeOp::create(rewriter, loc, op.getType(), source->getOperand(0));
    Value single = ReshapeOp::create(
        rewriter, loc, RankedTensorType::get({1}, element), scalar);
    Operation *hoisted = rewriter.clone(*source);
    rewriter.modifyOpInPlace(hoisted, [&] {
      hoisted->setOperands({moved, single});
      hoisted->getResult(0).setType(op.getType());
    });
    rewriter.replaceOp(op, hoisted);
    return success();
  }
};

struct ToChannelsLastPass
    : octet::impl::ToChannelsLastBase<ToChannelsLastPass> {
  void runOnOperation() override {
    auto apply = [&](auto addPatterns) {
      RewritePatternSet patterns(&getContext());
      addPatterns(patterns);
      TransposeOp::getCanonicalizationPatterns(patterns, &getContext());
      ReshapeOp::getCanonicalizationPatterns(patterns, &getContext());
      if (failed(applyToFixpoint(getOperation(), std::move(patterns))))
        signalPassFailure();
    };
    apply([&](RewritePatternSet &patterns) {
      patterns.add<SinkTranspose>(&getContext(), numSunk);
      populateSinkReshapePatterns(patterns);
    });
    apply([&](RewritePatternSet &patterns) {
      patterns.add<HoistTranspose>(&getContext(), numHoisted);
      patterns.add<HoistReshape>(&getContext());
    });
  }
};

} // namespace
