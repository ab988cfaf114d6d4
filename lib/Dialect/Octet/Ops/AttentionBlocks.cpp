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

#include "Attention.h"
#include "ConvLowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

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
/// Lanes in which the contract sums (QS-12).
constexpr int64_t sumLanes = 16;

class Blocks {
public:
  Blocks(OpBuilder &builder, Location loc, const attention::Form &form,
         int64_t lanes, int64_t registers)
      : b(loc, builder), form(form), query(form.query) {
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
  using Offsets = SmallVector<OpFoldResult>;
  using Values = SmallVector<Value>;

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
  // Helpers
  //===--------------------------------------------------------------------===//

  Offsets indices(ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(b.getContext(), values);
  }
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value add(Value x, int64_t y) { return y == 0 ? x : add(x, index(y)); }
  Value times(Value x, int64_t factor) {
    return arith::MulIOp::create(b, x, index(factor));
  }

  VectorType vectorType() {
    return VectorType::get(vectorLanes, b.getF32Type());
  }
  Value splat(float x) {
    return arith::ConstantOp::create(b,
                                     DenseElementsAttr::get(vectorType(), x));
  }
  Value lowest() { return splat(-std::numeric_limits<float>::infinity()); }
  Value read(Value tensor, ValueRange at) {
    return vector::TransferReadOp::create(b, vectorType(), tensor, at,
                                          constantF32(b, b.getLoc(), 0.0f),
                                          ArrayRef<bool>{true});
  }
  Value write(Value vector, Value tensor, ValueRange at) {
    return vector::TransferWriteOp::create(b, vector, tensor, at,
                                           ArrayRef<bool>{true})
        .getResult();
  }
  /// An element in all lanes.
  Value readAll(Value tensor, ValueRange at) {
    return vector::BroadcastOp::create(
        b, vectorType(), tensor::ExtractOp::create(b, tensor, at));
  }
  Value empty(ArrayRef<int64_t> shape) {
    return tensor::EmptyOp::create(b, shape, b.getF32Type());
  }
  Value filled(float x, ArrayRef<int64_t> shape) {
    return fill(b, b.getLoc(), b.getF32FloatAttr(x), empty(shape));
  }

  using LoopBody = llvm::function_ref<Values(Value, ValueRange)>;

  Values loop(Value first, Value end, int64_t step, ValueRange carried,
              LoopBody body) {
    auto made = scf::ForOp::create(b, first, end, index(step), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(made.getBody());
    scf::YieldOp::create(
        b, body(made.getInductionVar(), made.getRegionIterArgs()));
    return llvm::to_vector_of<Value>(made.getResults());
  }
  Values loop(int64_t count, int64_t step, ValueRange carried, LoopBody body) {
    if (count == step)
      return body(index(0), carried);
    return loop(index(0), index(count), step, carried, body);
  }

  /// `body` at 0, `step`, … of `count`, each time for as many positions as are
  /// left there, `step` at most.
  Values inSteps(int64_t count, int64_t step, Values carried,
                 llvm::function_ref<Values(Value, int64_t, ValueRange)> body) {
    int64_t whole = count / step * step;
    if (whole > 0)
      carried = loop(whole, step, carried, [&](Value at, ValueRange now) {
        return body(at, step, now);
      });
    if (whole < count)
      carried = body(index(whole), count - whole, carried);
    return carried;
  }

  /// The matrix [rows, columns] at two leading positions.
  Value matrixAt(Value tensor, OpFoldResult first, OpFoldResult second) {
    auto shape = typeOf(tensor).getShape();
    return tensor::ExtractSliceOp::create(
        b, RankedTensorType::get(shape.drop_front(2), b.getF32Type()), tensor,
        Offsets{first, second, b.getIndexAttr(0), b.getIndexAttr(0)},
        indices({1, 1, shape[2], shape[3]}), indices({1, 1, 1, 1}));
  }

  /// `source`, of no more columns than `shape`, as a tensor of `shape`: as
  /// `source` transposed, with zeros in the columns behind.
  Value transposed(Value source, ArrayRef<int64_t> shape) {
    auto from = typeOf(source).getShape();
    Value into = from[0] < shape[1] ? filled(0.0f, shape) : empty(shape);
    auto sizes = indices({from[1], from[0]});
    Value part = tensor::ExtractSliceOp::create(b, into, indices({0, 0}), sizes,
                                                indices({1, 1}));
    part = linalg::TransposeOp::create(b, b.getLoc(), source, part,
                                       ArrayRef<int64_t>{1, 0})
               .getResult()[0];
    return tensor::InsertSliceOp::create(b, part, into, indices({0, 0}), sizes,
                                         indices({1, 1}));
  }

  //===--------------------------------------------------------------------===//
  // A block
  //===--------------------------------------------------------------------===//

  /// What goes from tile to tile. Of each query, the largest score and the sum
  /// of weights; [value's column, query], what is summed up so far.
  struct State {
    Value largest, sum, result;
    Values list() const { return {largest, sum, result}; }
    static State of(ValueRange values) {
      return {values[0], values[1], values[2]};
    }
  };

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

  //===--------------------------------------------------------------------===//
  // A tile of keys
  //===--------------------------------------------------------------------===//

  /// `count` keys from `at` on.
  State addTile(State state, Value at, int64_t count) {
    Value maskTile;
    if (form.mask && form.maskSize(2) > 1) {
      int64_t seen = std::min(rows, blockRows);
      bool isWide = form.maskSize(3) > 1;
      Value part = tensor::ExtractSliceOp::create(
          b, mask,
          Offsets{first, isWide ? OpFoldResult(at) : b.getIndexAttr(0)},
          indices({seen, isWide ? count : 1}), indices({1, 1}));
      maskTile = transposed(part, {isWide ? count : 1, blockRows});
    }
    Values scored =
        score(at, count, maskTile, empty({count, blockRows}), state.largest);
    Values weighted =
        weigh(count, scored[1],
              {scored[0], state.largest, state.sum, empty({blockRows})});
    return {weighted[1], weighted[2],
            addValues(at, count, weighted[0], weighted[3], state.result)};
  }

  /// The scores [key, query], and the largest ones up to now.
  Values score(Value at, int64_t count, Value maskTile, Value scores,
               Value before) {
    return loop(
        blockRows, vectors * vectorLanes, {scores, empty({blockRows})},
        [&](Value row, ValueRange outer) {
          Values carried{outer[0]}, places;
          for (int64_t v = 0; v < vectors; ++v) {
            places.push_back(add(row, v * vectorLanes));
            carried.push_back(read(before, places[v]));
          }
          Values last = lastSeen(places);
          carried = inSteps(
              count, columns, carried,
              [&](Value j, int64_t size, ValueRange now) {
                Values next(now);
                Values sums = multiply(
                    form.depth, size, Values(size * vectors, splat(0.0f)),
                    [&](Value d, int64_t c) {
                      return readAll(key, {add(at, add(j, c)), d});
                    },
                    [&](Value d, int64_t v) {
                      return read(lanesOfQuery, {d, places[v]});
                    });
                for (int64_t c = 0; c < size; ++c)
                  for (int64_t v = 0; v < vectors; ++v) {
                    Value own = add(j, c);
                    Value x =
                        finishScore(sums[c * vectors + v], at, own, places[v],
                                    maskTile, last.empty() ? Value() : last[v]);
                    next[0] = write(x, next[0], {own, places[v]});
                    Value isLarger = arith::CmpFOp::create(
                        b, arith::CmpFPredicate::OGT, x, next[1 + v]);
                    next[1 + v] =
                        arith::SelectOp::create(b, isLarger, x, next[1 + v]);
                  }
                return next;
              });
          Value largest = outer[1];
          for (int64_t v = 0; v < vectors; ++v)
            largest = write(carried[1 + v], largest, places[v]);
          return Values{carried[0], largest};
        });
  }

  /// The last key that each of the queries at `places` may see; none without
  /// that bound.
  Values lastSeen(ArrayRef<Value> places) {
    Values last;
    if (!form.causal)
      return last;
    auto type = VectorType::get(vectorLanes, b.getI32Type());
    auto constant = [&](llvm::function_ref<int32_t(int64_t)> valueOf) {
      auto values = llvm::map_to_vector(llvm::seq<int64_t>(0, vectorLanes),
                                        [&](int64_t i) { return valueOf(i); });
      return arith::ConstantOp::create(
          b, DenseElementsAttr::get(type, ArrayRef<int32_t>(values)));
    };
    Value own = constant([](int64_t i) { return i; });
    Value offset = constant([&](int64_t) { return *form.causal; });
    for (Value place : places) {
      Value row =
          arith::IndexCastOp::create(b, b.getI32Type(), add(first, place));
      Value query = arith::AddIOp::create(
          b, vector::BroadcastOp::create(b, type, row), own);
      if (merged)
        query = arith::RemSIOp::create(
            b, query, constant([&](int64_t) { return form.queries; }));
      last.push_back(arith::AddIOp::create(b, query, offset));
    }
    return last;
  }

  /// The score of key `at` + `own` for the queries at `place`.
  Value finishScore(Value product, Value at, Value own, Value place,
                    Value maskTile, Value last) {
    Value x = arith::MulFOp::create(b, product, splat(form.scale));
    if (form.mask) {
      Value column = form.maskSize(3) == 1 ? index(0) : own;
      Value bias =
          maskTile
              ? read(maskTile, {column, place})
              : readAll(mask, {index(0),
                               form.maskSize(3) == 1 ? column : add(at, own)});
      x = arith::AddFOp::create(b, x, bias);
    }
    if (!last)
      return x;
    Value key = vector::BroadcastOp::create(
        b, last.getType(),
        arith::IndexCastOp::create(b, b.getI32Type(), add(at, own)));
    Value isSeen =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sle, key, last);
    return arith::SelectOp::create(b, isSeen, x, lowest());
  }

  /// `sums` [column, vector] plus, for each term, that of `left`, in all lanes,
  /// times that of `right`. They stay in registers.
  Values multiply(int64_t terms, int64_t size, Values sums,
                  llvm::function_ref<Value(Value, int64_t)> left,
                  llvm::function_ref<Value(Value, int64_t)> right) {
    return loop(terms, 1, sums, [&](Value term, ValueRange now) {
      Values rights, next;
      for (int64_t v = 0; v < vectors; ++v)
        rights.push_back(right(term, v));
      for (int64_t c = 0; c < size; ++c) {
        Value x = left(term, c);
        for (Value y : rights)
          next.push_back(contractible(b, b.getLoc(), x, y, now[next.size()]));
      }
      return next;
    });
  }

  /// Of `carried`, exp(score - largest) in place of the scores, the largest
  /// scores and the sums with those of this tile, and by what earlier sums are
  /// to be multiplied.
  Values weigh(int64_t count, Value largest, ValueRange carried) {
    return loop(
        blockRows, vectorLanes, carried,
        [&](Value row, ValueRange outer) -> Values {
          Value most = read(largest, row), old = read(outer[1], row);
          Value stored = write(most, outer[1], row);
          Value isBlind = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                                most, lowest());
          most = arith::SelectOp::create(b, isBlind, splat(0.0f), most);
          auto power = [&](Value x) -> Value {
            return math::ExpOp::create(b, arith::SubFOp::create(b, x, most));
          };
          Values weights = weighRow(count, row, outer[0], power);
          Value factor = power(old);
          Value sum = arith::MulFOp::create(b, read(outer[2], row), factor);
          sum = arith::AddFOp::create(b, sum, weights[1]);
          return {weights[0], stored, write(sum, outer[2], row),
                  write(factor, outer[3], row)};
        });
  }

  /// `power` of the scores of the queries at `row`, in their place, and their
  /// sum (QS-12).
  Values weighRow(int64_t count, Value row, Value scores,
                  llvm::function_ref<Value(Value)> power) {
    int64_t present = std::min(count, sumLanes);
    Values carried{scores, empty({present, vectorLanes})};
    auto addLanes = [&](int64_t from, int64_t to, int64_t size) {
      if (from >= to || size == 0)
        return;
      carried = loop(index(from), index(to), 1, carried,
                     [&](Value lane, ValueRange now) -> Values {
                       Value all = now[0], sum;
                       for (int64_t i = 0; i < size; ++i) {
                         Value j = add(lane, i * sumLanes);
                         Value x = power(read(all, {j, row}));
                         all = write(x, all, {j, row});
                         sum = i == 0 ? x : arith::AddFOp::create(b, sum, x);
                       }
                       return {all, write(sum, now[1], {lane, index(0)})};
                     });
    };
    // The first lanes have one element more.
    int64_t longer = count % sumLanes, each = count / sumLanes;
    addLanes(0, longer, each + 1);
    addLanes(longer, sumLanes, each);
    Values sums;
    for (int64_t lane = 0; lane < present; ++lane)
      sums.push_back(read(carried[1], {index(lane), index(0)}));
    for (int64_t apart = sumLanes / 2; apart > 0; apart /= 2)
      for (int64_t i = 0; i < apart && i + apart < present; ++i)
        sums[i] = arith::AddFOp::create(b, sums[i], sums[i + apart]);
    return {carried[0], sums[0]};
  }

  /// `result` · factors plus the values of `count` keys by their weights.
  Value addValues(Value at, int64_t count, Value weights, Value factors,
                  Value result) {
    return loop(blockRows, vectors * vectorLanes, result,
                [&](Value row, ValueRange outer) {
                  Values places, scale;
                  for (int64_t v = 0; v < vectors; ++v) {
                    places.push_back(add(row, v * vectorLanes));
                    scale.push_back(read(factors, places[v]));
                  }
                  return inSteps(
                      form.width, columns, {outer[0]},
                      [&](Value e, int64_t size, ValueRange now) {
                        Values sums;
                        for (int64_t c = 0; c < size; ++c)
                          for (int64_t v = 0; v < vectors; ++v)
                            sums.push_back(arith::MulFOp::create(
                                b, read(now[0], {add(e, c), places[v]}),
                                scale[v]));
                        sums = multiply(
                            count, size, sums,
                            [&](Value j, int64_t c) {
                              return readAll(value, {add(at, j), add(e, c)});
                            },
                            [&](Value j, int64_t v) {
                              return read(weights, {j, places[v]});
                            });
                        Value next = now[0];
                        for (int64_t c = 0; c < size; ++c)
                          for (int64_t v = 0; v < vectors; ++v)
                            next = write(sums[c * vectors + v], next,
                                         {add(e, c), places[v]});
                        return Values{next};
                      });
                })
        .front();
  }

  ImplicitLocOpBuilder b;
  const attention::Form &form;
  Value query;
  /// Heads at work one by one, and the rows of each.
  bool merged;
  int64_t heads, rows;
  /// Rows of a block, and of a vector.
  int64_t blockRows, vectorLanes;
  /// Accumulators that stay in registers.
  int64_t vectors, columns;

  /// Of the block at work: matrices [key, size], [key, width] and [query or
  /// one, key or one]; the block's queries as [size, query]; its first one.
  Value key, value, mask, lanesOfQuery, first;
};

} // namespace

Value attention::lowerBlocked(OpBuilder &builder, Location loc,
                              const Form &form, Value destination,
                              int64_t lanes, int64_t registers) {
  return Blocks(builder, loc, form, lanes, registers).run(destination);
}
