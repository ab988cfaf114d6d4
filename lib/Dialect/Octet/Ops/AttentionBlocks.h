//===- AttentionBlocks.h ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block of queries, which are the lanes of vectors, and what builds its code:
// blocks one by one in AttentionBlocks.cpp, tiles of keys in
// AttentionTiles.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_ATTENTIONBLOCKS_H
#define OCTET_LIB_DIALECT_OCTET_OPS_ATTENTIONBLOCKS_H

#include "Attention.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace octet::attention {

class BlockCode {
protected:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<Value>;
  using Offsets = llvm::SmallVector<mlir::OpFoldResult>;

  BlockCode(mlir::OpBuilder &builder, mlir::Location loc, const Form &form)
      : b(loc, builder), form(form) {}

  /// What goes from tile to tile. Of each query, the largest score and the sum
  /// of weights; [value's column, query], what is summed up so far.
  struct State {
    Value largest, sum, result;
    Values list() const { return {largest, sum, result}; }
    static State of(ValueRange values) {
      return {values[0], values[1], values[2]};
    }
  };

  //===--------------------------------------------------------------------===//
  // Tiles
  //===--------------------------------------------------------------------===//

  /// `count` keys from `at` on.
  State addTile(State state, Value at, int64_t count);

  //===--------------------------------------------------------------------===//
  // Helpers
  //===--------------------------------------------------------------------===//

  Offsets indices(llvm::ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(b.getContext(), values);
  }
  Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, value);
  }
  Value add(Value x, Value y) { return mlir::arith::AddIOp::create(b, x, y); }
  Value add(Value x, int64_t y) { return y == 0 ? x : add(x, index(y)); }
  mlir::VectorType vectorType() {
    return mlir::VectorType::get(vectorLanes, b.getF32Type());
  }
  Value splat(float x) {
    return mlir::vector::BroadcastOp::create(
        b, vectorType(), lowering::constantF32(b, b.getLoc(), x));
  }
  Value lowest() { return splat(-std::numeric_limits<float>::infinity()); }
  Value read(Value tensor, ValueRange at) {
    return mlir::vector::TransferReadOp::create(
        b, vectorType(), tensor, at, lowering::constantF32(b, b.getLoc(), 0.0f),
        llvm::ArrayRef<bool>{true});
  }
  Value write(Value vector, Value tensor, ValueRange at) {
    return mlir::vector::TransferWriteOp::create(b, vector, tensor, at,
                                                 llvm::ArrayRef<bool>{true})
        .getResult();
  }
  /// An element in all lanes.
  Value readAll(Value tensor, ValueRange at) {
    return mlir::vector::BroadcastOp::create(
        b, vectorType(), mlir::tensor::ExtractOp::create(b, tensor, at));
  }
  Value empty(llvm::ArrayRef<int64_t> shape) {
    return mlir::tensor::EmptyOp::create(b, shape, b.getF32Type());
  }
  Value filled(float x, llvm::ArrayRef<int64_t> shape) {
    return lowering::fill(b, b.getLoc(), b.getF32FloatAttr(x), empty(shape));
  }

  using LoopBody = llvm::function_ref<Values(Value, ValueRange)>;

  Values loop(Value first, Value end, int64_t step, ValueRange carried,
              LoopBody body) {
    auto made = mlir::scf::ForOp::create(b, first, end, index(step), carried);
    mlir::OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(made.getBody());
    mlir::scf::YieldOp::create(
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
  Value matrixAt(Value tensor, mlir::OpFoldResult first,
                 mlir::OpFoldResult second) {
    auto shape = typeOf(tensor).getShape();
    return mlir::tensor::ExtractSliceOp::create(
        b, mlir::RankedTensorType::get(shape.drop_front(2), b.getF32Type()),
        tensor, Offsets{first, second, b.getIndexAttr(0), b.getIndexAttr(0)},
        indices({1, 1, shape[2], shape[3]}), indices({1, 1, 1, 1}));
  }

  /// `source`, of no more columns than `shape`, as a tensor of `shape`: as
  /// `source` transposed, with zeros in the columns behind.
  Value transposed(Value source, llvm::ArrayRef<int64_t> shape) {
    auto from = typeOf(source).getShape();
    Value into = from[0] < shape[1] ? filled(0.0f, shape) : empty(shape);
    auto sizes = indices({from[1], from[0]});
    Value part = mlir::tensor::ExtractSliceOp::create(b, into, indices({0, 0}),
                                                      sizes, indices({1, 1}));
    part = mlir::linalg::TransposeOp::create(b, b.getLoc(), source, part,
                                             llvm::ArrayRef<int64_t>{1, 0})
               .getResult()[0];
    return mlir::tensor::InsertSliceOp::create(b, part, into, indices({0, 0}),
                                               sizes, indices({1, 1}));
  }

  mlir::ImplicitLocOpBuilder b;
  const Form &form;
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

private:
  /// The scores [key, query], and the largest ones up to now.
  Values score(Value at, int64_t count, Value maskTile, Value scores,
               Value before);

  /// The last key that each of the queries at `places` may see; none without
  /// that bound.
  Values lastSeen(llvm::ArrayRef<Value> places);

  /// The score of key `at` + `own` for the queries at `place`.
  Value finishScore(Value product, Value at, Value own, Value place,
                    Value maskTile, Value last);

  /// `sums` [column, vector] plus, for each term, that of `left`, in all lanes,
  /// times that of `right`. They stay in registers.
  Values multiply(int64_t terms, int64_t size, Values sums,
                  llvm::function_ref<Value(Value, int64_t)> left,
                  llvm::function_ref<Value(Value, int64_t)> right);

  /// Of `carried`, exp(score - largest) in place of the scores, the largest
  /// scores and the sums with those of this tile, and by what earlier sums are
  /// to be multiplied.
  Values weigh(int64_t count, Value largest, ValueRange carried);

  /// `power` of the scores of the queries at `row`, in their place, and their
  /// sum (QS-12).
  Values weighRow(int64_t count, Value row, Value scores,
                  llvm::function_ref<Value(Value)> power);

  /// `result` · factors plus the values of `count` keys by their weights.
  Value addValues(Value at, int64_t count, Value weights, Value factors,
                  Value result);
};

} // namespace octet::attention

#endif // OCTET_LIB_DIALECT_OCTET_OPS_ATTENTIONBLOCKS_H
