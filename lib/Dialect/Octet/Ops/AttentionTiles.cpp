//===- AttentionTiles.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile of keys for a block of queries: scores, weights, and the values' sum.
//
//===----------------------------------------------------------------------===//

#include "AttentionBlocks.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;
using attention::BlockCode;

/// Lanes in which the contract sums (QS-12).
static constexpr int64_t sumLanes = 16;

BlockCode::State BlockCode::addTile(State state, Value at, int64_t count) {
  Value maskTile;
  if (form.mask && form.maskSize(2) > 1) {
    int64_t seen = std::min(rows, blockRows);
    bool isWide = form.maskSize(3) > 1;
    Value part = tensor::ExtractSliceOp::create(
        b, mask, Offsets{first, isWide ? OpFoldResult(at) : b.getIndexAttr(0)},
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

BlockCode::Values BlockCode::score(Value at, int64_t count, Value maskTile,
                                   Value scores, Value before) {
  return loop(blockRows, vectors * vectorLanes, {scores, empty({blockRows})},
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
                          Value x = finishScore(
                              sums[c * vectors + v], at, own, places[v],
                              maskTile, last.empty() ? Value() : last[v]);
                          next[0] = write(x, next[0], {own, places[v]});
                          Value isLarger = arith::CmpFOp::create(
                              b, arith::CmpFPredicate::OGT, x, next[1 + v]);
                          next[1 + v] = arith::SelectOp::create(b, isLarger, x,
                                                                next[1 + v]);
                        }
                      return next;
                    });
                Value largest = outer[1];
                for (int64_t v = 0; v < vectors; ++v)
                  largest = write(carried[1 + v], largest, places[v]);
                return Values{carried[0], largest};
              });
}

BlockCode::Values BlockCode::lastSeen(ArrayRef<Value> places) {
  Values last;
  if (!form.causal)
    return last;
  auto type = VectorType::get(vectorLanes, b.getI32Type());
  auto all = [&](int32_t value) -> Value {
    return vector::BroadcastOp::create(
        b, type, arith::ConstantOp::create(b, b.getI32IntegerAttr(value)));
  };
  Value lane =
      vector::StepOp::create(b, VectorType::get(vectorLanes, b.getIndexType()));
  lane = arith::IndexCastOp::create(b, type, lane);
  for (Value place : places) {
    Value row =
        arith::IndexCastOp::create(b, b.getI32Type(), add(first, place));
    Value query = arith::AddIOp::create(
        b, vector::BroadcastOp::create(b, type, row), lane);
    if (merged)
      query = arith::RemSIOp::create(b, query, all(form.queries));
    last.push_back(arith::AddIOp::create(b, query, all(*form.causal)));
  }
  return last;
}

Value BlockCode::finishScore(Value product, Value at, Value own, Value place,
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
  Value isSeen = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, key, last);
  return arith::SelectOp::create(b, isSeen, x, lowest());
}

BlockCode::Values
BlockCode::multiply(int64_t terms, int64_t size, Values sums,
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

BlockCode::Values BlockCode::weigh(int64_t count, Value largest,
                                   ValueRange carried) {
  return loop(
      blockRows, vectorLanes, carried,
      [&](Value row, ValueRange outer) -> Values {
        Value most = read(largest, row), old = read(outer[1], row);
        Value stored = write(most, outer[1], row);
        Value isBlind =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, most, lowest());
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

BlockCode::Values BlockCode::weighRow(int64_t count, Value row, Value scores,
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

Value BlockCode::addValues(Value at, int64_t count, Value weights,
                           Value factors, Value result) {
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
