//===- TopIndices.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// top_indices: the order of elements.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult TopIndicesOp::inferReturnTypes(MLIRContext *context,
                                             std::optional<Location> location,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  Shape shape(typeOf(adaptor.getInput()).getShape());
  int64_t axis = adaptor.getAxis(), k = adaptor.getK();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return emitOptionalError(location, "axis ", axis, " is out of range");
  if (k < 0 || k > shape[axis])
    return emitOptionalError(location, "k = ", k, " is not between 0 and ",
                             shape[axis], ", the size of dimension ", axis);
  shape[axis] = k;
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 64)));
  return success();
}

LogicalResult TopIndicesOp::verify() {
  Type element = typeOf(getInput()).getElementType();
  if (!element.isF32() && !isa<IntegerType>(element))
    return emitOpError("has no order of ") << element;
  return success();
}

SmallVector<int64_t> TopIndicesOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getInput()).getRank(), [&](int64_t d) {
    return d != static_cast<int64_t>(getAxis());
  });
}

bool TopIndicesOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  setAxis(permutation[getAxis()]);
  return true;
}

static bool isUnsignedOrder(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

/// A signed number that has x's place in the order of f32.
static int64_t orderKey(const APFloat &x) {
  if (x.isZero())
    return 0;
  if (x.isNaN())
    return INT32_MAX;
  int64_t magnitude =
      x.bitcastToAPInt().getZExtValue() & static_cast<uint64_t>(INT32_MAX);
  return x.isNegative() ? -magnitude : magnitude;
}

OpFoldResult TopIndicesOp::fold(FoldAdaptor adaptor) {
  auto input = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput());
  if (!input)
    return {};
  SmallVector<int64_t> keys;
  if (auto floats = floatConstant(input))
    for (const APFloat &x : floats.getValues<APFloat>())
      keys.push_back(orderKey(x));
  else if (auto integers = integerConstant(input))
    for (const APInt &x : integers.getValues<APInt>())
      // Reversing the sign bit makes unsigned numbers of 64 bits signed ones.
      keys.push_back(isUnsignedOrder(integers.getElementType())
                         ? static_cast<int64_t>(x.getZExtValue() ^ (1ull << 63))
                         : x.getSExtValue());
  else
    return {};
  auto type = typeOf(getOutput());
  auto strides = computeStrides(typeOf(getInput()).getShape());
  int64_t axis = getAxis(), size = typeOf(getInput()).getDimSize(axis);
  auto resultStrides = computeStrides(type.getShape());
  SmallVector<int64_t> result(type.getNumElements());
  Shape rows(type.getShape());
  rows[axis] = 1;
  Shape position(rows.size(), 0);
  for (int64_t i = 0; i < computeProduct(rows); ++i) {
    int64_t start = linearize(position, strides);
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, size));
    llvm::sort(order, [&](int64_t a, int64_t b) {
      int64_t x = keys[start + a * strides[axis]];
      int64_t y = keys[start + b * strides[axis]];
      return x == y ? a < b : getSmallest() ? x < y : x > y;
    });
    int64_t to = linearize(position, resultStrides);
    for (int64_t nth = 0; nth < type.getDimSize(axis); ++nth)
      result[to + nth * resultStrides[axis]] = order[nth];
    advance(position, rows);
  }
  return DenseElementsAttr::get(type, ArrayRef<int64_t>(result));
}

/// orderKey of an f32 at run time.
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
  bool isFloat = element.isF32(), unsign = isUnsignedOrder(element);
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

namespace {
/// One after the other: each is the first of those that come after the one in
/// front, by key and by index.
class Selection {
public:
  Selection(OpBuilder &builder, Location loc, Value keys, int64_t axis,
            int64_t k)
      : builder(builder), loc(loc), keys(keys), axis(axis), k(k),
        shape(typeOf(keys).getShape()), element(typeOf(keys).getElementType()) {
  }

  Value run(Value out) {
    SmallVector<Value> lows, highs, steps;
    for (int64_t size : shape.drop_back()) {
      lows.push_back(index(builder, 0));
      highs.push_back(index(builder, size));
      steps.push_back(index(builder, 1));
    }
    auto nest = scf::buildLoopNest(
        builder, loc, lows, highs, steps, out,
        [&](OpBuilder &b, Location, ValueRange at, ValueRange carried) {
          return scf::ValueVector{selectRow(b, at, carried[0])};
        });
    return nest.results[0];
  }

private:
  Value index(OpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value constant(OpBuilder &b, const APInt &value) {
    return arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(b.getIntegerType(value.getBitWidth()), value));
  }
  Value compare(OpBuilder &b, arith::CmpIPredicate predicate, Value lhs,
                Value rhs) {
    return arith::CmpIOp::create(b, loc, predicate, lhs, rhs);
  }

  using Step = llvm::function_ref<Value(OpBuilder &, Value key, Value place,
                                        Value carried)>;
  /// `step` for each key of the row at `position`.
  Value scan(OpBuilder &b, ValueRange position, Value start, Step step) {
    auto loop = scf::ForOp::create(
        b, loc, index(b, 0), index(b, shape.back()), index(b, 1), start,
        [&](OpBuilder &body, Location, Value i, ValueRange carried) {
          SmallVector<Value> at(position);
          at.push_back(i);
          Value key = tensor::ExtractOp::create(body, loc, keys, at);
          Value place =
              arith::IndexCastOp::create(body, loc, body.getI32Type(), i);
          scf::YieldOp::create(body, loc, step(body, key, place, carried[0]));
        });
    return loop.getResult(0);
  }

  Value selectRow(OpBuilder &b, ValueRange position, Value out) {
    using P = arith::CmpIPredicate;
    unsigned width = element.getIntOrFloatBitWidth();
    Value least = constant(b, APInt::getSignedMinValue(width));
    Value front = constant(b, APInt::getAllOnes(32));
    Value behind = constant(b, APInt::getSignedMaxValue(32));
    Value start[] = {out, constant(b, APInt::getSignedMaxValue(width)), front};
    auto loop = scf::ForOp::create(
        b, loc, index(b, 0), index(b, k), index(b, 1), start,
        [&](OpBuilder &body, Location, Value nth, ValueRange carried) {
          Value lastKey = carried[1], lastPlace = carried[2];
          Value best = scan(
              body, position, least,
              [&](OpBuilder &c, Value key, Value place, Value so) -> Value {
                Value isBelow = compare(c, P::slt, key, lastKey);
                Value isEqual = compare(c, P::eq, key, lastKey);
                Value isBehind = compare(c, P::sgt, place, lastPlace);
                Value isLater =
                    arith::AndIOp::create(c, loc, isEqual, isBehind);
                Value isNext = arith::OrIOp::create(c, loc, isBelow, isLater);
                return arith::MaxSIOp::create(
                    c, loc, so,
                    arith::SelectOp::create(c, loc, isNext, key, least));
              });
          Value isAgain = compare(body, P::eq, best, lastKey);
          Value beyond =
              arith::SelectOp::create(body, loc, isAgain, lastPlace, front);
          Value found = scan(
              body, position, behind,
              [&](OpBuilder &c, Value key, Value place, Value so) -> Value {
                Value isEqual = compare(c, P::eq, key, best);
                Value isBehind = compare(c, P::sgt, place, beyond);
                Value isFound =
                    arith::AndIOp::create(c, loc, isEqual, isBehind);
                return arith::MinSIOp::create(
                    c, loc, so,
                    arith::SelectOp::create(c, loc, isFound, place, behind));
              });
          SmallVector<Value> at(position);
          at.insert(at.begin() + axis, nth);
          Value wide = arith::ExtSIOp::create(
              body, loc, typeOf(carried[0]).getElementType(), found);
          Value next =
              tensor::InsertOp::create(body, loc, wide, carried[0], at);
          scf::YieldOp::create(body, loc, ValueRange{next, best, found});
        });
    return loop.getResult(0);
  }

  OpBuilder &builder;
  Location loc;
  Value keys;
  int64_t axis, k;
  ArrayRef<int64_t> shape;
  Type element;
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
