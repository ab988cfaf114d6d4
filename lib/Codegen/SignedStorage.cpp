//===- SignedStorage.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A quantized value q is kept as q - 128, which flips the top bit of its byte:
// zero points move by 128, and biases make up for what the products lose.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_SIGNEDSTORAGE
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

constexpr uint8_t topBit = 0x80;

class Signer {
public:
  explicit Signer(func::FuncOp function)
      : function(function), builder(function.getContext()) {}

  LogicalResult run() {
    for (Operation &op :
         llvm::make_early_inc_range(function.getBody().front())) {
      builder.setInsertionPoint(&op);
      if (failed(convert(&op)))
        return failure();
    }
    return success();
  }

private:
  LogicalResult convert(Operation *op) {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](QuantizeOp quantize) {
          shift(quantize.getZeroPointMutable());
          return keepSigned(op);
        })
        .Case([&](DequantizeOp dequantize) {
          takeSigned(dequantize.getInputMutable());
          shift(dequantize.getZeroPointMutable());
          return success();
        })
        .Case([&](IntegerConv2DOp conv) { return convertConv(conv); })
        .Case([&](IntegerAvgPool2DOp pool) {
          takeSigned(pool.getInputMutable());
          shift(pool.getInputZeroPointMutable());
          shift(pool.getZeroPointMutable());
          return keepSigned(op);
        })
        .Case<IntegerAddOp, IntegerMulOp>([&](auto binary) {
          takeSigned(binary.getLhsMutable());
          takeSigned(binary.getRhsMutable());
          shift(binary.getLhsZeroPointMutable());
          shift(binary.getRhsZeroPointMutable());
          shift(binary.getZeroPointMutable());
          return keepSigned(op);
        })
        .Case([&](LookupOp lookup) { return convertLookup(lookup); })
        .Case<MaxPool2DOp, ReshapeOp, TransposeOp, SliceOp, PadOp, ConcatOp,
              CopyOp>([&](auto) { return convertMove(op); })
        .Default([&](Operation *) {
          for (OpOperand &operand : op->getOpOperands())
            if (isSigned(operand.get()))
              operand.set(flip(operand.get()));
          return success();
        });
  }

  LogicalResult convertConv(IntegerConv2DOp op) {
    DenseElementsAttr filter, bias;
    if (op.getLanes() || !matchPattern(op.getFilter(), m_Constant(&filter)) ||
        !matchPattern(op.getBias(), m_Constant(&bias)))
      return op.emitOpError("needs a constant filter and bias that are not "
                            "blocked yet: signed storage changes the bias");
    // bias + 128 · Σ filter, which wraps as accumulators do.
    std::vector<int32_t> biases(bias.getValues<int32_t>().begin(),
                                bias.getValues<int32_t>().end());
    int64_t perOutput = filter.getNumElements() / biases.size();
    for (auto [i, w] : llvm::enumerate(filter.getValues<int8_t>())) {
      int32_t &sum = biases[i / perOutput];
      sum = static_cast<int32_t>(static_cast<uint32_t>(sum) + topBit * w);
    }
    op.getBiasMutable().assign(constant(
        op, DenseElementsAttr::get(bias.getType(), ArrayRef<int32_t>(biases))));
    takeSigned(op.getInputMutable());
    if (op.getResidual()) {
      takeSigned(*op.getResidualMutable().begin());
      shift(*op.getResidualZeroPointMutable().begin());
    }
    shift(op.getZeroPointMutable());
    return keepSigned(op);
  }

  LogicalResult convertLookup(LookupOp op) {
    DenseElementsAttr table;
    if (!matchPattern(op.getTable(), m_Constant(&table)))
      return op.emitOpError(
          "needs a constant table: signed storage changes it");
    takeSigned(op.getInputMutable());
    // A byte's bits are the index.
    std::vector<uint8_t> values(table.getNumElements());
    for (auto [i, value] : llvm::enumerate(table.getValues<uint8_t>()))
      values[i ^ topBit] = value ^ topBit;
    op.getTableMutable().assign(constant(op, signedElements(table, values)));
    return keepSigned(op);
  }

  /// What moves bytes follows its operands.
  LogicalResult convertMove(Operation *op) {
    if (llvm::none_of(op->getOperands(), [](Value v) { return isSigned(v); }))
      return success();
    for (OpOperand &operand : op->getOpOperands())
      takeSigned(operand);
    if (auto pad = dyn_cast<PadOp>(op))
      pad.setValue(APFloat(pad.getValue().convertToFloat() - topBit));
    return keepSigned(op);
  }

  static RankedTensorType typeOf(Value value) {
    return cast<RankedTensorType>(value.getType());
  }
  static bool isSigned(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getElementType().isSignedInteger(8) &&
           !matchPattern(value, m_Constant());
  }
  RankedTensorType withSign(RankedTensorType type, bool isSigned) {
    return type.clone(builder.getIntegerType(8, isSigned));
  }

  /// The same bytes as signed numbers, as `from` has unsigned ones.
  DenseElementsAttr signedElements(DenseElementsAttr from,
                                   ArrayRef<uint8_t> bytes) {
    auto type = withSign(cast<RankedTensorType>(from.getType()), true);
    return DenseElementsAttr::get(
        type,
        ArrayRef(reinterpret_cast<const int8_t *>(bytes.data()), bytes.size()));
  }

  Value constant(Operation *op, DenseElementsAttr value) {
    return arith::ConstantOp::create(builder, op->getLoc(), value);
  }

  LogicalResult keepSigned(Operation *op) {
    Value result = op->getResult(0);
    result.setType(withSign(typeOf(result), true));
    return success();
  }

  void shift(OpOperand &zeroPoint) {
    Location loc = zeroPoint.getOwner()->getLoc();
    Value offset = arith::ConstantOp::create(builder, loc,
                                             builder.getI32IntegerAttr(topBit));
    zeroPoint.set(
        builder.createOrFold<arith::SubIOp>(loc, zeroPoint.get(), offset));
  }

  /// Makes an operand that a model's input or a constant gives signed.
  void takeSigned(OpOperand &operand) {
    DenseElementsAttr elements;
    if (isSigned(operand.get()))
      return;
    if (!matchPattern(operand.get(), m_Constant(&elements))) {
      operand.set(flip(operand.get()));
      return;
    }
    std::vector<uint8_t> bytes;
    for (uint8_t byte : elements.getValues<uint8_t>())
      bytes.push_back(byte ^ topBit);
    operand.set(constant(operand.getOwner(), signedElements(elements, bytes)));
  }

  /// From one storage to the other.
  Value flip(Value value) {
    Value &other = flipped[value];
    if (other)
      return other;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(value);
    auto type = withSign(typeOf(value), !isSigned(value));
    std::vector<uint8_t> bytes;
    for (unsigned i = 0; i < 256; ++i)
      bytes.push_back(i ^ topBit);
    auto tableType = RankedTensorType::get({256}, type.getElementType());
    Value table = arith::ConstantOp::create(
        builder, value.getLoc(),
        DenseElementsAttr::getFromRawBuffer(
            tableType, ArrayRef(reinterpret_cast<const char *>(bytes.data()),
                                bytes.size())));
    return other =
               LookupOp::create(builder, value.getLoc(), type, value, table);
  }

  func::FuncOp function;
  OpBuilder builder;
  DenseMap<Value, Value> flipped;
};

struct SignedStoragePass : octet::impl::SignedStorageBase<SignedStoragePass> {
  void runOnOperation() override {
    if (failed(Signer(getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace
