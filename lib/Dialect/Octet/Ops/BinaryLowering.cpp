//===- BinaryLowering.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference lowering of binary, on f32 and on integers.
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

static Value lowerFloat(BinaryKind kind, OpBuilder &b, Location at, Value x,
                        Value y) {
  switch (kind) {
  case BinaryKind::Add:
    return arith::AddFOp::create(b, at, x, y);
  case BinaryKind::Sub:
    return arith::SubFOp::create(b, at, x, y);
  case BinaryKind::Mul:
    return arith::MulFOp::create(b, at, x, y);
  case BinaryKind::Div:
    return arith::DivFOp::create(b, at, x, y);
  case BinaryKind::Max:
  case BinaryKind::Min:
    return extremeOrNaN(b, at, x, y, kind == BinaryKind::Min);
  case BinaryKind::Pow:
    return math::PowFOp::create(b, at, x, y);
  case BinaryKind::Mod: {
    Value rest = arith::RemFOp::create(b, at, x, y);
    Value zero = constantF32(b, at, 0.0f);
    auto compare = [&](arith::CmpFPredicate predicate, Value value) {
      return arith::CmpFOp::create(b, at, predicate, value, zero);
    };
    Value differ =
        arith::XOrIOp::create(b, at, compare(arith::CmpFPredicate::OLT, rest),
                              compare(arith::CmpFPredicate::OLT, y));
    Value adds = arith::AndIOp::create(
        b, at, differ, compare(arith::CmpFPredicate::UNE, rest));
    // A zero has the divisor's sign too.
    Value whole =
        arith::SelectOp::create(b, at, compare(arith::CmpFPredicate::OEQ, rest),
                                math::CopySignOp::create(b, at, rest, y), rest);
    return arith::SelectOp::create(
        b, at, adds, arith::AddFOp::create(b, at, rest, y), whole);
  }
  case BinaryKind::Rem:
    return arith::RemFOp::create(b, at, x, y);
  case BinaryKind::And:
  case BinaryKind::Or:
  case BinaryKind::Xor:
  case BinaryKind::ShiftLeft:
  case BinaryKind::ShiftRight:
    break;
  }
  llvm_unreachable("unknown function");
}

/// x^y, wrapped, by squaring; 0 for a fraction.
static Value powerOfIntegers(OpBuilder &b, Location at, Value x, Value y,
                             bool isUnsigned) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, at,
                                     b.getIntegerAttr(x.getType(), value));
  };
  auto equals = [&](Value value, Value other) -> Value {
    return arith::CmpIOp::create(b, at, arith::CmpIPredicate::eq, value, other);
  };
  unsigned width = x.getType().getIntOrFloatBitWidth();
  Value zero = constant(0), one = constant(1), base = x, result = one;
  auto hasBit = [&](unsigned bit) {
    Value mask = constant(APInt::getOneBitSet(width, bit).getSExtValue());
    return equals(arith::AndIOp::create(b, at, y, mask), mask);
  };
  for (unsigned bit = 0; bit < width; ++bit) {
    if (bit > 0)
      base = arith::MulIOp::create(b, at, base, base);
    Value product = arith::MulIOp::create(b, at, result, base);
    result = arith::SelectOp::create(b, at, hasBit(bit), product, result);
  }
  if (isUnsigned)
    return result;
  // A negative exponent leaves something of 1 and -1 only.
  Value odd = arith::SelectOp::create(b, at, hasBit(0), x, one);
  Value unit = arith::SelectOp::create(
      b, at, equals(x, one), one,
      arith::SelectOp::create(b, at, equals(x, constant(-1)), odd, zero));
  Value isNegative =
      arith::CmpIOp::create(b, at, arith::CmpIPredicate::slt, y, zero);
  return arith::SelectOp::create(b, at, isNegative, unit, result);
}

/// A count that is negative or too large shifts all bits out.
static Value shiftIntegers(bool left, OpBuilder &b, Location at, Value x,
                           Value y, bool isUnsigned) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, at,
                                     b.getIntegerAttr(x.getType(), value));
  };
  unsigned width = x.getType().getIntOrFloatBitWidth();
  Value last = constant(width - 1);
  Value isInside =
      arith::CmpIOp::create(b, at, arith::CmpIPredicate::ule, y, last);
  Value count = arith::SelectOp::create(b, at, isInside, y, last);
  if (!left && !isUnsigned)
    return arith::ShRSIOp::create(b, at, x, count);
  Value shifted = left ? arith::ShLIOp::create(b, at, x, count).getResult()
                       : arith::ShRUIOp::create(b, at, x, count).getResult();
  return arith::SelectOp::create(b, at, isInside, shifted, constant(0));
}

/// x / y, x mod y or x rem y, or 0 where it is not defined: machines differ
/// there.
static Value divideIntegers(BinaryKind kind, OpBuilder &b, Location at, Value x,
                            Value y, bool isUnsigned) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, at,
                                     b.getIntegerAttr(x.getType(), value));
  };
  auto equals = [&](Value value, Value other) -> Value {
    return arith::CmpIOp::create(b, at, arith::CmpIPredicate::eq, value, other);
  };
  unsigned width = x.getType().getIntOrFloatBitWidth();
  Value undefined = equals(y, constant(0));
  if (!isUnsigned) {
    Value lowest = constant(APInt::getSignedMinValue(width).getSExtValue());
    Value overflows = arith::AndIOp::create(b, at, equals(x, lowest),
                                            equals(y, constant(-1)));
    undefined = arith::OrIOp::create(b, at, undefined, overflows);
  }
  Value one = constant(1);
  Value divisor = arith::SelectOp::create(b, at, undefined, one, y);
  Value result;
  if (kind == BinaryKind::Div)
    result = isUnsigned ? arith::DivUIOp::create(b, at, x, divisor).getResult()
                        : arith::DivSIOp::create(b, at, x, divisor).getResult();
  else
    result = isUnsigned ? arith::RemUIOp::create(b, at, x, divisor).getResult()
                        : arith::RemSIOp::create(b, at, x, divisor).getResult();
  if (kind == BinaryKind::Mod && !isUnsigned) {
    auto isNegative = [&](Value value) {
      return arith::CmpIOp::create(b, at, arith::CmpIPredicate::slt, value,
                                   constant(0));
    };
    Value differ =
        arith::XOrIOp::create(b, at, isNegative(result), isNegative(divisor));
    Value isRest = arith::CmpIOp::create(b, at, arith::CmpIPredicate::ne,
                                         result, constant(0));
    result = arith::SelectOp::create(
        b, at, arith::AndIOp::create(b, at, differ, isRest),
        arith::AddIOp::create(b, at, result, divisor), result);
  }
  return arith::SelectOp::create(b, at, undefined, constant(0), result);
}

static Value lowerIntegers(BinaryKind kind, OpBuilder &b, Location at, Value x,
                           Value y, bool isUnsigned) {
  switch (kind) {
  case BinaryKind::Add:
    return arith::AddIOp::create(b, at, x, y);
  case BinaryKind::Sub:
    return arith::SubIOp::create(b, at, x, y);
  case BinaryKind::Mul:
    return arith::MulIOp::create(b, at, x, y);
  case BinaryKind::Div:
  case BinaryKind::Mod:
  case BinaryKind::Rem:
    return divideIntegers(kind, b, at, x, y, isUnsigned);
  case BinaryKind::Max:
    return isUnsigned ? arith::MaxUIOp::create(b, at, x, y).getResult()
                      : arith::MaxSIOp::create(b, at, x, y).getResult();
  case BinaryKind::Min:
    return isUnsigned ? arith::MinUIOp::create(b, at, x, y).getResult()
                      : arith::MinSIOp::create(b, at, x, y).getResult();
  case BinaryKind::Pow:
    return powerOfIntegers(b, at, x, y, isUnsigned);
  case BinaryKind::And:
    return arith::AndIOp::create(b, at, x, y);
  case BinaryKind::Or:
    return arith::OrIOp::create(b, at, x, y);
  case BinaryKind::Xor:
    return arith::XOrIOp::create(b, at, x, y);
  case BinaryKind::ShiftLeft:
  case BinaryKind::ShiftRight:
    return shiftIntegers(kind == BinaryKind::ShiftLeft, b, at, x, y,
                         isUnsigned);
  }
  llvm_unreachable("unknown function");
}

Value BinaryOp::lowerElement(OpBuilder &builder, ValueRange elements) {
  return clamp(
      builder, getLoc(),
      lowerFloat(getKind(), builder, getLoc(), elements[0], elements[1]),
      getClampMin(), getClampMax());
}

FailureOr<SmallVector<Value>>
BinaryOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Type element = typeOf(getOutput()).getElementType();
  if (!element.isF32() && !isa<IntegerType>(element))
    return failure();
  return SmallVector<Value>{createBroadcast(
      builder, getLoc(), inputs, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        if (!element.isF32())
          return lowerIntegers(getKind(), b, at, args[0], args[1],
                               element.isUnsignedInteger() ||
                                   element.isInteger(1));
        return lowerElement(b, args.take_front(2));
      })};
}
