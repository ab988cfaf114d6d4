//===- TopIndicesLowering.cpp -----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lowering of top_indices: a few indices are found one after the other; of
// many, those above the k-th key are picked and sorted.
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Lowering.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

/// A signed integer that has x's place in the order of f32: both zeros are 0, a
/// NaN is the largest.
static Value orderKey(OpBuilder &b, Location at, Value x) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, at, b.getI32IntegerAttr(value));
  };
  Value bits = arith::BitcastOp::create(b, at, b.getI32Type(), x);
  Value magnitude = arith::AndIOp::create(b, at, bits, constant(INT32_MAX));
  Value isNegative = arith::CmpIOp::create(b, at, arith::CmpIPredicate::slt,
                                           bits, constant(0));
  Value key = arith::SelectOp::create(
      b, at, isNegative, arith::SubIOp::create(b, at, constant(0), magnitude),
      magnitude);
  Value isNaN = arith::CmpIOp::create(b, at, arith::CmpIPredicate::sgt,
                                      magnitude, constant(0x7f800000));
  return arith::SelectOp::create(b, at, isNaN, constant(INT32_MAX), key);
}

/// Signed integers, of 32 or 64 bits, of which a larger one comes first;
/// dimension `axis` is the last, where they lie side by side.
static Value orderKeys(OpBuilder &builder, Location loc, Value input,
                       Type element, int64_t axis, bool smallest) {
  bool isFloat = element.isF32();
  bool unsign = element.isUnsignedInteger() || element.isInteger(1);
  unsigned width = element.getIntOrFloatBitWidth();
  Type type = builder.getIntegerType(std::max(width, 32u));
  Shape shape(typeOf(input).getShape());
  int64_t last = shape.size() - 1;
  if (!isFloat && !unsign && !smallest && width >= 32 && axis == last)
    return input;
  SmallVector<AffineExpr> from;
  for (int64_t d = 0; d <= last; ++d)
    from.push_back(builder.getAffineDimExpr(d == axis  ? last
                                            : d < axis ? d
                                                       : d - 1));
  shape.push_back(shape[axis]);
  shape.erase(shape.begin() + axis);
  return createElementwise(
      builder, loc, input,
      AffineMap::get(shape.size(), 0, from, builder.getContext()),
      tensor::EmptyOp::create(builder, loc, shape, type),
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value key = args[0];
        auto flip = [&](const APInt &bits) {
          key = arith::XOrIOp::create(
              b, at, key,
              arith::ConstantOp::create(b, at, b.getIntegerAttr(type, bits)));
        };
        if (isFloat)
          key = orderKey(b, at, key);
        else if (width < 32)
          key = unsign ? arith::ExtUIOp::create(b, at, type, key).getResult()
                       : arith::ExtSIOp::create(b, at, type, key).getResult();
        else if (unsign)
          flip(APInt::getSignMask(width));
        if (smallest)
          flip(APInt::getAllOnes(type.getIntOrFloatBitWidth()));
        return key;
      });
}

/// Finding the k-th key takes a pass for each of its bits, so up to this many
/// indices are found sooner one after the other, in two passes each.
static constexpr int64_t fewIndices = 16;

namespace {
class Selection {
public:
  Selection(OpBuilder &builder, Location loc, Value keys, int64_t axis,
            int64_t k)
      : builder(builder), loc(loc), keys(keys), axis(axis), k(k),
        shape(typeOf(keys).getShape()),
        width(typeOf(keys).getElementTypeBitWidth()) {}

  Value run(Value out) {
    SmallVector<Value> lows, highs, steps, carried{out};
    for (int64_t size : shape.drop_back()) {
      lows.push_back(index(builder, 0));
      highs.push_back(index(builder, size));
      steps.push_back(index(builder, 1));
    }
    // Places, before and after a pass, in one tensor: two would be the same
    // one. What is not picked is written behind what is.
    if (k > fewIndices)
      carried.push_back(tensor::EmptyOp::create(
          builder, loc, ArrayRef<int64_t>{2, k + 1}, builder.getI32Type()));
    auto nest = scf::buildLoopNest(
        builder, loc, lows, highs, steps, carried,
        [&](OpBuilder &b, Location, ValueRange at, ValueRange now) {
          scf::ValueVector values(now.begin(), now.end());
          if (k <= fewIndices)
            values[0] = findEach(b, at, now[0]);
          else
            sortRow(b, at, values);
          return values;
        });
    return nest.results[0];
  }

private:
  using P = arith::CmpIPredicate;

  Value index(OpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value constant(OpBuilder &b, const APInt &value) {
    return arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(b.getIntegerType(value.getBitWidth()), value));
  }
  Value number(OpBuilder &b, int64_t value) {
    return constant(b, APInt(32, value, /*isSigned=*/true));
  }
  Value compare(OpBuilder &b, P predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(b, loc, predicate, lhs, rhs);
  }
  Value select(OpBuilder &b, Value condition, Value lhs, Value rhs) {
    return arith::SelectOp::create(b, loc, condition, lhs, rhs);
  }
  Value narrow(OpBuilder &b, Value i) {
    return arith::IndexCastOp::create(b, loc, b.getI32Type(), i);
  }
  Value keyAt(OpBuilder &b, ValueRange row, Value place) {
    SmallVector<Value> at(row);
    at.push_back(place);
    return tensor::ExtractOp::create(b, loc, keys, at);
  }
  /// `out` with `place` as the row's n-th index.
  Value store(OpBuilder &b, ValueRange row, Value nth, Value place, Value out) {
    SmallVector<Value> at(row);
    at.insert(at.begin() + axis, nth);
    Value wide =
        arith::ExtSIOp::create(b, loc, typeOf(out).getElementType(), place);
    return tensor::InsertOp::create(b, loc, wide, out, at);
  }

  using Body =
      llvm::function_ref<SmallVector<Value>(OpBuilder &, Value, ValueRange)>;
  ValueRange loop(OpBuilder &b, Value low, Value high, int64_t step,
                  ValueRange start, Body body) {
    return scf::ForOp::create(
               b, loc, low, high, index(b, step), start,
               [&](OpBuilder &inner, Location, Value i, ValueRange carried) {
                 scf::YieldOp::create(inner, loc, body(inner, i, carried));
               })
        .getResults();
  }

  using Step = llvm::function_ref<Value(OpBuilder &, Value key, Value place,
                                        Value carried)>;
  /// `step` for each key of a row.
  Value scan(OpBuilder &b, ValueRange row, Value start, Step step) {
    return loop(b, index(b, 0), index(b, shape.back()), 1, start,
                [&](OpBuilder &body, Value i, ValueRange carried) {
                  Value key = keyAt(body, row, i);
                  return SmallVector<Value>{
                      step(body, key, narrow(body, i), carried[0])};
                })
        .front();
  }
  /// How many keys of a row are so to `bound`.
  Value count(OpBuilder &b, ValueRange row, P predicate, Value bound) {
    return scan(
        b, row, number(b, 0),
        [&](OpBuilder &body, Value key, Value, Value so) -> Value {
          Value counts = compare(body, predicate, key, bound);
          return arith::AddIOp::create(
              body, loc, so,
              arith::ExtUIOp::create(body, loc, body.getI32Type(), counts));
        });
  }

  //===--------------------------------------------------------------------===//
  // Few
  //===--------------------------------------------------------------------===//

  /// Each is the first of those behind the one in front, by key and by place.
  Value findEach(OpBuilder &b, ValueRange row, Value out) {
    Value least = constant(b, APInt::getSignedMinValue(width));
    Value front = number(b, -1), behind = number(b, INT32_MAX);
    Value start[] = {out, constant(b, APInt::getSignedMaxValue(width)), front};
    return loop(b, index(b, 0), index(b, k), 1, start,
                [&](OpBuilder &body, Value nth, ValueRange carried) {
                  Value best =
                      nextKey(body, row, carried[1], carried[2], least);
                  Value isAgain = compare(body, P::eq, best, carried[1]);
                  Value beyond = select(body, isAgain, carried[2], front);
                  Value found = scan(
                      body, row, behind,
                      [&](OpBuilder &c, Value key, Value place, Value so) {
                        Value isEqual = compare(c, P::eq, key, best);
                        Value isBehind = compare(c, P::sgt, place, beyond);
                        Value isFound =
                            arith::AndIOp::create(c, loc, isEqual, isBehind);
                        Value candidate = select(c, isFound, place, behind);
                        return Value(
                            arith::MinSIOp::create(c, loc, so, candidate));
                      });
                  Value next = store(body, row, nth, found, carried[0]);
                  return SmallVector<Value>{next, best, found};
                })
        .front();
  }

  /// The largest key of those behind `last` at `lastPlace`.
  Value nextKey(OpBuilder &b, ValueRange row, Value last, Value lastPlace,
                Value least) {
    return scan(b, row, least,
                [&](OpBuilder &c, Value key, Value place, Value so) -> Value {
                  Value isBelow = compare(c, P::slt, key, last);
                  Value isEqual = compare(c, P::eq, key, last);
                  Value isBehind = compare(c, P::sgt, place, lastPlace);
                  Value isLater =
                      arith::AndIOp::create(c, loc, isEqual, isBehind);
                  Value isNext = arith::OrIOp::create(c, loc, isBelow, isLater);
                  return arith::MaxSIOp::create(c, loc, so,
                                                select(c, isNext, key, least));
                });
  }

  //===--------------------------------------------------------------------===//
  // Many
  //===--------------------------------------------------------------------===//

  /// `values` are the result and the places, [2, k + 1].
  void sortRow(OpBuilder &b, ValueRange row, scf::ValueVector &values) {
    values[1] = pick(b, row, findKth(b, row), values[1]);
    int64_t from = 0;
    for (int64_t run = 1; run < k; run *= 2, from = 1 - from)
      values[1] = merge(b, row, run, from, values[1]);
    Value sorted = values[1];
    values[0] =
        loop(b, index(b, 0), index(b, k), 1, values[0],
             [&](OpBuilder &body, Value nth, ValueRange out) {
               Value place = placeAt(body, sorted, from, nth);
               return SmallVector<Value>{store(body, row, nth, place, out[0])};
             })
            .front();
  }

  Value placeAt(OpBuilder &b, Value places, int64_t pass, Value i) {
    return tensor::ExtractOp::create(b, loc, places,
                                     ValueRange{index(b, pass), i});
  }

  /// The largest key that k keys or more reach, from its highest bit on.
  Value findKth(OpBuilder &b, ValueRange row) {
    Value sign = constant(b, APInt::getSignMask(width));
    Value found =
        loop(b, index(b, 0), index(b, width), 1,
             constant(b, APInt::getZero(width)),
             [&](OpBuilder &body, Value i, ValueRange so) {
               Value shift = arith::IndexCastOp::create(
                   body, loc, body.getIntegerType(width), i);
               Value bit = arith::ShRUIOp::create(body, loc, sign, shift);
               Value next = arith::OrIOp::create(body, loc, so[0], bit);
               Value reach =
                   count(body, row, P::sge,
                         arith::XOrIOp::create(body, loc, next, sign));
               Value isEnough = compare(body, P::sge, reach, number(body, k));
               return SmallVector<Value>{select(body, isEnough, next, so[0])};
             })
            .front();
    return arith::XOrIOp::create(b, loc, found, sign);
  }

  /// The places of what is above `kth`, and of as many of what equals it as
  /// there is room for, in ascending order.
  Value pick(OpBuilder &b, ValueRange row, Value kth, Value into) {
    Value room =
        arith::SubIOp::create(b, loc, number(b, k), count(b, row, P::sgt, kth));
    Value start[] = {into, index(b, 0), room};
    return loop(b, index(b, 0), index(b, shape.back()), 1, start,
                [&](OpBuilder &body, Value i, ValueRange carried) {
                  Value key = keyAt(body, row, i);
                  Value isAbove = compare(body, P::sgt, key, kth);
                  Value isEqual = compare(body, P::eq, key, kth);
                  Value hasRoom =
                      compare(body, P::sgt, carried[2], number(body, 0));
                  Value fills =
                      arith::AndIOp::create(body, loc, isEqual, hasRoom);
                  Value isPicked =
                      arith::OrIOp::create(body, loc, isAbove, fills);
                  Value picked = tensor::InsertOp::create(
                      body, loc, narrow(body, i), carried[0],
                      ValueRange{index(body, 0), carried[1]});
                  Value filled = arith::ExtUIOp::create(
                      body, loc, body.getI32Type(), fills);
                  Value next = advance(body, carried[1], isPicked);
                  Value left =
                      arith::SubIOp::create(body, loc, carried[2], filled);
                  return SmallVector<Value>{picked, next, left};
                })
        .front();
  }

  Value advance(OpBuilder &b, Value i, Value condition) {
    Value next = arith::AddIOp::create(b, loc, i, index(b, 1));
    return select(b, condition, next, i);
  }
  Value smaller(OpBuilder &b, Value i, Value bound) {
    return arith::MinUIOp::create(b, loc, i, bound);
  }

  /// Merges runs of `run` places each; of equal keys the left one stays first.
  Value merge(OpBuilder &b, ValueRange row, int64_t run, int64_t from,
              Value places) {
    Value end = index(b, k), last = index(b, k - 1);
    auto mergeTwo = [&](OpBuilder &body, Value start, ValueRange carried) {
      auto behind = [&](int64_t size) {
        Value stop = arith::AddIOp::create(body, loc, start, index(body, size));
        return smaller(body, stop, end);
      };
      Value middle = behind(run), stop = behind(2 * run);
      Value heads[] = {carried[0], start, middle};
      auto keyOf = [&](OpBuilder &c, Value place) {
        return keyAt(
            c, row,
            arith::IndexCastOp::create(c, loc, c.getIndexType(), place));
      };
      Value merged =
          loop(body, start, stop, 1, heads,
               [&](OpBuilder &c, Value i, ValueRange now) {
                 Value left =
                     placeAt(c, now[0], from, smaller(c, now[1], last));
                 Value right =
                     placeAt(c, now[0], from, smaller(c, now[2], last));
                 Value leftKey = keyOf(c, left), rightKey = keyOf(c, right);
                 Value isLarger = compare(c, P::sgt, rightKey, leftKey);
                 Value isLeftOver = compare(c, P::uge, now[1], middle);
                 Value isRightLeft = compare(c, P::ult, now[2], stop);
                 Value either =
                     arith::OrIOp::create(c, loc, isLarger, isLeftOver);
                 Value takesRight =
                     arith::AndIOp::create(c, loc, isRightLeft, either);
                 Value place = select(c, takesRight, right, left);
                 Value stored = tensor::InsertOp::create(
                     c, loc, place, now[0], ValueRange{index(c, 1 - from), i});
                 Value nextRight = advance(c, now[2], takesRight);
                 Value both = arith::AddIOp::create(c, loc, now[1], now[2]);
                 Value sum = arith::AddIOp::create(c, loc, both, index(c, 1));
                 Value nextLeft = arith::SubIOp::create(c, loc, sum, nextRight);
                 return SmallVector<Value>{stored, nextLeft, nextRight};
               })
              .front();
      return SmallVector<Value>{merged};
    };
    return loop(b, index(b, 0), end, 2 * run, places, mergeTwo).front();
  }

  OpBuilder &builder;
  Location loc;
  Value keys;
  int64_t axis, k;
  ArrayRef<int64_t> shape;
  unsigned width;
};
} // namespace

FailureOr<SmallVector<Value>>
TopIndicesOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Value keys =
      orderKeys(builder, getLoc(), inputs[0],
                typeOf(getInput()).getElementType(), getAxis(), getSmallest());
  return SmallVector<Value>{
      Selection(builder, getLoc(), keys, getAxis(), getK()).run(outputs[0])};
}
