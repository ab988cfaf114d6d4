//===- UnrollVectors.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "octet/Codegen/Passes.h"
#include "octet/Codegen/VectorUtils.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_UNROLLVECTORS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// True if the transfer moves whole rows along the innermost memory dimension.
template <typename Transfer> bool isRowWise(Transfer op) {
  auto type = dyn_cast<MemRefType>(op.getBase().getType());
  AffineMap map = op.getPermutationMap();
  return type && !op.getMask() && !op.hasOutOfBoundsDim() &&
         map.isProjectedPermutation() && map.getNumResults() > 0 &&
         map.getDimPosition(map.getNumResults() - 1) ==
             static_cast<unsigned>(type.getRank()) - 1;
}

/// The innermost two dimensions of `base` as one.
Value collapseInnermost(OpBuilder &builder, Location loc, Value base) {
  int64_t rank = cast<MemRefType>(base.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i + 2 < rank; ++i)
    groups.push_back({i});
  groups.push_back({rank - 2, rank - 1});
  return memref::CollapseShapeOp::create(builder, loc, base, groups);
}

/// A read of an n-D vector becomes one load for each register. A block of
/// bytes `[n][pack]`, a filter's lanes or an input's channels, is one load too.
struct UnrollRead : OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferReadOp op,
                                PatternRewriter &rewriter) const override {
    if (!isRowWise(op))
      return rewriter.notifyMatchFailure(op, "not a row-wise read of memory");
    auto type = op.getVectorType();
    auto memory = cast<MemRefType>(op.getBase().getType());
    AffineMap map = op.getPermutationMap();
    auto loc = op.getLoc();
    unsigned rank = map.getNumResults(), trailing = 1;
    Value base = op.getBase();
    SmallVector<Value> indices(op.getIndices());
    if (rank >= 2 && memory.getElementType().isInteger(8) &&
        map.getDimPosition(rank - 2) ==
            static_cast<unsigned>(memory.getRank()) - 2 &&
        type.getShape().back() == memory.getShape().back() &&
        type.getShape().back() <= 8) {
      trailing = 2;
      base = collapseInnermost(rewriter, loc, base);
      AffineExpr row = getAffineDimExpr(0, rewriter.getContext());
      AffineExpr column = getAffineDimExpr(1, rewriter.getContext());
      Value last = indices.pop_back_val();
      indices.back() = getValueOrCreateConstantIndexOp(
          rewriter, loc,
          affine::makeComposedFoldedAffineApply(
              rewriter, loc, row * memory.getShape().back() + column,
              {OpFoldResult(indices.back()), OpFoldResult(last)}));
    }
    auto partType = VectorType::get(type.getShape().take_back(trailing),
                                    type.getElementType());
    auto loadType =
        VectorType::get({partType.getNumElements()}, type.getElementType());
    SmallVector<Value> parts;
    for (auto &position : positionsOf(type.getShape().drop_back(trailing))) {
      SmallVector<Value> at(indices);
      for (auto [i, p] : llvm::enumerate(position)) {
        Value &index = at[map.getDimPosition(i)];
        index = offsetIndex(rewriter, loc, index, p);
      }
      Value part = vector::LoadOp::create(rewriter, loc, loadType, base, at);
      if (trailing == 2)
        part = vector::ShapeCastOp::create(rewriter, loc, partType, part);
      parts.push_back(part);
    }
    rewriter.replaceOp(
        op, type.getRank() == trailing
                ? parts[0]
                : assembleVector(rewriter, loc, type, parts, trailing));
    return success();
  }
};

struct UnrollWrite : OpRewritePattern<vector::TransferWriteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferWriteOp op,
                                PatternRewriter &rewriter) const override {
    if (!isRowWise(op))
      return rewriter.notifyMatchFailure(op, "not a row-wise write to memory");
    auto loc = op.getLoc();
    AffineMap map = op.getPermutationMap();
    for (auto &position :
         positionsOf(op.getVectorType().getShape().drop_back(1))) {
      SmallVector<Value> at(op.getIndices());
      for (auto [i, p] : llvm::enumerate(position)) {
        Value &index = at[map.getDimPosition(i)];
        index = offsetIndex(rewriter, loc, index, p);
      }
      Value part = op.getVector();
      if (!position.empty())
        part = vector::ExtractOp::create(rewriter, loc, part, position);
      vector::StoreOp::create(rewriter, loc, part, op.getBase(), at);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct UnrollElementwise : RewritePattern {
  UnrollElementwise(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1 ||
        op->getNumOperands() == 0)
      return rewriter.notifyMatchFailure(op, "not elementwise");
    auto type = dyn_cast<VectorType>(op->getResult(0).getType());
    if (!type || type.getRank() < 2)
      return rewriter.notifyMatchFailure(op, "fits a register");
    auto loc = op->getLoc();
    auto partType =
        VectorType::get(type.getShape().take_back(), type.getElementType());
    SmallVector<Value> parts;
    for (auto &position : positionsOf(type.getShape().drop_back(1))) {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(
            isa<VectorType>(operand.getType())
                ? vector::ExtractOp::create(rewriter, loc, operand, position)
                      .getResult()
                : operand);
      Operation *part = rewriter.create(loc, op->getName().getIdentifier(),
                                        operands, {partType}, op->getAttrs());
      parts.push_back(part->getResult(0));
    }
    rewriter.replaceOp(op, assembleVector(rewriter, loc, type, parts));
    return success();
  }
};

/// Loop-carried n-D vectors become one value for each register.
struct SplitLoop : OpRewritePattern<scf::ForOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool isSplit(Type type) {
    auto vector = dyn_cast<VectorType>(type);
    return vector && vector.getRank() > 1;
  }

  static void explode(OpBuilder &builder, Location loc, Value value,
                      SmallVectorImpl<Value> &parts) {
    if (!isSplit(value.getType())) {
      parts.push_back(value);
      return;
    }
    auto shape = cast<VectorType>(value.getType()).getShape();
    for (auto &position : positionsOf(shape.drop_back(1)))
      parts.push_back(vector::ExtractOp::create(builder, loc, value, position));
  }

  static SmallVector<Value> implode(OpBuilder &builder, Location loc,
                                    TypeRange types, ValueRange parts) {
    SmallVector<Value> values;
    for (Type type : types) {
      size_t count = 1;
      if (isSplit(type)) {
        auto vector = cast<VectorType>(type);
        count = vector.getNumElements() / vector.getShape().back();
        values.push_back(assembleVector(
            builder, loc, vector, llvm::to_vector(parts.take_front(count))));
      } else {
        values.push_back(parts.front());
      }
      parts = parts.drop_front(count);
    }
    return values;
  }

  LogicalResult matchAndRewrite(scf::ForOp op,
                                PatternRewriter &rewriter) const override {
    auto types = op.getInitArgs().getTypes();
    if (llvm::none_of(types, isSplit))
      return rewriter.notifyMatchFailure(op, "carries no n-D vector");
    auto loc = op.getLoc();
    SmallVector<Value> inits;
    for (Value init : op.getInitArgs())
      explode(rewriter, loc, init, inits);
    auto loop = scf::ForOp::create(rewriter, loc, op.getLowerBound(),
                                   op.getUpperBound(), op.getStep(), inits);
    if (!loop.getBody()->empty())
      rewriter.eraseOp(loop.getBody()->getTerminator());
    rewriter.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> arguments{loop.getInductionVar()};
    llvm::append_range(arguments,
                       implode(rewriter, loc, types, loop.getRegionIterArgs()));
    auto yield = cast<scf::YieldOp>(op.getBody()->getTerminator());
    rewriter.mergeBlocks(op.getBody(), loop.getBody(), arguments);
    rewriter.setInsertionPoint(yield);
    SmallVector<Value> yielded;
    for (Value value : yield.getOperands())
      explode(rewriter, loc, value, yielded);
    rewriter.replaceOpWithNewOp<scf::YieldOp>(yield, yielded);
    rewriter.setInsertionPointAfter(loop);
    rewriter.replaceOp(op, implode(rewriter, loc, types, loop.getResults()));
    return success();
  }
};

struct UnrollVectorsPass : octet::impl::UnrollVectorsBase<UnrollVectorsPass> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    set.add<UnrollRead, UnrollWrite, UnrollElementwise, SplitLoop>(context);
    populateCanonicalization(set);
    vector::populateSinkVectorOpsPatterns(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    if (failed(applyPatternsGreedily(getOperation(), patterns)))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
    // Twice: what leaves an inner loop may leave the outer one too.
    for (int i = 0; i < 2; ++i)
      getOperation().walk([](scf::ForOp loop) { moveLoopInvariantCode(loop); });
  }

private:
  FrozenRewritePatternSet patterns;
};

} // namespace
