//===- TileAndFuse.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using lowering::blockedAttr;

namespace octet {
#define GEN_PASS_DEF_TILEANDFUSE
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// Sizes of a register tile: rows and columns of positions, blocks of lanes.
struct RegisterTile {
  int64_t rows = 1, columns = 1, blocks = 1;
  int64_t accumulators() const { return rows * columns * blocks; }
};

/// How a tile reads its filter.
struct FilterUse {
  /// Each block lies in memory of its own.
  bool separateBlocks;
  /// Its registers are kept beside the accumulators, for all positions.
  bool inRegisters;
};

/// Blocks that are read at once where each value is used once: a prefetcher
/// follows no more of them.
constexpr int64_t mostStreams = 8;

/// What the code of a remainder costs beside its arithmetic: it has to be
/// brought in, and its branches are seldom foretold. In 8 bits, where tiles
/// take a quarter of the time, it shows.
constexpr double integerRemainderCost = 0.01;

/// The tile of an output [height, width, blocks, lanes] that costs least: each
/// step along a reduction issues `parts` dots for each accumulator, one load
/// for each position and `parts` for each block; fewer than about 12 dots leave
/// the units waiting for their own results. What is kept in registers beside
/// the accumulators fits, too: three more than `registers`. Positions count in
/// groups of `rows` that one dot computes. Remainders run as tiles of their
/// own; each kind of them costs the share `remainderCost` of all.
RegisterTile chooseTile(int64_t height, int64_t width, int64_t blocks,
                        int64_t registers, int64_t parts, int64_t rows,
                        double dotCost, double splatCost, double loadCost,
                        double remainderCost, const FilterUse &filter) {
  constexpr double latencyBound = 12.0, loopCost = 1.0;
  auto stepCost = [&](int64_t positions, int64_t b) {
    if (positions == 0 || b == 0)
      return 0.0;
    positions = llvm::alignTo(positions, rows);
    double dots = dotCost * positions * b * parts;
    return std::max(dots, latencyBound) + splatCost * positions +
           loadCost * b * parts + loopCost;
  };
  RegisterTile best;
  double bestCost = std::numeric_limits<double>::infinity();
  int64_t mostBlocks = std::min(blocks, registers / rows);
  if (filter.separateBlocks && height * width == 1)
    mostBlocks = std::min(mostBlocks, mostStreams);
  for (int64_t b = 1; b <= mostBlocks; ++b)
    for (int64_t columns = 1; columns <= std::min(width, registers / b);
         ++columns)
      for (int64_t lines = 1; lines <= (columns == width ? height : 1);
           ++lines) {
        int64_t positions = llvm::alignTo(lines * columns, rows);
        if (positions * b > registers || (filter.inRegisters && positions > 1 &&
                                          positions * b + b > registers + 3))
          break;
        // Every combination of full tiles and remainders of the dimensions.
        double cost = 0.0;
        unsigned pieces = 0;
        for (auto [nLines, r] :
             {std::pair(height / lines, lines),
              std::pair<int64_t, int64_t>(1, height % lines)})
          for (auto [nColumns, c] :
               {std::pair(width / columns, columns),
                std::pair<int64_t, int64_t>(1, width % columns)})
            for (auto [nBlocks, bl] :
                 {std::pair(blocks / b, b),
                  std::pair<int64_t, int64_t>(1, blocks % b)}) {
              cost += nLines * nColumns * nBlocks * stepCost(r * c, bl);
              pieces += r * c * bl != 0;
            }
        cost *= 1.0 + remainderCost * (pieces - 1);
        if (cost < bestCost) {
          bestCost = cost;
          best = {lines, columns, b};
        }
      }
  return best;
}

class KernelTiler {
public:
  KernelTiler(func::FuncOp kernel, const TileAndFuseOptions &options,
              Pass::Statistic &numTiled)
      : kernel(kernel), rewriter(kernel.getContext()), options(options),
        numTiled(numTiled) {}

  LogicalResult run() {
    interchangePools();
    SmallVector<linalg::LinalgOp> contractions = findBlocked();
    if (contractions.empty())
      return tileReference();
    for (linalg::LinalgOp contraction : contractions)
      if (failed(tileBlocked(contraction)))
        return failure();
    // The tiles of one result, and nothing else writes it.
    if (contractions.size() == 1)
      kernel->setAttr(disjointTilesAttr, rewriter.getUnitAttr());
    return tileReductions();
  }

private:
  SmallVector<linalg::LinalgOp> findBlocked() {
    SmallVector<linalg::LinalgOp> found;
    kernel.walk([&](linalg::LinalgOp op) {
      if (op->hasAttr(blockedAttr))
        found.push_back(op);
    });
    return found;
  }

  /// Puts the last parallel dimension innermost where every operand that uses
  /// it is contiguous along it. The order of each sum stays the same.
  void interchangePools() {
    SmallVector<linalg::GenericOp> candidates;
    kernel.walk([&](linalg::GenericOp op) {
      if (op.getNumReductionLoops() > 0 && !op->hasAttr(blockedAttr))
        candidates.push_back(op);
    });
    for (linalg::GenericOp op : candidates) {
      unsigned dim = op.getNumParallelLoops();
      if (dim-- == 0)
        continue;
      bool contiguous =
          llvm::all_of(op.getIndexingMapsArray(), [&](AffineMap m) {
            for (AffineExpr expr :
                 m.getResults().drop_back(m.getNumResults() ? 1 : 0))
              if (expr.isFunctionOfDim(dim))
                return false;
            return true;
          });
      if (!contiguous ||
          op.getIteratorTypesArray()[dim] != utils::IteratorType::parallel)
        continue;
      SmallVector<unsigned> order;
      for (unsigned i = 0; i < op.getNumLoops(); ++i)
        if (i != dim)
          order.push_back(i);
      order.push_back(dim);
      rewriter.setInsertionPoint(op);
      (void)linalg::interchangeGenericOp(rewriter, op, order);
    }
  }

  /// True if the values of a lane are a reduction of their own.
  static bool isPacked(linalg::LinalgOp contraction) {
    return contraction.getNumReductionLoops() == 4;
  }

  /// The operation that turns accumulators into results, or the contraction
  /// itself where there is none.
  static linalg::LinalgOp findRoot(linalg::LinalgOp contraction) {
    for (Operation *user : contraction->getUsers())
      if (auto consumer = dyn_cast<linalg::LinalgOp>(user))
        return consumer;
    return contraction;
  }

  LogicalResult tileAndFuse(Operation *root, ArrayRef<int64_t> sizes,
                            ArrayRef<int64_t> interchange) {
    scf::SCFTileAndFuseOptions fusing;
    fusing.tilingOptions.setTileSizes(
        getAsIndexOpFoldResult(kernel.getContext(), sizes));
    // Tiles do not depend on each other; loops that say so can be shared.
    fusing.tilingOptions.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
    if (!interchange.empty())
      fusing.tilingOptions.setInterchange(interchange);
    // Without these the slices that splitting leaves block fusion.
    RewritePatternSet cleanup(kernel.getContext());
    tensor::populateMergeConsecutiveInsertExtractSlicePatterns(cleanup);
    fusing.cleanupPatterns = FrozenRewritePatternSet(std::move(cleanup));
    rewriter.setInsertionPoint(root);
    auto tiled = scf::tileConsumerAndFuseProducersUsingSCF(
        rewriter, cast<TilingInterface>(root), fusing);
    if (failed(tiled))
      return root->emitError("cannot be tiled");
    for (OpResult result : root->getResults())
      if (Value replacement = tiled->replacements.lookup(result))
        rewriter.replaceAllUsesWith(result, replacement);
    rewriter.eraseOp(root);
    ++numTiled;
    return success();
  }

  LogicalResult tileReference() {
    // Roots whose accumulators would be a tensor of their own.
    SmallVector<linalg::LinalgOp> roots;
    kernel.walk([&](linalg::LinalgOp op) {
      if (op.getNumReductionLoops() > 0)
        return;
      for (OpOperand *input : op.getDpsInputOperands()) {
        auto producer = input->get().getDefiningOp<linalg::LinalgOp>();
        if (producer && producer.getNumReductionLoops() > 0 &&
            cast<ShapedType>(input->get().getType()).getShape() ==
                cast<ShapedType>(op->getResult(0).getType()).getShape()) {
          roots.push_back(op);
          return;
        }
      }
    });
    for (linalg::LinalgOp root : roots) {
      SmallVector<int64_t> sizes(root.getNumLoops(), 1);
      sizes.back() = 0;
      if (failed(tileAndFuse(root, sizes, {})))
        return failure();
    }
    return tileSums();
  }

  /// True if `op` and the constant that it begins with are all that the kernel
  /// computes: fusing more would compute it once for each tile.
  bool isAlone(linalg::LinalgOp op) {
    auto others = kernel.getBody().front().getOps<linalg::LinalgOp>();
    return llvm::all_of(others, [&](linalg::LinalgOp other) {
      return other == op || isa<linalg::FillOp>(other);
    });
  }

  /// Reductions that are results themselves begin where they go on: what they
  /// are filled with is fused.
  LogicalResult tileSums() {
    SmallVector<linalg::LinalgOp> sums;
    for (auto op : kernel.getBody().front().getOps<linalg::LinalgOp>())
      if (op.getNumReductionLoops() > 0 && isAlone(op))
        sums.push_back(op);
    for (linalg::LinalgOp op : sums) {
      SmallVector<int64_t> sizes;
      for (utils::IteratorType iterator : op.getIteratorTypesArray())
        sizes.push_back(linalg::isParallelIterator(iterator));
      // Neighbours in memory, as interchangePools has them.
      if (linalg::isParallelIterator(op.getIteratorTypesArray().back()))
        sizes.back() = 0;
      if (llvm::any_of(sizes, [](int64_t size) { return size != 0; }) &&
          failed(tileAndFuse(op, sizes, {})))
        return failure();
    }
    return success();
  }

  LogicalResult tileBlocked(linalg::LinalgOp contraction) {
    linalg::LinalgOp root = findRoot(contraction);
    auto shape =
        cast<ShapedType>(contraction->getResult(0).getType()).getShape();
    bool isFloat = getElementTypeOrSelf(contraction->getResult(0)).isF32();
    bool isDot = isPacked(contraction);
    AffineMap filterMap = contraction.getIndexingMapsArray()[1];
    RegisterTile tile = chooseTile(
        shape[0], shape[1], shape[2],
        isFloat && options.floatRegisters ? options.floatRegisters
                                          : options.registers,
        std::max<int64_t>(1, shape[3] / options.width),
        isDot ? options.rows : 1, isDot ? options.dotCost : 1.0,
        isDot ? options.splatCost : 0.35, isDot ? options.loadCost : 0.35,
        isFloat ? 0.0 : integerRemainderCost,
        FilterUse{filterMap.getResult(0) ==
                      getAffineDimExpr(2, kernel.getContext()),
                  isFloat});
    if (contraction.getNumReductionLoops() == 2) { // depthwise
      // 8 bits: neighbours share columns, and a block's filter fills registers.
      int64_t columns = isFloat || options.width == 4 ? 4
                        : options.width == 8          ? 4
                                                      : 8;
      // A little narrower costs less than the code of a remainder.
      for (int64_t c = columns; 2 * c > columns; --c)
        if (shape[1] % c == 0) {
          columns = c;
          break;
        }
      tile = {1, std::min(shape[1], columns),
              std::min<int64_t>(shape[2], isFloat ? 4 : 1)};
    }

    // Remainders are split off first, so that every tile has a static shape.
    SmallVector<Operation *> pieces{root};
    int64_t sizes[] = {tile.rows, tile.columns, tile.blocks};
    for (unsigned dim = 0; dim < 3; ++dim) {
      int64_t whole = shape[dim] / sizes[dim] * sizes[dim];
      if (whole == shape[dim])
        continue;
      SmallVector<Operation *> split;
      for (Operation *piece : pieces) {
        rewriter.setInsertionPoint(piece);
        auto [front, back] =
            linalg::splitOp(rewriter, cast<TilingInterface>(piece), dim,
                            rewriter.getIndexAttr(whole));
        split.append({front, back});
      }
      pieces = std::move(split);
    }
    for (Operation *piece : pieces) {
      auto ranges = cast<linalg::LinalgOp>(piece).getStaticLoopRanges();
      SmallVector<int64_t> pieceSizes(ranges.size(), 0);
      for (unsigned dim = 0; dim < 3; ++dim)
        pieceSizes[dim] = std::min(sizes[dim], ranges[dim]);
      // Blocks outermost: a tile's filter stays in the cache.
      SmallVector<int64_t> order{2, 0, 1};
      for (size_t i = 3; i < ranges.size(); ++i)
        order.push_back(i);
      if (failed(tileAndFuse(piece, pieceSizes, order)))
        return failure();
    }
    return success();
  }

  /// Steps of one along the window, of `step` channels where they divide the
  /// input's, and whole lanes.
  LogicalResult tileReductions() {
    SmallVector<linalg::GenericOp> contractions;
    kernel.walk([&](linalg::GenericOp op) {
      if (op->hasAttr(blockedAttr))
        contractions.push_back(op);
    });
    for (linalg::GenericOp op : contractions) {
      unsigned parallel = op.getNumParallelLoops();
      bool packed = isPacked(op);
      SmallVector<int64_t> sizes(op.getNumLoops(), 0);
      for (unsigned i = parallel; i < op.getNumLoops() - packed; ++i)
        sizes[i] = 1;
      if (packed) {
        auto ranges = op.getStaticLoopRanges();
        int64_t groups = ranges[ranges.size() - 2], pack = ranges.back();
        int64_t perStep = std::max<int64_t>(1, options.step / pack);
        if (groups % perStep == 0)
          sizes[sizes.size() - 2] = perStep;
      }
      scf::SCFTilingOptions tiling;
      tiling.setTileSizes(getAsIndexOpFoldResult(kernel.getContext(), sizes));
      rewriter.setInsertionPoint(op);
      auto tiled = scf::tileUsingSCF(
          rewriter, cast<TilingInterface>(op.getOperation()), tiling);
      if (failed(tiled))
        return op.emitError("reductions cannot be tiled");
      rewriter.replaceOp(op, tiled->replacements);
    }
    return success();
  }

  func::FuncOp kernel;
  IRRewriter rewriter;
  const TileAndFuseOptions &options;
  Pass::Statistic &numTiled;
};

struct TileAndFusePass : octet::impl::TileAndFuseBase<TileAndFusePass> {
  using TileAndFuseBase::TileAndFuseBase;
  void runOnOperation() override {
    if (!getOperation()->hasAttr(kernelAttr))
      return;
    TileAndFuseOptions options;
    options.registers = registers;
    options.floatRegisters = floatRegisters;
    options.dotCost = dotCost;
    options.splatCost = splatCost;
    options.loadCost = loadCost;
    options.width = width;
    options.step = step;
    options.rows = rows;
    if (failed(KernelTiler(getOperation(), options, numTiled).run()))
      signalPassFailure();
  }
};

} // namespace
