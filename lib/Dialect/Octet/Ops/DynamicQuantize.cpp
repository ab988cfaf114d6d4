//===- DynamicQuantize.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dynamic_quantize: f32 to 8 bits, each row by its own range.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult DynamicQuantizeOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  auto shape = typeOf(adaptor.getInput()).getShape();
  if (shape.empty())
    return emitOptionalError(location, "the input must have a dimension");
  Builder builder(context);
  auto rows = shape.drop_back();
  types.push_back(
      RankedTensorType::get(shape, builder.getIntegerType(8, false)));
  types.push_back(RankedTensorType::get(rows, builder.getF32Type()));
  types.push_back(RankedTensorType::get(rows, builder.getI32Type()));
  return success();
}

/// All of a row depends on all of it.
SmallVector<int64_t> DynamicQuantizeOp::getDimensionSources(unsigned,
                                                            unsigned result) {
  int64_t rows = typeOf(getScale()).getRank();
  return sameDimensions(rows + (result == 0),
                        [&](int64_t d) { return d < rows; });
}

LogicalResult DynamicQuantizeOp::convertStorage(StorageConverter &) {
  StorageConverter::keepSignedResult(getOutput());
  return success();
}

FailureOr<SmallVector<Value>> DynamicQuantizeOp::lower(OpBuilder &builder,
                                                       ValueRange inputs,
                                                       ValueRange outputs) {
  auto loc = getLoc();
  unsigned rank = typeOf(inputs[0]).getRank();
  bool isSigned = isSignedStorage(getOutput());
  constexpr int32_t signedOffset = StorageConverter::offset;
  auto rowMap = builder.getMultiDimIdentityMap(rank - 1);
  auto ofRow = builder.getMultiDimIdentityMap(rank).getMajorSubMap(rank - 1);
  // [rows, 1]
  Value low = extremeAlong(builder, loc, inputs[0], rank - 1, /*smaller=*/true);
  Value high = extremeAlong(builder, loc, inputs[0], rank - 1);
  SmallVector<AffineExpr> exprs(rowMap.getResults());
  exprs.push_back(builder.getAffineConstantExpr(0));
  auto extremeMap = AffineMap::get(rank - 1, 0, exprs, builder.getContext());
  auto number = [](OpBuilder &b, Location at, float x) {
    return constantF32(b, at, x);
  };
  auto i32 = [](OpBuilder &b, Location at, int32_t x) -> Value {
    return arith::ConstantOp::create(b, at, b.getI32IntegerAttr(x));
  };

  // Every range has zero in it.
  auto withZero = [&](OpBuilder &b, Location at, Value x, bool smaller) {
    return extremeOrNaN(b, at, x, number(b, at, 0.0f), smaller);
  };
  Value scale = createElementwise(
      builder, loc, {low, high}, {extremeMap, extremeMap}, outputs[1],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value least = withZero(b, at, args[0], /*smaller=*/true);
        Value largest = withZero(b, at, args[1], /*smaller=*/false);
        Value steps = number(b, at, activationMax - activationMin);
        Value s = arith::SubFOp::create(
            b, at, arith::DivFOp::create(b, at, largest, steps),
            arith::DivFOp::create(b, at, least, steps));
        Value isSmall = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT,
                                              s, number(b, at, leastScale));
        return arith::SelectOp::create(b, at, isSmall, number(b, at, 1.0f), s);
      });
  Value inverse = createElementwise(
      builder, loc, scale, rowMap,
      tensor::EmptyOp::create(builder, loc, typeOf(scale).getShape(),
                              builder.getF32Type()),
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        return arith::DivFOp::create(b, at, number(b, at, 1.0f), args[0]);
      });
  // Where the row is not finite, the scale says so; the integers are any.
  auto orZero = [&](OpBuilder &b, Location at, Value x) -> Value {
    Value isNaN = arith::CmpFOp::create(b, at, arith::CmpFPredicate::UNO, x, x);
    return arith::SelectOp::create(b, at, isNaN, number(b, at, 0.0f), x);
  };
  auto noNaN = arith::FastMathFlags::nnan;
  Value zeroPoint = createElementwise(
      builder, loc, {low, inverse}, {extremeMap, rowMap}, outputs[2],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value least = withZero(b, at, args[0], /*smaller=*/true);
        Value x = arith::MulFOp::create(
            b, at, arith::NegFOp::create(b, at, least), args[1]);
        x = arith::MinNumFOp::create(b, at, orZero(b, at, x),
                                     number(b, at, activationMax), noNaN);
        x = math::RoundEvenOp::create(b, at, x);
        Value z = arith::FPToSIOp::create(b, at, b.getI32Type(), x);
        return isSigned
                   ? arith::SubIOp::create(b, at, z, i32(b, at, signedOffset))
                   : z;
      });
  Value q = createElementwise(
      builder, loc, {inputs[0], inverse, zeroPoint},
      {builder.getMultiDimIdentityMap(rank), ofRow, ofRow}, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value x = arith::MulFOp::create(b, at, args[0], args[1]);
        return roundAndSaturate(b, at, orZero(b, at, x), args[2], isSigned);
      });
  return SmallVector<Value>{q, scale, zeroPoint};
}
