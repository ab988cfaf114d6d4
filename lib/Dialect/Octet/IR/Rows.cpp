//===- Rows.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Rows.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

/// Accumulators of a row (QS-12).
static constexpr int64_t mostLanes = 16;
/// Rows that are enough to hide how long an addition takes.
static constexpr int64_t mostRows = 4;
/// Groups that are enough to keep many threads equally busy.
static constexpr int64_t enoughGroups = 24;

int64_t RowGroup::lanes() const {
  return std::min<int64_t>(mostLanes, llvm::bit_ceil<uint64_t>(size));
}

Value RowGroup::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

SmallVector<Value> RowGroup::placeOf(Value tensor, int64_t row, Value at) {
  if (typeOf(tensor).getRank() == 1)
    return {at};
  return {index(row), at};
}

Value RowGroup::read(Value tensor, int64_t row, Value at, int64_t width) {
  return vector::TransferReadOp::create(
      builder, loc, VectorType::get(width, builder.getF32Type()), tensor,
      placeOf(tensor, row, at), constantF32(builder, loc, 0.0f),
      ArrayRef<bool>{true});
}

Value RowGroup::write(Value vector, Value tensor, int64_t row, Value at) {
  return vector::TransferWriteOp::create(builder, loc, vector, tensor,
                                         placeOf(tensor, row, at),
                                         ArrayRef<bool>{true})
      .getResult();
}

Value RowGroup::splat(Value scalar, int64_t width) {
  return vector::BroadcastOp::create(
      builder, loc, VectorType::get(width, builder.getF32Type()), scalar);
}

SmallVector<Value> RowGroup::walk(
    ValueRange carried,
    function_ref<void(Value, int64_t, MutableArrayRef<Value>)> step) {
  int64_t width = lanes(), whole = size / width * width;
  SmallVector<Value> values(carried);
  if (whole > width) {
    auto loop = scf::ForOp::create(builder, loc, index(0), index(whole),
                                   index(width), values);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> inner(loop.getRegionIterArgs());
    step(loop.getInductionVar(), width, inner);
    scf::YieldOp::create(builder, loc, inner);
    values.assign(loop.result_begin(), loop.result_end());
  } else if (whole > 0) {
    step(index(0), width, values);
  }
  if (whole < size)
    step(index(whole), size - whole, values);
  return values;
}

Value RowGroup::map(Value out, Update body) {
  return walk(out,
              [&](Value at, int64_t width, MutableArrayRef<Value> now) {
                for (int64_t row = 0; row < count; ++row)
                  now[0] = write(body(row, at, width, now[0]), now[0], row, at);
              })
      .front();
}

Value RowGroup::store(ArrayRef<Value> values, Value out) {
  for (auto [row, value] : llvm::enumerate(values))
    out = tensor::InsertOp::create(builder, loc, value, out,
                                   placeOf(out, row, index(0)));
  return out;
}

SmallVector<Value> RowGroup::reduce(Vectors terms, Combine combine,
                                    float neutral, Value *stored) {
  int64_t width = lanes();
  auto part = [&](Value vector, int64_t first, int64_t size) -> Value {
    return vector::ExtractStridedSliceOp::create(
        builder, loc, vector, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{size},
        ArrayRef<int64_t>{1});
  };
  SmallVector<Value> start(count,
                           splat(constantF32(builder, loc, neutral), width));
  if (stored)
    start.push_back(*stored);
  SmallVector<Value> sums =
      walk(start, [&](Value at, int64_t size, MutableArrayRef<Value> carried) {
        for (int64_t row = 0; row < count; ++row) {
          Value term = terms(row, at, size), &sum = carried[row];
          if (stored)
            carried.back() = write(term, carried.back(), row, at);
          if (size == width) {
            sum = combine(term, sum);
            continue;
          }
          // What is left belongs to the first lanes.
          sum = vector::InsertStridedSliceOp::create(
              builder, loc, combine(term, part(sum, 0, size)), sum,
              ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
        }
      });
  if (stored)
    *stored = sums.pop_back_val();
  for (Value &sum : sums) {
    for (int64_t apart = width / 2; apart > 0; apart /= 2)
      sum = combine(part(sum, apart, apart), part(sum, 0, apart));
    sum = vector::ExtractOp::create(builder, loc, sum, ArrayRef<int64_t>{0});
  }
  return sums;
}

SmallVector<Value> RowGroup::sum(Vectors terms, Value *stored) {
  // Adding -0 changes nothing, not even the sign of a zero.
  return reduce(
      terms,
      [&](Value element, Value sum) -> Value {
        return arith::AddFOp::create(builder, loc, sum, element);
      },
      -0.0f, stored);
}

SmallVector<Value> RowGroup::extreme(Vectors terms, bool smallest) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  return reduce(
      terms,
      [&](Value element, Value sum) {
        return extremeOrNaN(builder, loc, element, sum, smallest);
      },
      smallest ? infinity : -infinity);
}

namespace {
/// Rows of a tensor: a box of `count` of them along dimension `dim`.
class RowSlicer {
public:
  RowSlicer(ArrayRef<OpFoldResult> position, int64_t dim, OpFoldResult first,
            int64_t count)
      : offsets(position), dim(dim), count(count) {
    if (!offsets.empty())
      offsets[dim] = first;
  }

  Value extract(OpBuilder &builder, Location loc, Value tensor) const {
    Box box = boxOf(builder, tensor);
    if (box.sizes.size() == 1)
      return tensor;
    auto type = RankedTensorType::get({count, typeOf(tensor).getShape().back()},
                                      builder.getF32Type());
    return tensor::ExtractSliceOp::create(builder, loc, type, tensor,
                                          box.offsets, box.sizes, box.strides);
  }

  Value insert(OpBuilder &builder, Location loc, Value rows,
               Value tensor) const {
    Box box = boxOf(builder, tensor);
    if (box.sizes.size() == 1)
      return rows;
    return tensor::InsertSliceOp::create(builder, loc, rows, tensor,
                                         box.offsets, box.sizes, box.strides);
  }

private:
  struct Box {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };
  Box boxOf(OpBuilder &builder, Value tensor) const {
    auto shape = typeOf(tensor).getShape();
    Box box{offsets, {}, {}};
    OpFoldResult one = builder.getIndexAttr(1);
    box.offsets.push_back(builder.getIndexAttr(0));
    box.sizes.assign(shape.size(), one);
    box.strides.assign(shape.size(), one);
    if (!offsets.empty())
      box.sizes[dim] = builder.getIndexAttr(count);
    box.sizes.back() = builder.getIndexAttr(shape.back());
    return box;
  }

  SmallVector<OpFoldResult> offsets;
  int64_t dim, count;
};
} // namespace

Value lowering::forEachRow(OpBuilder &builder, Operation *op, Value input,
                           Value out,
                           function_ref<Value(RowGroup &, Value, Value)> body) {
  auto loc = op->getLoc();
  int64_t size = typeOf(input).getShape().back();
  Shape leading(typeOf(input).getShape().drop_back());
  // Neighbours are taken together, along the last dimension that has several.
  int64_t dim = std::max<int64_t>(0, leading.size() - 1);
  while (dim > 0 && leading[dim] == 1)
    --dim;
  int64_t rows = leading.empty() ? 1 : leading[dim];
  int64_t total = llvm::product_of(leading);
  int64_t group =
      std::min(rows, std::clamp<int64_t>(total / enoughGroups, 1, mostRows));
  if (group == 0)
    return out;
  auto compute = [&](OpBuilder &b, const RowSlicer &slicer, int64_t count,
                     Value into) {
    RowGroup rows(b, loc, count, size);
    return slicer.insert(
        b, loc,
        body(rows, slicer.extract(b, loc, input), slicer.extract(b, loc, into)),
        into);
  };
  Shape counts = leading;
  if (!leading.empty())
    counts[dim] = rows / group;
  Value result =
      repeat(builder, loc, counts, out,
             [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) {
               OpFoldResult first =
                   at.empty()
                       ? b.getIndexAttr(0)
                       : affine::makeComposedFoldedAffineApply(
                             b, loc, b.getAffineDimExpr(0) * group, {at[dim]});
               return compute(b, RowSlicer(at, dim, first, group), group, into);
             });
  int64_t rest = rows % group;
  if (rest == 0)
    return result;
  // Both loops write rows of their own.
  if (auto kernel = op->getParentOfType<FunctionOpInterface>())
    kernel->setAttr(disjointTilesAttr, builder.getUnitAttr());
  counts[dim] = 1;
  return repeat(builder, loc, counts, result,
                [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) {
                  OpFoldResult first = b.getIndexAttr(rows - rest);
                  return compute(b, RowSlicer(at, dim, first, rest), rest,
                                 into);
                });
}
