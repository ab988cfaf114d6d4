//===- RecurrenceProduct.cpp -----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The products of a recurrence: few rows times a matrix that does not change
// from step to step.
//
//===----------------------------------------------------------------------===//

#include "Recurrence.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

/// Lanes of one vector. LLVM splits it into the target's registers.
static constexpr int64_t vectorLanes = 16;

namespace {
/// Sums that stay in registers along a reduction: of `rows` rows and `lanes`
/// columns. Columns that are no whole vectors are one block.
struct Tile {
  Tile(int64_t sequences, int64_t columns) {
    rows = sequences % 4 == 0 ? 4 : sequences % 2 == 0 ? 2 : 1;
    lanes = columns;
    for (int64_t size : {16, 32, 64})
      if (columns % size == 0 && size * rows <= 128)
        lanes = size;
  }
  int64_t rows, lanes;
};
} // namespace

Value recurrence::packWeight(ImplicitLocOpBuilder &b, Value weight,
                             int64_t sequences) {
  auto shape = typeOf(weight).getShape();
  int64_t lanes = Tile(sequences, shape[1]).lanes, blocks = shape[1] / lanes;
  Value wide = tensor::ExpandShapeOp::create(
      b, RankedTensorType::get({shape[0], blocks, lanes}, b.getF32Type()),
      weight, SmallVector<ReassociationIndices>{{0}, {1, 2}});
  Value into = tensor::EmptyOp::create(
      b, ArrayRef<int64_t>{blocks, shape[0], lanes}, b.getF32Type());
  AffineExpr block, k, lane;
  bindDims(b.getContext(), block, k, lane);
  return copyThrough(b, b.getLoc(), wide,
                     AffineMap::get(3, 0, {k, block, lane}, b.getContext()),
                     into);
}

/// Columns that are no whole vectors. Sums have a shape of their own: what
/// follows reads them whole, and must not be fused with them row by row.
static Value addScalarProduct(ImplicitLocOpBuilder &b, Value left, Value packed,
                              Value sums) {
  auto shape = typeOf(packed).getShape();
  SmallVector<ReassociationIndices> split{{0}, {1, 2}};
  auto type = RankedTensorType::get(
      {typeOf(left).getDimSize(0), shape[0], shape[2]}, b.getF32Type());
  AffineExpr n, block, k, lane;
  bindDims(b.getContext(), n, block, k, lane);
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(4, 0, exprs, b.getContext());
  };
  Value result = createReduction(
      b, b.getLoc(), {left, packed}, {map({n, k}), map({block, k, lane})},
      tensor::ExpandShapeOp::create(b, type, sums, split),
      map({n, block, lane}), [](OpBuilder &at, Location loc, ValueRange x) {
        return contractible(at, loc, x[0], x[1], x[2]);
      });
  return tensor::CollapseShapeOp::create(b, sums.getType(), result, split);
}

Value recurrence::addProduct(ImplicitLocOpBuilder &b, Value left, Value packed,
                             Value start, Value into) {
  auto loc = b.getLoc();
  auto shape = typeOf(packed).getShape();
  int64_t depth = shape[1], lanes = shape[2];
  int64_t sequences = typeOf(left).getDimSize(0);
  if (lanes % vectorLanes != 0) {
    if (start != into)
      into = createBroadcast(
          b, loc, start, into,
          [](OpBuilder &, Location, ValueRange args) { return args[0]; });
    return addScalarProduct(b, left, packed, into);
  }

  int64_t rows = Tile(sequences, shape[0] * lanes).rows;
  int64_t vectors = lanes / vectorLanes;
  auto type = VectorType::get(vectorLanes, b.getF32Type());
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  auto times = [&](Value value, int64_t factor, int64_t summand) -> Value {
    Value product = arith::MulIOp::create(b, value, index(factor));
    return arith::AddIOp::create(b, product, index(summand));
  };
  auto loop =
      [&](int64_t end, ValueRange carried,
          llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body)
      -> SmallVector<Value> {
    auto made = scf::ForOp::create(b, index(0), index(end), index(1), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(made.getBody());
    scf::YieldOp::create(
        b, body(made.getInductionVar(), made.getRegionIterArgs()));
    return llvm::to_vector_of<Value>(made.getResults());
  };
  SmallVector<bool> inBounds{true};
  auto read = [&](Value tensor, ValueRange at) -> Value {
    return vector::TransferReadOp::create(
        b, type, tensor, at, constantF32(b, loc, 0.0f), ArrayRef(inBounds));
  };
  auto block = [&](Value group, Value block, Value out) {
    SmallVector<Value> sums;
    SmallVector<SmallVector<Value>> places;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t v = 0; v < vectors; ++v) {
        places.push_back(
            {times(group, rows, row), times(block, lanes, v * vectorLanes)});
        sums.push_back(read(start == into ? out : start, places.back()));
      }
    sums = loop(depth, sums, [&](Value k, ValueRange carried) {
      SmallVector<Value> weights, next;
      for (int64_t v = 0; v < vectors; ++v)
        weights.push_back(read(packed, {block, k, index(v * vectorLanes)}));
      for (int64_t row = 0; row < rows; ++row) {
        Value x = tensor::ExtractOp::create(
            b, left, ValueRange{places[row * vectors][0], k});
        x = vector::BroadcastOp::create(b, type, x);
        for (Value w : weights)
          next.push_back(contractible(b, loc, x, w, carried[next.size()]));
      }
      return next;
    });
    for (auto [sum, at] : llvm::zip_equal(sums, places))
      out = vector::TransferWriteOp::create(b, sum, out, at, ArrayRef(inBounds))
                .getResult();
    return SmallVector<Value>{out};
  };
  return loop(sequences / rows, into,
              [&](Value group, ValueRange outer) {
                return loop(shape[0], outer, [&](Value at, ValueRange inner) {
                  return block(group, at, inner[0]);
                });
              })
      .front();
}
