//===- AttentionBlocks.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention for blocks of queries, which are the lanes of vectors throughout:
// queries are transposed when a block begins and its result when it ends, keys
// and values are read where they lie, and nothing goes from lane to lane.
//
//===----------------------------------------------------------------------===//

#include "AttentionBlocks.h"
#include "ConvLowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

namespace {

/// Most queries of a block: what belongs to them stays in a small cache.
constexpr int64_t mostRows = 64;
/// Of heads that are wider than this, query and result together, half as many.
constexpr int64_t wideHead = 160;
/// Accumulators of one vector of queries that are worth being in registers.
constexpr int64_t mostColumns = 12;

class Blocks : attention::BlockCode {
public:
  Blocks(OpBuilder &builder, Location loc, const attention::Form &form,
         int64_t lanes, int64_t registers)
      : BlockCode(builder, loc, form), query(form.query) {
    // Heads that share keys are further rows where a head has few.
    int64_t sharing = form.heads / form.keyHeads;
    bool isUniform =
        !form.mask || (form.maskSize(1) == 1 && form.maskSize(2) == 1);
    merged = form.queries < lanes && sharing > 1 && isUniform;
    heads = merged ? form.keyHeads : form.heads;
    rows = merged ? sharing * form.queries : form.queries;
    vectorLanes = std::min<int64_t>(
        lanes, std::max<int64_t>(4, llvm::PowerOf2Ceil(rows)));
    chooseRows();
    vectors = registers >= 24 ? 4 : registers >= 10 ? 2 : 1;
    while (blockRows / vectorLanes % vectors != 0)
      vectors /= 2;
    columns = vectors == 1 ? registers : registers / vectors - 1;
    columns = std::min(columns, mostColumns);
  }

  Value run(Value destination) {
    if (merged)
      query = mergeHeads(query);
    Value into = merged ? mergeHeads(destination) : destination;
    int64_t blocks = llvm::divideCeil(rows, blockRows);
    Value result =
        repeat(b, b.getLoc(), {form.batch, heads, blocks}, into,
               [&](OpBuilder &, ArrayRef<OpFoldResult> at, Value carried) {
                 return computeBlock(at[0], at[1], at[2], carried);
               });
    if (!merged)
      return result;
    result = tensor::ExpandShapeOp::create(
        b,
        RankedTensorType::get({form.batch, form.keyHeads, rows / form.queries,
                               form.queries, form.width},
                              b.getF32Type()),
        result, SmallVector<ReassociationIndices>{{0}, {1}, {2, 3}, {4}});
    return tensor::CollapseShapeOp::create(
        b, destination.getType(), result,
        SmallVector<ReassociationIndices>{{0}, {1, 2}, {3}, {4}});
  }

private:
  /// As few rows beyond the last query as there may be, in large blocks.
  void chooseRows() {
    int64_t most = form.depth + form.width > wideHead ? mostRows / 2 : mostRows;
    if (rows <= most) {
      blockRows = llvm::alignTo(rows, vectorLanes);
      return;
    }
    blockRows = most;
    for (int64_t size = most; 2 * size >= most; size -= vectorLanes)
      if (llvm::alignTo(rows, size) < llvm::alignTo(rows, blockRows))
        blockRows = size;
  }

  /// [B, H, S, N] as [B, G, H / G · S, N].
  Value mergeHeads(Value value) {
    auto shape = typeOf(value).getShape();
    Shape split{shape[0], form.keyHeads, shape[1] / form.keyHeads, shape[2],
                shape[3]};
    value = tensor::ExpandShapeOp::create(
        b, RankedTensorType::get(split, b.getF32Type()), value,
        SmallVector<ReassociationIndices>{{0}, {1, 2}, {3}, {4}});
    return tensor::CollapseShapeOp::create(
        b,
        RankedTensorType::get({shape[0], form.keyHeads, rows, shape[3]},
                              b.getF32Type()),
        value, SmallVector<ReassociationIndices>{{0}, {1}, {2, 3}, {4}});
  }

  //===--------------------------------------------------------------------===//
  // A block
  //===--------------------------------------------------------------------===//

  Value computeBlock(OpFoldResult sample, OpFoldResult head, OpFoldResult block,
                     Value into) {
    OpFoldResult keyHead = affine::makeComposedFoldedAffineApply(
        b, b.getLoc(), b.getAffineDimExpr(0).floorDiv(heads / form.keyHeads),
        {head});
    key = matrixAt(form.key, sample, keyHead);
    value = matrixAt(form.value, sample, keyHead);
    if (form.mask) {
      OpFoldResult zero = b.getIndexAttr(0);
      mask = matrixAt(form.mask, form.maskSize(0) == 1 ? zero : sample,
                      form.maskSize(1) == 1 ? zero : head);
    }
    // The last block begins early enough to be a whole one.
    int64_t seen = std::min(rows, blockRows);
    AffineExpr place = b.getAffineDimExpr(0) * blockRows;
    OpFoldResult begin =
        affine::makeComposedFoldedAffineApply(b, b.getLoc(), place, {block});
    OpFoldResult from = affine::makeComposedFoldedAffineMin(
        b, b.getLoc(),
        AffineMap::get(1, 0, {place, b.getAffineConstantExpr(rows - seen)},
                       b.getContext()),
        {block});
    first = getValueOrCreateConstantIndexOp(b, b.getLoc(), from);
    Value part = tensor::ExtractSliceOp::create(
        b, RankedTensorType::get({seen, form.depth}, b.getF32Type()), query,
        Offsets{sample, head, from, b.getIndexAttr(0)},
        indices({1, 1, seen, form.depth}), indices({1, 1, 1, 1}));
    lanesOfQuery = transposed(part, {form.depth, blockRows});

    State state{filled(-std::numeric_limits<float>::infinity(), {blockRows}),
                filled(0.0f, {blockRows}),
                filled(0.0f, {form.width, blockRows})};
    int64_t whole = form.keys / attention::tileKeys * attention::tileKeys;
    if (whole > 0)
      state = State::of(loop(
          index(0), tileEnd(whole), attention::tileKeys, state.list(),
          [&](Value at, ValueRange carried) {
            return addTile(State::of(carried), at, attention::tileKeys).list();
          }));
    if (whole < form.keys)
      state = addTile(state, index(whole), form.keys - whole);
    return store(divide(state), sample, head, begin, from, into);
  }

  /// Where tiles end that a query of the block may see, of `whole` keys.
  Value tileEnd(int64_t whole) {
    if (!form.causal)
      return index(whole);
    // One more than the last query sees.
    Value end = merged ? index(form.queries + *form.causal)
                       : add(first, index(blockRows + *form.causal));
    end = arith::MaxSIOp::create(b, end, index(0));
    return arith::MinSIOp::create(b, end, index(whole));
  }

  Value divide(State state) {
    return loop(form.width, 1, state.result,
                [&](Value e, ValueRange outer) {
                  return loop(blockRows, vectorLanes, outer,
                              [&](Value row, ValueRange now) -> Values {
                                Value x = arith::DivFOp::create(
                                    b, read(now[0], {e, row}),
                                    read(state.sum, row));
                                x = arith::AddFOp::create(b, x, splat(0.0f));
                                return {write(x, now[0], {e, row})};
                              });
                })
        .front();
  }

  /// Puts `result`'s queries, from the block's `begin` on, into their place.
  Value store(Value result, OpFoldResult sample, OpFoldResult head,
              OpFoldResult begin, OpFoldResult from, Value into) {
    int64_t seen = std::min(rows, blockRows);
    Offsets at{sample, head, begin, b.getIndexAttr(0)},
        ones = indices({1, 1, 1, 1});
    if (rows % seen == 0) {
      auto sizes = indices({1, 1, seen, form.width});
      Value source = tensor::ExtractSliceOp::create(b, result, indices({0, 0}),
                                                    indices({form.width, seen}),
                                                    indices({1, 1}));
      Value target = tensor::ExtractSliceOp::create(
          b, RankedTensorType::get({seen, form.width}, b.getF32Type()), into,
          at, sizes, ones);
      target = linalg::TransposeOp::create(b, b.getLoc(), source, target,
                                           ArrayRef<int64_t>{1, 0})
                   .getResult()[0];
      return tensor::InsertSliceOp::create(b, target, into, at, sizes, ones);
    }
    // What the block before it computes is left to that one.
    Value own = transposed(result, {blockRows, form.width});
    AffineExpr x, y;
    bindDims(b.getContext(), x, y);
    OpFoldResult behind = affine::makeComposedFoldedAffineApply(
        b, b.getLoc(), x - y, {begin, from});
    OpFoldResult count = affine::makeComposedFoldedAffineApply(
        b, b.getLoc(), y - x + blockRows, {begin, from});
    Value part = tensor::ExtractSliceOp::create(
        b, own, Offsets{behind, b.getIndexAttr(0)},
        Offsets{count, b.getIndexAttr(form.width)}, indices({1, 1}));
    return tensor::InsertSliceOp::create(b, part, into, at,
                                         Offsets{b.getIndexAttr(1),
                                                 b.getIndexAttr(1), count,
                                                 b.getIndexAttr(form.width)},
                                         ones);
  }

  Value query;
};

} // namespace

Value attention::lowerBlocked(OpBuilder &builder, Location loc,
                              const Form &form, Value destination,
                              int64_t lanes, int64_t registers) {
  return Blocks(builder, loc, form, lanes, registers).run(destination);
}
