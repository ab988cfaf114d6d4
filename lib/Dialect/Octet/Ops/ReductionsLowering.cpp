//===- ReductionsLowering.cpp ----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference lowerings of reduce and softmax: along the last dimension row
// by row, along others in whole tensors.
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Rows.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

/// `body` of each value and those before it over `axes`, which are kept with
/// size one; the first is `start`.
static Value reduceOver(OpBuilder &builder, Location loc, Value input,
                        ArrayRef<int64_t> axes, TypedAttr start, Body body) {
  auto *context = builder.getContext();
  auto shape = typeOf(input).getShape();
  unsigned rank = shape.size();
  Shape kept(shape);
  SmallVector<AffineExpr> exprs;
  unsigned next = rank;
  for (unsigned d = 0; d < rank; ++d) {
    bool reduced = llvm::is_contained(axes, d);
    exprs.push_back(getAffineDimExpr(reduced ? next++ : d, context));
    if (reduced)
      kept[d] = 1;
  }
  Value out =
      fill(builder, loc, start,
           tensor::EmptyOp::create(builder, loc, kept, start.getType()));
  return createReduction(
      builder, loc, input, AffineMap::get(next, 0, exprs, context), out,
      AffineMap::getMultiDimIdentityMap(next, context).getMajorSubMap(rank),
      body);
}

/// The largest (or smallest) value over `axes`.
static Value extremeOver(OpBuilder &builder, Location loc, Value input,
                         ArrayRef<int64_t> axes, bool smallest) {
  auto start = builder.getFloatAttr(
      builder.getF32Type(),
      APFloat::getInf(APFloat::IEEEsingle(), /*Negative=*/!smallest));
  return reduceOver(builder, loc, input, axes, start,
                    [&](OpBuilder &b, Location at, ValueRange args) {
                      return extremeOrNaN(b, at, args[0], args[1], smallest);
                    });
}

/// Products of f32, and all reductions of integers, one after the other.
static Value reduceInOrder(OpBuilder &builder, ReduceOp op, Value input) {
  Type element = typeOf(input).getElementType();
  Type given = typeOf(op.getInput()).getElementType();
  bool isUnsigned = given.isUnsignedInteger() || given.isInteger(1);
  unsigned width = element.getIntOrFloatBitWidth();
  TypedAttr start;
  if (element.isF32())
    start = builder.getF32FloatAttr(1.0f);
  else if (op.getKind() == ReduceKind::Max)
    start = builder.getIntegerAttr(
        element, isUnsigned ? APInt::getMinValue(width)
                            : APInt::getSignedMinValue(width));
  else if (op.getKind() == ReduceKind::Min)
    start = builder.getIntegerAttr(
        element, isUnsigned ? APInt::getMaxValue(width)
                            : APInt::getSignedMaxValue(width));
  else
    start = builder.getIntegerAttr(element, op.getKind() == ReduceKind::Prod);
  return reduceOver(
      builder, op.getLoc(), input, op.getAxes(), start,
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value x = args[0], sum = args[1];
        if (element.isF32())
          return arith::MulFOp::create(b, at, sum, x);
        switch (op.getKind()) {
        case ReduceKind::Max:
          return isUnsigned ? arith::MaxUIOp::create(b, at, sum, x).getResult()
                            : arith::MaxSIOp::create(b, at, sum, x).getResult();
        case ReduceKind::Min:
          return isUnsigned ? arith::MinUIOp::create(b, at, sum, x).getResult()
                            : arith::MinSIOp::create(b, at, sum, x).getResult();
        case ReduceKind::Prod:
          return arith::MulIOp::create(b, at, sum, x);
        default:
          return arith::AddIOp::create(b, at, sum, x);
        }
      });
}

/// The sum, or the largest or smallest value, of each row of f32, divided by
/// `divisor`.
static Value reduceRows(OpBuilder &builder, ReduceOp op, Value input, Value out,
                        float divisor) {
  auto loc = op.getLoc();
  return forEachRow(
      builder, op, input, out,
      [&](RowGroup &rows, Value from, Value into) -> Value {
        auto terms = [&](int64_t row, Value at, int64_t width) {
          return rows.read(from, row, at, width);
        };
        bool isExtreme =
            op.getKind() == ReduceKind::Max || op.getKind() == ReduceKind::Min;
        auto values = isExtreme
                          ? rows.extreme(terms, op.getKind() == ReduceKind::Min)
                          : rows.sum(terms);
        if (divisor != 1.0f)
          for (Value &value : values)
            value = arith::DivFOp::create(builder, loc, value,
                                          constantF32(builder, loc, divisor));
        return rows.store(values, into);
      });
}

FailureOr<SmallVector<Value>>
ReduceOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto loc = getLoc();
  Value value = inputs[0];
  auto type = typeOf(value);
  auto identity = builder.getMultiDimIdentityMap(type.getRank());
  Shape axes(getAxes());
  float divisor = 1.0f;
  if (getKind() == ReduceKind::Mean)
    for (int64_t axis : axes)
      divisor *= type.getDimSize(axis);
  if (!type.getElementType().isF32() || getKind() == ReduceKind::Prod) {
    value = reduceInOrder(builder, *this, value);
    axes.clear();
  } else if (!axes.empty() && axes.back() == type.getRank() - 1 &&
             type.getShape().back() > 1) {
    if (axes.size() == 1)
      return SmallVector<Value>{
          reduceRows(builder, *this, value, outputs[0], divisor)};
    Shape shape(type.getShape());
    shape[axes.pop_back_val()] = 1;
    value = reduceRows(
        builder, *this, value,
        tensor::EmptyOp::create(builder, loc, shape, type.getElementType()),
        1.0f);
  }
  if (getKind() == ReduceKind::Sum || getKind() == ReduceKind::Mean)
    for (int64_t axis : llvm::reverse(axes))
      value = sumAlong(builder, loc, value, axis, /*windows=*/1,
                       type.getDimSize(axis));
  else if (!axes.empty())
    value =
        extremeOver(builder, loc, value, axes, getKind() == ReduceKind::Min);
  return SmallVector<Value>{createElementwise(
      builder, loc, value, identity, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        if (getKind() != ReduceKind::Mean)
          return args[0];
        return arith::DivFOp::create(b, at, args[0],
                                     constantF32(b, at, divisor));
      })};
}

/// Softmax along the last dimension.
static Value softmaxRows(OpBuilder &builder, SoftmaxOp op, Value input,
                         Value out) {
  auto loc = op.getLoc();
  return forEachRow(
      builder, op, input, out, [&](RowGroup &rows, Value from, Value into) {
        // A NaN need not be the largest: its power is one, and so is the sum.
        auto largest = rows.reduce(
            [&](int64_t row, Value at, int64_t width) {
              return rows.read(from, row, at, width);
            },
            [&](Value x, Value most) -> Value {
              Value isLarger = arith::CmpFOp::create(
                  builder, loc, arith::CmpFPredicate::OGT, x, most);
              return arith::SelectOp::create(builder, loc, isLarger, x, most);
            },
            -std::numeric_limits<float>::infinity());
        auto sums = rows.sum(
            [&](int64_t row, Value at, int64_t width) -> Value {
              Value x = arith::SubFOp::create(builder, loc,
                                              rows.read(from, row, at, width),
                                              rows.splat(largest[row], width));
              return math::ExpOp::create(builder, loc, x);
            },
            &into);
        return rows.map(
            into, [&](int64_t row, Value at, int64_t width, Value powers) {
              return arith::DivFOp::create(builder, loc,
                                           rows.read(powers, row, at, width),
                                           rows.splat(sums[row], width));
            });
      });
}

FailureOr<SmallVector<Value>>
SoftmaxOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto loc = getLoc();
  auto shape = typeOf(inputs[0]).getShape();
  int64_t axis = getAxis();
  if (axis + 1 == static_cast<int64_t>(shape.size()))
    return SmallVector<Value>{
        softmaxRows(builder, *this, inputs[0], outputs[0])};
  auto identity = builder.getMultiDimIdentityMap(shape.size());
  Shape single(shape);
  single[axis] = 1;
  auto kept = broadcastMap(builder.getContext(), single, shape);
  Value largest =
      extremeOver(builder, loc, inputs[0], axis, /*smallest=*/false);
  Value powers = createElementwise(
      builder, loc, {inputs[0], largest}, {identity, kept}, outputs[0],
      [](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value x = arith::SubFOp::create(b, at, args[0], args[1]);
        return math::ExpOp::create(b, at, x);
      });
  Value sum = sumAlong(builder, loc, powers, axis, /*windows=*/1, shape[axis]);
  return SmallVector<Value>{createElementwise(
      builder, loc, sum, kept, powers,
      [](OpBuilder &b, Location at, ValueRange args) -> Value {
        return arith::DivFOp::create(b, at, args[1], args[0]);
      })};
}
