//===- VectorizeKernels.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Hoisting.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "octet/Codegen/Passes.h"
#include "octet/Codegen/VectorUtils.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using lowering::blockedAttr;

namespace octet {
#define GEN_PASS_DEF_VECTORIZEKERNELS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// Beyond this many elements an operation was not tiled, and vectors of its
/// size would take minutes to compile.
constexpr int64_t largestTile = 16384;

struct Patterns {
  FrozenRewritePatternSet canonical, vectors;
};

class Vectorizer {
public:
  Vectorizer(func::FuncOp kernel, const Patterns &patterns,
             Pass::Statistic &counter)
      : kernel(kernel), rewriter(kernel.getContext()), patterns(patterns),
        counter(counter) {}

  LogicalResult run() {
    simplify(patterns.canonical);
    dropUnitWindows();
    makeStridesExplicit();
    simplify(patterns.canonical);
    SmallVector<linalg::LinalgOp> ops;
    kernel.walk([&](linalg::LinalgOp op) {
      if (!staysLoops(op))
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      int64_t volume = 1;
      for (int64_t range : op.getStaticLoopRanges())
        volume *= range;
      if (volume > largestTile)
        return op.emitError("tile of ") << volume << " elements is too large";
      rewriter.setInsertionPoint(op);
      auto vectors = linalg::vectorize(rewriter, op);
      if (failed(vectors))
        return op.emitError("cannot be vectorized");
      rewriter.replaceOp(op, vectors->replacements);
      ++counter;
    }
    simplify(patterns.vectors);
    hoistAccumulators();
    simplify(patterns.vectors);
    return success();
  }

private:
  /// True for what packs operands or looks up results beside the tiles.
  static bool staysLoops(linalg::LinalgOp op) {
    return isa<linalg::CopyOp, linalg::TransposeOp>(op) ||
           !op.getBlock()->getOps<tensor::ExtractOp>().empty();
  }

  void simplify(const FrozenRewritePatternSet &set) {
    (void)applyPatternsGreedily(kernel, set);
    DominanceInfo dominance(kernel);
    eliminateCommonSubExpressions(rewriter, dominance, kernel);
  }

  /// Reductions of size one that sit in a window expression (out · stride + k)
  /// go away, so that the expression becomes out · stride.
  void dropUnitWindows() {
    SmallVector<linalg::GenericOp> ops;
    kernel.walk([&](linalg::GenericOp op) {
      if (op.getNumReductionLoops() > 0)
        ops.push_back(op);
    });
    linalg::ControlDropUnitDims control;
    control.rankReductionStrategy =
        linalg::ControlDropUnitDims::RankReductionStrategy::ExtractInsertSlice;
    control.controlFn = [](Operation *op) {
      auto generic = cast<linalg::GenericOp>(op);
      auto ranges = generic.getStaticLoopRanges();
      auto iterators = generic.getIteratorTypesArray();
      SmallVector<unsigned> dims;
      for (unsigned dim = 0; dim < generic.getNumLoops(); ++dim) {
        bool inWindow =
            llvm::any_of(generic.getIndexingMapsArray(), [&](AffineMap map) {
              return llvm::any_of(map.getResults(), [&](AffineExpr expr) {
                return !isa<AffineDimExpr>(expr) && expr.isFunctionOfDim(dim);
              });
            });
        if (inWindow && ranges[dim] == 1 &&
            iterators[dim] == utils::IteratorType::reduction)
          dims.push_back(dim);
      }
      return dims;
    };
    for (linalg::GenericOp op : ops) {
      rewriter.setInsertionPoint(op);
      auto dropped = linalg::dropUnitDims(rewriter, op, control);
      if (succeeded(dropped))
        rewriter.replaceOp(op, dropped->replacements);
    }
  }

  /// Operands read at out · stride become strided slices read at out: the
  /// vectorizer takes projected permutations only.
  void makeStridesExplicit() {
    SmallVector<linalg::GenericOp> ops;
    kernel.walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops) {
      auto maps = op.getIndexingMapsArray();
      auto ranges = op.getStaticLoopRanges();
      bool changed = false;
      for (OpOperand *operand : op.getDpsInputOperands()) {
        AffineMap &map = maps[operand->getOperandNumber()];
        auto type = dyn_cast<RankedTensorType>(operand->get().getType());
        if (!type || map.isProjectedPermutation())
          continue;
        SmallVector<AffineExpr> exprs(map.getResults());
        SmallVector<int64_t> sizes(type.getShape()), strides(exprs.size(), 1);
        for (auto [i, expr] : llvm::enumerate(exprs)) {
          auto product = dyn_cast<AffineBinaryOpExpr>(expr);
          if (!product || product.getKind() != AffineExprKind::Mul)
            continue;
          auto dim = dyn_cast<AffineDimExpr>(product.getLHS());
          auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
          if (!dim || !factor)
            continue;
          strides[i] = factor.getValue();
          sizes[i] = ranges[dim.getPosition()];
          exprs[i] = dim;
        }
        auto *context = kernel.getContext();
        rewriter.setInsertionPoint(op);
        Value slice = tensor::ExtractSliceOp::create(
            rewriter, op.getLoc(), operand->get(),
            SmallVector<OpFoldResult>(sizes.size(), rewriter.getIndexAttr(0)),
            getAsIndexOpFoldResult(context, sizes),
            getAsIndexOpFoldResult(context, strides));
        rewriter.modifyOpInPlace(op, [&] { operand->set(slice); });
        map = AffineMap::get(map.getNumDims(), 0, exprs, context);
        changed = true;
      }
      if (changed)
        rewriter.modifyOpInPlace(op, [&] {
          op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
        });
    }
  }

  /// Reads before and writes after the reduction loops, innermost first: the
  /// accumulators then are loop-carried vectors.
  void hoistAccumulators() {
    SmallVector<LoopLikeOpInterface> loops;
    kernel.walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (LoopLikeOpInterface loop : loops) {
      LoopLikeOpInterface hoisted = hoistLoopInvariantSubsets(rewriter, loop);
      (void)moveLoopInvariantCode(hoisted);
    }
  }

  func::FuncOp kernel;
  IRRewriter rewriter;
  const Patterns &patterns;
  Pass::Statistic &counter;
};

struct VectorizeKernelsPass
    : octet::impl::VectorizeKernelsBase<VectorizeKernelsPass> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet canonical(context), vectors(context);
    populateCanonicalization(canonical);
    populateCanonicalization(vectors);
    // Before the canonicalizer, which makes the sum of a single product an
    // addition that no longer says it may be fused.
    vector::populateVectorReductionToContractPatterns(vectors, /*benefit=*/2);
    vector::populateVectorTransferPermutationMapLoweringPatterns(vectors);
    vector::populateSinkVectorOpsPatterns(vectors);
    tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(vectors);
    patterns = {std::move(canonical), std::move(vectors)};
    return success();
  }

  void runOnOperation() override {
    bool blocked = false;
    getOperation().walk(
        [&](linalg::LinalgOp op) { blocked |= op->hasAttr(blockedAttr); });
    if (blocked &&
        failed(Vectorizer(getOperation(), patterns, numVectorized).run()))
      signalPassFailure();
  }

private:
  Patterns patterns;
};

} // namespace
