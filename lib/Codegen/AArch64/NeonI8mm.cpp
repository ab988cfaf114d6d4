//===- NeonI8mm.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArmIsa.h"
#include "PairedInputs.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "octet/Codegen/VectorUtils.h"
#include <map>

using namespace mlir;
using namespace octet;

namespace {

/// usmmla adds the product of a 2 x 8 matrix of unsigned bytes and the
/// transpose of a 2 x 8 matrix of signed bytes to a 2 x 2 tile of i32, row by
/// row. Rows are output positions, taken in pairs; columns are lanes.
///
/// Between the loops' first step and their last, accumulators stay tiles:
/// [pairs, blocks, lanes / 2, 4]. A last row without a partner is paired with
/// itself, and the tiles' second row is not used.
class MatrixMultiply {
public:
  MatrixMultiply(RewriterBase &rewriter, const LaneContraction &contraction,
                 const PairedInputs &pairedInputs)
      : rewriter(rewriter), c(contraction), pairedInputs(pairedInputs),
        loc(c.op->getLoc()), grid(contraction) {
    tileType = VectorType::get(4, rewriter.getI32Type());
    carriedType = VectorType::get(
        {(int64_t)grid.pairs(), (int64_t)numBlocks(), c.lanes / 2, 4},
        rewriter.getI32Type());
  }

  void rewrite() {
    // The loops that carry the accumulators around, innermost first.
    SmallVector<std::pair<scf::ForOp, unsigned>> loops;
    Value start = c.op.getAcc(), end = c.op.getResult();
    while (auto argument = dyn_cast<BlockArgument>(start)) {
      auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
      if (!loop || argument.getArgNumber() == 0 || !argument.hasOneUse() ||
          !end.hasOneUse())
        break;
      unsigned index = argument.getArgNumber() - 1;
      OpOperand &use = *end.use_begin();
      if (!isa<scf::YieldOp>(use.getOwner()) ||
          use.getOwner()->getParentOp() != loop ||
          use.getOperandNumber() != index)
        break;
      loops.push_back({loop, index});
      start = loop.getInitArgs()[index];
      end = loop.getResult(index);
    }
    Operation *outermost = loops.empty() ? c.op : loops.back().first;
    rewriter.setInsertionPoint(outermost);
    Value tiles = toTiles(start);
    auto untiledType = cast<VectorType>(end.getType());

    rewriter.setInsertionPoint(c.op);
    Value inner =
        loops.empty()
            ? tiles
            : Value(loops.front().first.getRegionIterArg(loops.front().second));
    for (auto [loop, index] : loops) {
      loop.getRegionIterArg(index).setType(carriedType);
      loop.getResult(index).setType(carriedType);
    }
    if (!loops.empty()) {
      auto [loop, index] = loops.back();
      loop.getInitArgsMutable()[index].assign(tiles);
    }
    Value product = multiply(inner);
    if (loops.empty()) {
      rewriter.replaceOp(c.op, fromTiles(product, untiledType));
      return;
    }
    rewriter.replaceAllUsesWith(c.op.getResult(), product);
    rewriter.eraseOp(c.op);
    rewriter.setInsertionPointAfter(outermost);
    SmallPtrSet<Operation *, 16> made;
    Value untiled = fromTiles(end, untiledType, &made);
    rewriter.replaceUsesWithIf(end, untiled, [&](OpOperand &use) {
      return !made.contains(use.getOwner());
    });
  }

private:
  size_t numBlocks() const { return grid.blocks.size(); }

  SmallVector<int64_t> accumulatorAt(unsigned row, unsigned block) const {
    SmallVector<int64_t> at;
    for (auto [r, b] : llvm::zip(grid.rows[row], grid.blocks[block]))
      at.push_back(r + b);
    return at;
  }

  /// [positions..., blocks..., lanes] -> [pairs, blocks, lanes / 2, 4].
  Value toTiles(Value accumulators) {
    SmallVector<Value> parts;
    for (unsigned pair = 0; pair < grid.pairs(); ++pair)
      for (unsigned block = 0; block < numBlocks(); ++block) {
        Value values[2];
        for (auto [row, value] : llvm::zip(grid.rowsOf(pair), values))
          value = vector::ExtractOp::create(rewriter, loc, accumulators,
                                            accumulatorAt(row, block));
        for (int64_t lane = 0; lane < c.lanes; lane += 2)
          parts.push_back(vector::ShuffleOp::create(
              rewriter, loc, values[0], values[1],
              ArrayRef<int64_t>{lane, lane + 1, c.lanes + lane,
                                c.lanes + lane + 1}));
      }
    return assembleVector(rewriter, loc, carriedType, parts);
  }

  /// The inverse of toTiles.
  Value fromTiles(Value tiles, VectorType type,
                  SmallPtrSetImpl<Operation *> *extracts = nullptr) {
    std::map<std::vector<int64_t>, Value> values;
    auto tileAt = [&](int64_t pair, int64_t block, int64_t tile) -> Value {
      auto op = vector::ExtractOp::create(rewriter, loc, tiles,
                                          ArrayRef<int64_t>{pair, block, tile});
      if (extracts)
        extracts->insert(op);
      return op;
    };
    for (unsigned row = 0; row < grid.rows.size(); ++row)
      for (unsigned block = 0; block < numBlocks(); ++block) {
        int64_t half = row % 2 ? 2 : 0;
        Value all =
            arith::ConstantOp::create(rewriter, loc,
                                      rewriter.getZeroAttr(VectorType::get(
                                          c.lanes, rewriter.getI32Type())));
        for (int64_t tile = 0; tile < c.lanes / 2; tile += 2) {
          Value four = vector::ShuffleOp::create(
              rewriter, loc, tileAt(row / 2, block, tile),
              tileAt(row / 2, block, tile + 1),
              ArrayRef<int64_t>{half, half + 1, 4 + half, 5 + half});
          all = vector::InsertStridedSliceOp::create(
              rewriter, loc, four, all, ArrayRef<int64_t>{2 * tile},
              ArrayRef<int64_t>{1});
        }
        auto at = accumulatorAt(row, block);
        values[std::vector<int64_t>(at.begin(), at.end())] = all;
      }
    SmallVector<Value> parts;
    for (auto &position : positionsOf(type.getShape().drop_back()))
      parts.push_back(
          values[std::vector<int64_t>(position.begin(), position.end())]);
    return assembleVector(rewriter, loc, type, parts);
  }

  /// tiles + left · right.
  Value multiply(Value tiles) {
    auto bounds = c.bounds();
    auto group = c.groupDim();
    int64_t groups = group ? bounds[*group] : 1;
    auto fullPosition = [&](ArrayRef<int64_t> at) {
      SmallVector<int64_t> full(bounds.size(), 0);
      for (auto [i, index] : llvm::enumerate(at))
        full[c.accMap.getDimPosition(i)] = index;
      return full;
    };
    SmallVector<Value> accumulators;
    for (auto &position : positionsOf(carriedType.getShape().drop_back()))
      accumulators.push_back(
          vector::ExtractOp::create(rewriter, loc, tiles, position));
    for (int64_t g = 0; g < groups; ++g) {
      SmallVector<Value> lefts;
      for (unsigned pair = 0; pair < grid.pairs(); ++pair)
        lefts.push_back(left(pair, g, fullPosition));
      for (unsigned block = 0; block < numBlocks(); ++block) {
        auto full = fullPosition(grid.blocks[block]);
        if (group)
          full[*group] = g;
        Value filter = extractBlock(rewriter, loc, c, full);
        for (int64_t tile = 0; tile < c.lanes / 2; ++tile) {
          Value right = sliceVector(rewriter, loc, filter, tile * 16, 16);
          for (unsigned pair = 0; pair < grid.pairs(); ++pair) {
            Value &accumulator =
                accumulators[(pair * numBlocks() + block) * (c.lanes / 2) +
                             tile];
            accumulator = callIntrinsic(
                rewriter, loc, "llvm.aarch64.neon.usmmla.v4i32.v16i8", tileType,
                {accumulator, lefts[pair], right});
          }
        }
      }
    }
    return assembleVector(rewriter, loc, carriedType, accumulators);
  }

  /// The inputs of both rows of a pair, 8 each, in group `g`.
  Value left(unsigned pair, int64_t g,
             llvm::function_ref<SmallVector<int64_t>(ArrayRef<int64_t>)>
                 fullPosition) {
    auto [first, second] = grid.rowsOf(pair);
    auto position = fullPosition(grid.rows[first]);
    if (pairedInputs.contains(c))
      return pairedInputs.load(rewriter, loc, c, position);
    Value rows[] = {
        extractRow(rewriter, loc, c, position),
        extractRow(rewriter, loc, c, fullPosition(grid.rows[second]))};
    int64_t size = cast<VectorType>(rows[0].getType()).getDimSize(0);
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < 16; ++i)
      order.push_back(g * 8 + i % 8 + (i < 8 ? 0 : size));
    return vector::ShuffleOp::create(rewriter, loc, rows[0], rows[1], order);
  }

  RewriterBase &rewriter;
  LaneContraction c;
  const PairedInputs &pairedInputs;
  Location loc;
  AccumulatorGrid grid;
  VectorType tileType, carriedType;
};

} // namespace

void octet::rewriteMatrixMultiplies(Operation *function,
                                    Pass::Statistic &counter) {
  SmallVector<LaneContraction> contractions;
  function->walk([&](vector::ContractionOp op) {
    auto contraction = matchLaneContraction(op);
    if (!contraction || contraction->pack != 8 || contraction->signedLeft ||
        contraction->lanes % 4 != 0)
      return;
    // Every reduction but the group and the packed one has one step.
    auto bounds = contraction->bounds();
    unsigned packed = contraction->leftMap.getDimPosition(
        contraction->leftMap.getNumResults() - 1);
    for (auto [i, size] : llvm::enumerate(bounds))
      if (vector::isReductionIterator(op.getIteratorTypes()[i]) && size != 1 &&
          i != packed && i != contraction->groupDim())
        return;
    contractions.push_back(*contraction);
  });
  PairedInputs pairedInputs(contractions);
  IRRewriter rewriter(function->getContext());
  for (const LaneContraction &contraction : contractions) {
    MatrixMultiply(rewriter, contraction, pairedInputs).rewrite();
    ++counter;
  }
}
