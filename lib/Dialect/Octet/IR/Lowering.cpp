//===- Lowering.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

RankedTensorType lowering::signlessType(RankedTensorType type) {
  Type element = type.getElementType();
  if (auto integer = dyn_cast<IntegerType>(element))
    element = IntegerType::get(type.getContext(), integer.getWidth());
  return RankedTensorType::get(type.getShape(), element);
}

Value lowering::toSignless(OpBuilder &builder, Location loc, Value value) {
  auto type = signlessType(typeOf(value));
  if (type == value.getType())
    return value;
  if (auto cast = value.getDefiningOp<tensor::BitcastOp>();
      cast && cast.getSource().getType() == type)
    return cast.getSource();
  return tensor::BitcastOp::create(builder, loc, type, value);
}

static Value createGeneric(OpBuilder &builder, Location loc, ValueRange inputs,
                           ArrayRef<AffineMap> maps, Value out,
                           AffineMap outMap, Body body) {
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(outMap);
  // The output map's dimensions come first; what is left is reduced.
  SmallVector<utils::IteratorType> iterators(outMap.getNumDims(),
                                             utils::IteratorType::reduction);
  for (AffineExpr result : outMap.getResults())
    iterators[cast<AffineDimExpr>(result).getPosition()] =
        utils::IteratorType::parallel;
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange{out.getType()}, inputs, ValueRange{out}, allMaps,
      iterators, [&](OpBuilder &nested, Location at, ValueRange args) {
        linalg::YieldOp::create(nested, at, body(nested, at, args));
      });
  return generic.getResult(0);
}

Value lowering::createElementwise(OpBuilder &builder, Location loc,
                                  ValueRange inputs, ArrayRef<AffineMap> maps,
                                  Value out, Body body) {
  return createGeneric(builder, loc, inputs, maps, out,
                       builder.getMultiDimIdentityMap(typeOf(out).getRank()),
                       body);
}

Value lowering::createBroadcast(OpBuilder &builder, Location loc,
                                ValueRange inputs, Value out, Body body) {
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(broadcastMap(builder.getContext(), typeOf(input).getShape(),
                                typeOf(out).getShape()));
  return createElementwise(builder, loc, inputs, maps, out, body);
}

Value lowering::createReduction(OpBuilder &builder, Location loc,
                                ValueRange inputs, ArrayRef<AffineMap> maps,
                                Value out, AffineMap outMap, Body body) {
  return createGeneric(builder, loc, inputs, maps, out, outMap, body);
}

AffineMap lowering::broadcastMap(MLIRContext *context, ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> result) {
  SmallVector<AffineExpr> exprs;
  size_t skip = result.size() - shape.size();
  for (const auto &[i, size] : llvm::enumerate(shape))
    exprs.push_back(size == 1 && result[skip + i] != 1
                        ? getAffineConstantExpr(0, context)
                        : getAffineDimExpr(skip + i, context));
  return AffineMap::get(result.size(), 0, exprs, context);
}

Value lowering::constantF32(OpBuilder &builder, Location loc, float value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getF32FloatAttr(value));
}

Value lowering::clamp(OpBuilder &builder, Location loc, Value x,
                      std::optional<APFloat> low, std::optional<APFloat> high) {
  auto bound = [&](const APFloat &value, arith::CmpFPredicate predicate) {
    Value limit = constantF32(builder, loc, value.convertToFloat());
    Value beyond = arith::CmpFOp::create(builder, loc, predicate, x, limit);
    x = arith::SelectOp::create(builder, loc, beyond, limit, x);
  };
  if (low)
    bound(*low, arith::CmpFPredicate::OLT);
  if (high)
    bound(*high, arith::CmpFPredicate::OGT);
  return x;
}

/// rne(x) + zero_point in i32.
static Value roundToInteger(OpBuilder &builder, Location loc, Value x,
                            Value zeroPoint) {
  x = math::RoundEvenOp::create(builder, loc, x);
  Value q = arith::FPToSIOp::create(builder, loc, builder.getI32Type(), x);
  return arith::AddIOp::create(builder, loc, q, zeroPoint);
}

static Value narrow(OpBuilder &builder, Location loc, Value q,
                    arith::IntegerOverflowFlags noWrap) {
  return arith::TruncIOp::create(builder, loc, builder.getI8Type(), q, noWrap);
}

static arith::IntegerOverflowFlags fitsStorage(bool isSigned) {
  return isSigned ? arith::IntegerOverflowFlags::nsw
                  : arith::IntegerOverflowFlags::nuw;
}

static Value clampAndRound(OpBuilder &builder, Location loc, Value x, Value low,
                           Value high, Value zeroPoint) {
  auto noNaN = arith::FastMathFlags::nnan;
  x = arith::MaxNumFOp::create(builder, loc, x, low, noNaN);
  x = arith::MinNumFOp::create(builder, loc, x, high, noNaN);
  return roundToInteger(builder, loc, x, zeroPoint);
}

Value lowering::roundToStorage(OpBuilder &builder, Location loc, Value x,
                               Value low, Value high, Value zeroPoint,
                               bool isSigned) {
  // The clamp leaves nothing to cut off, so a saturating pack will do.
  return narrow(builder, loc,
                clampAndRound(builder, loc, x, low, high, zeroPoint),
                fitsStorage(isSigned));
}

Value lowering::roundToIndex(OpBuilder &builder, Location loc, Value x,
                             Value low, Value high, Value zeroPoint) {
  return narrow(builder, loc,
                clampAndRound(builder, loc, x, low, high, zeroPoint),
                arith::IntegerOverflowFlags::none);
}

Value lowering::roundAndSaturate(OpBuilder &builder, Location loc, Value x,
                                 Value zeroPoint, bool isSigned) {
  auto bound = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  };
  Value q = roundToInteger(builder, loc, x, zeroPoint);
  q = arith::MaxSIOp::create(builder, loc, q, bound(isSigned ? -128 : 0));
  q = arith::MinSIOp::create(builder, loc, q, bound(isSigned ? 127 : 255));
  return narrow(builder, loc, q, fitsStorage(isSigned));
}

bool lowering::isSignedStorage(Value tensor) {
  return typeOf(tensor).getElementType().isSignedInteger(8);
}

Value lowering::lookUp(OpBuilder &builder, Location loc, Value table, Value q) {
  Value index =
      arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), q);
  return tensor::ExtractOp::create(builder, loc, table, index);
}

Value lowering::widen(OpBuilder &builder, Location loc, Value q,
                      bool isSigned) {
  if (isSigned)
    return arith::ExtSIOp::create(builder, loc, builder.getI32Type(), q);
  return arith::ExtUIOp::create(builder, loc, builder.getI32Type(), q);
}

Value lowering::centered(OpBuilder &builder, Location loc, Value q,
                         bool isSigned, Value zeroPoint) {
  Value wide = widen(builder, loc, q, isSigned);
  wide = arith::SubIOp::create(builder, loc, wide, zeroPoint);
  return arith::SIToFPOp::create(builder, loc, builder.getF32Type(), wide);
}

Value lowering::contractible(OpBuilder &builder, Location loc, Value a, Value b,
                             Value c) {
  auto contract = arith::FastMathFlags::contract;
  Value product = arith::MulFOp::create(builder, loc, a, b, contract);
  return arith::AddFOp::create(builder, loc, c, product, contract);
}

Value lowering::fill(OpBuilder &builder, Location loc, TypedAttr value,
                     Value out) {
  Value scalar = arith::ConstantOp::create(builder, loc, value);
  return linalg::FillOp::create(builder, loc, scalar, out).getResult(0);
}

Value lowering::extremeOrNaN(OpBuilder &builder, Location loc, Value element,
                             Value accumulator, bool smaller) {
  auto predicate =
      smaller ? arith::CmpFPredicate::OLT : arith::CmpFPredicate::OGT;
  Value beyond =
      arith::CmpFOp::create(builder, loc, predicate, element, accumulator);
  Value isNaN = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO,
                                      element, element);
  Value wins = arith::OrIOp::create(builder, loc, beyond, isNaN);
  return arith::SelectOp::create(builder, loc, wins, element, accumulator);
}

Value lowering::copyThrough(OpBuilder &builder, Location loc, Value input,
                            AffineMap map, Value out) {
  return createElementwise(
      builder, loc, input, map, out,
      [](OpBuilder &, Location, ValueRange args) { return args[0]; });
}

Value lowering::copyInto(OpBuilder &builder, Location loc, Value source,
                         Value target, ArrayRef<int64_t> offsets) {
  auto type = typeOf(source);
  auto *context = builder.getContext();
  auto at = getAsIndexOpFoldResult(context, offsets);
  auto sizes = getAsIndexOpFoldResult(context, type.getShape());
  SmallVector<OpFoldResult> steps(type.getRank(), builder.getIndexAttr(1));
  Value slice = tensor::ExtractSliceOp::create(builder, loc, type, target, at,
                                               sizes, steps);
  Value copy =
      copyThrough(builder, loc, source,
                  builder.getMultiDimIdentityMap(type.getRank()), slice);
  return tensor::InsertSliceOp::create(builder, loc, copy, target, at, sizes,
                                       steps);
}

Value lowering::repeat(
    OpBuilder &builder, Location loc, ArrayRef<int64_t> counts, Value carried,
    llvm::function_ref<Value(OpBuilder &, ArrayRef<OpFoldResult>, Value)>
        body) {
  SmallVector<OpFoldResult> steps;
  for (int64_t count : counts)
    if (count != 1)
      steps.push_back(builder.getIndexAttr(count));
  SmallVector<OpFoldResult> position(counts.size(), builder.getIndexAttr(0));
  if (steps.empty())
    return body(builder, position, carried);
  auto loop =
      scf::ForallOp::create(builder, loc, steps, carried, /*mapping=*/{});
  SmallVector<Value> loopVariables = loop.getInductionVars();
  ValueRange variables = loopVariables;
  for (auto [at, count] : llvm::zip_equal(position, counts))
    if (count != 1) {
      at = variables.front();
      variables = variables.drop_front();
    }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  auto insert = body(builder, position, loop.getRegionIterArgs()[0])
                    .getDefiningOp<tensor::InsertSliceOp>();
  assert(insert && insert.getDest() == loop.getRegionIterArgs()[0] &&
         "each iteration computes a part of its own");
  builder.setInsertionPointToEnd(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      builder, loc, insert.getSource(), insert.getDest(),
      insert.getMixedOffsets(), insert.getMixedSizes(),
      insert.getMixedStrides());
  insert.erase();
  return loop.getResult(0);
}
