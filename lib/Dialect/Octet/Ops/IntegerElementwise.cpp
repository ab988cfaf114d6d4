//===- IntegerElementwise.cpp ----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// integer_add, integer_mul, integer_extreme and lookup: elementwise operations
// on 8-bit values.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult IntegerAddOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> location,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  return inferAs(location,
                 inferBroadcast(typeOf(adaptor.getLhs()).getShape(),
                                typeOf(adaptor.getRhs()).getShape()),
                 adaptor.getLhs(), types);
}
LogicalResult IntegerMulOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> location,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  return inferAs(location,
                 inferBroadcast(typeOf(adaptor.getLhs()).getShape(),
                                typeOf(adaptor.getRhs()).getShape()),
                 adaptor.getLhs(), types);
}
LogicalResult IntegerExtremeOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  return inferAs(location,
                 inferBroadcast(typeOf(adaptor.getLhs()).getShape(),
                                typeOf(adaptor.getRhs()).getShape()),
                 adaptor.getLhs(), types);
}
LogicalResult LookupOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}

LogicalResult LookupOp::verify() {
  if (typeOf(getTable()).getShape() != ArrayRef<int64_t>{256})
    return emitOpError("table must have 256 entries");
  return success();
}

LogicalResult LookupOp::convertStorage(StorageConverter &converter) {
  if (!converter.takeSignedTable(getTableMutable()))
    return emitOpError("needs a constant table: signed storage changes it");
  converter.takeSigned(getInputMutable());
  converter.keepSigned(*this);
  return success();
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// Lowers an operation on two broadcast operands with body(b, at, x, y), which
/// are centered at their zero points.
template <typename Op, typename Body>
static SmallVector<Value> lowerCentered(Op op, OpBuilder &builder,
                                        ValueRange outputs, Body body) {
  SmallVector<Value> inputs{toSignless(builder, op.getLoc(), op.getLhs()),
                            toSignless(builder, op.getLoc(), op.getRhs())};
  return {createBroadcast(
      builder, op.getLoc(), inputs, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value x = centered(b, at, args[0], isSignedStorage(op.getLhs()),
                           op.getLhsZeroPoint());
        Value y = centered(b, at, args[1], isSignedStorage(op.getRhs()),
                           op.getRhsZeroPoint());
        return roundToStorage(b, at, body(b, at, x, y), op);
      })};
}

FailureOr<SmallVector<Value>>
IntegerAddOp::lower(OpBuilder &builder, ValueRange, ValueRange outputs) {
  return lowerCentered(
      *this, builder, outputs,
      [&](OpBuilder &b, Location at, Value x, Value y) -> Value {
        x = arith::MulFOp::create(b, at, x, getLhsMultiplier());
        y = arith::MulFOp::create(b, at, y, getRhsMultiplier());
        return arith::AddFOp::create(b, at, x, y);
      });
}

FailureOr<SmallVector<Value>>
IntegerMulOp::lower(OpBuilder &builder, ValueRange, ValueRange outputs) {
  return lowerCentered(
      *this, builder, outputs,
      [&](OpBuilder &b, Location at, Value x, Value y) -> Value {
        // The product of two centered bytes is exact in f32.
        Value product = arith::MulFOp::create(b, at, x, y);
        return arith::MulFOp::create(b, at, product, getMultiplier());
      });
}

FailureOr<SmallVector<Value>>
IntegerExtremeOp::lower(OpBuilder &builder, ValueRange, ValueRange outputs) {
  return lowerCentered(
      *this, builder, outputs,
      [&](OpBuilder &b, Location at, Value x, Value y) -> Value {
        x = arith::MulFOp::create(b, at, x, getLhsMultiplier());
        y = arith::MulFOp::create(b, at, y, getRhsMultiplier());
        auto noNaN = arith::FastMathFlags::nnan;
        if (getSmaller())
          return arith::MinNumFOp::create(b, at, x, y, noNaN);
        return arith::MaxNumFOp::create(b, at, x, y, noNaN);
      });
}

FailureOr<SmallVector<Value>>
LookupOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), inputs[0],
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) {
        return lookUp(b, at, inputs[1], args[0]);
      })};
}
