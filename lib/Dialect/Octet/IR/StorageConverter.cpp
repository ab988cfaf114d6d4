//===- StorageConverter.cpp ------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/StorageConverter.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace octet;

static RankedTensorType withSign(RankedTensorType type, bool isSigned) {
  auto signedness = isSigned ? IntegerType::Signed : IntegerType::Unsigned;
  return type.clone(IntegerType::get(type.getContext(), 8, signedness));
}

bool StorageConverter::isSigned(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isSignedInteger(8) &&
         !matchPattern(value, m_Constant());
}

ElementsAttr StorageConverter::signedElements(ConstantView from,
                                              ArrayRef<uint8_t> bytes) {
  return makeConstant<uint8_t>(withSign(from.getType(), true), bytes);
}

Value StorageConverter::constant(Location loc, ElementsAttr value) {
  return arith::ConstantOp::create(builder, loc, value);
}

void StorageConverter::takeSigned(OpOperand &operand) {
  if (isSigned(operand.get()))
    return;
  ConstantView elements = matchIntegers(operand.get());
  if (!elements) {
    operand.set(flip(operand.get()));
    return;
  }
  std::vector<uint8_t> bytes;
  for (uint8_t byte : elements.getValues<uint8_t>())
    bytes.push_back(byte ^ offset);
  operand.set(
      constant(operand.getOwner()->getLoc(), signedElements(elements, bytes)));
}

bool StorageConverter::takeSignedTable(OpOperand &table) {
  ConstantView elements = matchIntegers(table.get());
  if (!elements)
    return false;
  std::vector<uint8_t> bytes(elements.getNumElements());
  for (auto [i, byte] : llvm::enumerate(elements.getValues<uint8_t>()))
    bytes[i ^ offset] = byte ^ offset;
  table.set(
      constant(table.getOwner()->getLoc(), signedElements(elements, bytes)));
  return true;
}

void StorageConverter::takeUnsigned(OpOperand &operand) {
  if (isSigned(operand.get()))
    operand.set(flip(operand.get()));
}

void StorageConverter::shift(OpOperand &zeroPoint) {
  Location loc = zeroPoint.getOwner()->getLoc();
  Value less = arith::ConstantOp::create(builder, loc,
                                         builder.getI32IntegerAttr(offset));
  zeroPoint.set(
      builder.createOrFold<arith::SubIOp>(loc, zeroPoint.get(), less));
}

void StorageConverter::keepSigned(Operation *op) {
  for (Value result : op->getResults())
    keepSignedResult(result);
}

void StorageConverter::keepSignedResult(Value result) {
  result.setType(withSign(typeOf(result), true));
}

Value StorageConverter::flip(Value value) {
  Value &other = flipped[value];
  if (other)
    return other;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(value);
  auto type = withSign(typeOf(value), !isSigned(value));
  std::vector<uint8_t> bytes;
  for (unsigned i = 0; i < 256; ++i)
    bytes.push_back(i ^ offset);
  auto tableType = RankedTensorType::get({256}, type.getElementType());
  Value table =
      constant(value.getLoc(), makeConstant<uint8_t>(tableType, bytes));
  return other = LookupOp::create(builder, value.getLoc(), type, value, table);
}
