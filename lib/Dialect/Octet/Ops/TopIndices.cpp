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
  SmallVector<int64_t> result;
  Shape position(type.getRank(), 0);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t nth = std::exchange(position[axis], 0);
    int64_t start = linearize(position, strides);
    position[axis] = nth;
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, size));
    llvm::sort(order, [&](int64_t a, int64_t b) {
      int64_t x = keys[start + a * strides[axis]];
      int64_t y = keys[start + b * strides[axis]];
      return x == y ? a < b : getSmallest() ? x < y : x > y;
    });
    result.push_back(order[nth]);
    advance(position, type.getShape());
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

FailureOr<SmallVector<Value>>
TopIndicesOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto loc = getLoc();
  auto *context = builder.getContext();
  Value keys = inputs[0];
  auto shape = typeOf(keys).getShape();
  unsigned rank = shape.size(), axis = getAxis();
  auto identity = builder.getMultiDimIdentityMap(rank);
  Type i32 = builder.getI32Type();
  auto zeros = [&](ArrayRef<int64_t> sizes) {
    return fill(builder, loc, builder.getI32IntegerAttr(0),
                tensor::EmptyOp::create(builder, loc, sizes, i32));
  };
  if (typeOf(keys).getElementType().isF32())
    keys = createElementwise(builder, loc, keys, identity,
                             tensor::EmptyOp::create(builder, loc, shape, i32),
                             [](OpBuilder &b, Location at, ValueRange args) {
                               return orderKey(b, at, args[0]);
                             });
  // The last of rank + 1 loops runs over the elements that one is compared with
  // and then over those that may come k-th.
  auto own =
      AffineMap::getMultiDimIdentityMap(rank + 1, context).getMajorSubMap(rank);
  SmallVector<AffineExpr> exprs(own.getResults());
  exprs[axis] = getAffineDimExpr(rank, context);
  auto other = AffineMap::get(rank + 1, 0, exprs, context);
  bool unsign = isUnsignedOrder(typeOf(getInput()).getElementType());
  using P = arith::CmpIPredicate;
  P before =
      getSmallest() ? (unsign ? P::ult : P::slt) : (unsign ? P::ugt : P::sgt);
  // How many elements come before each.
  Value places = createReduction(
      builder, loc, {keys, keys}, {own, other}, zeros(shape), own,
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value isBefore = arith::CmpIOp::create(b, at, before, args[1], args[0]);
        Value isEqual = arith::CmpIOp::create(b, at, P::eq, args[1], args[0]);
        Value isLower = arith::CmpIOp::create(
            b, at, P::ult, linalg::IndexOp::create(b, at, rank),
            linalg::IndexOp::create(b, at, axis));
        Value counts = arith::OrIOp::create(
            b, at, isBefore, arith::AndIOp::create(b, at, isEqual, isLower));
        return arith::AddIOp::create(
            b, at, args[2], arith::ExtUIOp::create(b, at, i32, counts));
      });
  auto type = typeOf(outputs[0]);
  Value chosen = createReduction(
      builder, loc, places, other, zeros(type.getShape()), own,
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value nth = arith::IndexCastOp::create(
            b, at, i32, linalg::IndexOp::create(b, at, axis));
        Value self = arith::IndexCastOp::create(
            b, at, i32, linalg::IndexOp::create(b, at, rank));
        Value isNth = arith::CmpIOp::create(b, at, P::eq, args[0], nth);
        return arith::SelectOp::create(b, at, isNth, self, args[1]);
      });
  return SmallVector<Value>{createElementwise(
      builder, loc, chosen, identity, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        return arith::ExtSIOp::create(b, at, type.getElementType(), args[0]);
      })};
}
