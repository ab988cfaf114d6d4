//===- Scales.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// observe, and the borders between f32 and 8 bits: quantize and dequantize.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Observe
//===----------------------------------------------------------------------===//

LogicalResult ObserveOp::verify() {
  if (bool(getLow()) != bool(getHigh()))
    return emitOpError("low and high come together");
  return success();
}

void ObserveOp::build(OpBuilder &builder, OperationState &state, Value input,
                      StringRef key) {
  build(builder, state, input.getType(), input, builder.getStringAttr(key),
        FloatAttr(), FloatAttr());
}

FailureOr<SmallVector<Value>> ObserveOp::lower(OpBuilder &, ValueRange,
                                               ValueRange) {
  // A call of the harness, no computation.
  return failure();
}

//===----------------------------------------------------------------------===//
// Quantize
//===----------------------------------------------------------------------===//

LogicalResult QuantizeOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location> location,
                                           Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  return inferPermuted(location, adaptor.getPermutation(), adaptor.getInput(),
                       types);
}

LogicalResult QuantizeOp::verify() {
  auto shape = typeOf(getOutput()).getShape();
  for (Value parameter : {getOffset(), getDivisor()}) {
    auto sizes = typeOf(parameter).getShape();
    if (sizes.size() != 1 ||
        (sizes[0] != 1 && (shape.empty() || sizes[0] != shape.back())))
      return emitOpError(
          "offset and divisor must have one value or one for each channel");
  }
  return success();
}

SmallVector<int64_t> QuantizeOp::getDimensionSources(unsigned operand,
                                                     unsigned) {
  if (operand == 0)
    return SmallVector<int64_t>(getPermutation());
  return sameDimensions(getPermutation().size(), [](int64_t) { return false; });
}

LogicalResult QuantizeOp::convertStorage(StorageConverter &converter) {
  converter.shift(getZeroPointMutable());
  converter.keepSigned(*this);
  return success();
}

FailureOr<SmallVector<Value>>
QuantizeOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto *context = builder.getContext();
  unsigned rank = typeOf(getOutput()).getRank();
  // Dimension i of the result is dimension permutation[i] of the input.
  SmallVector<AffineExpr> exprs(rank);
  for (unsigned i = 0; i < rank; ++i)
    exprs[getPermutation()[i]] = getAffineDimExpr(i, context);
  auto channelMap = [&](Value parameter) {
    bool single = typeOf(parameter).getDimSize(0) == 1;
    return AffineMap::get(rank, 0,
                          single ? getAffineConstantExpr(0, context)
                                 : getAffineDimExpr(rank - 1, context));
  };
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), {getInput(), getOffset(), getDivisor()},
      {AffineMap::get(rank, 0, exprs, context), channelMap(getOffset()),
       channelMap(getDivisor())},
      outputs[0], [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value x = arith::SubFOp::create(b, at, args[0], args[1]);
        x = arith::DivFOp::create(b, at, x, args[2]);
        Value isNaN =
            arith::CmpFOp::create(b, at, arith::CmpFPredicate::UNO, x, x);
        x = arith::SelectOp::create(b, at, isNaN, constantF32(b, at, 0.0f), x);
        return roundToStorage(b, at, x, *this);
      })};
}

//===----------------------------------------------------------------------===//
// Dequantize
//===----------------------------------------------------------------------===//

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext *context,
                                             std::optional<Location>,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(typeOf(adaptor.getInput()).getShape(),
                                        Float32Type::get(context)));
  return success();
}

LogicalResult DequantizeOp::convertStorage(StorageConverter &converter) {
  converter.takeSigned(getInputMutable());
  converter.shift(getZeroPointMutable());
  return success();
}

FailureOr<SmallVector<Value>>
DequantizeOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), inputs[0],
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        return arith::MulFOp::create(b, at,
                                     centered(b, at, args[0],
                                              isSignedStorage(getInput()),
                                              getZeroPoint()),
                                     getScale());
      })};
}
