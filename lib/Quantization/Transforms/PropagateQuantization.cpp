//===- PropagateQuantization.cpp --------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Quantization/Passes.h"
#include "octet/Quantization/Scheme.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_PROPAGATEQUANTIZATION
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The quantized value behind a dcast, or null.
Value quantizedSource(Value value) {
  auto cast = value.getDefiningOp<quant::DequantizeCastOp>();
  return cast ? cast.getInput() : Value();
}

/// Operations with an integer form of their own scale.
bool hasIntegerForm(Operation *op) {
  return isa<Conv2DOp, AvgPool2DOp, AddOp, SubOp, MulOp, ClampOp, ActivationOp,
             ConcatOp>(op);
}

/// True if `value` is one of the numbers that `type` represents.
bool isRepresentable(float value, quant::UniformQuantizedType type) {
  float scale = type.getScale();
  int64_t q = quantizeValue(value, scale, type.getZeroPoint(),
                            type.getStorageTypeMin(), type.getStorageTypeMax());
  return scale * static_cast<float>(q - type.getZeroPoint()) == value;
}

/// qcast(op(dcast(x)...)) -> op(x...).
struct QuantizeOperation : OpRewritePattern<quant::QuantizeCastOp> {
  QuantizeOperation(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(quant::QuantizeCastOp cast,
                                PatternRewriter &rewriter) const override {
    Operation *op = cast.getInput().getDefiningOp();
    if (!op || !hasIntegerForm(op) || !op->hasOneUse())
      return rewriter.notifyMatchFailure(
          cast, "operand has no integer form or other uses");
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands()) {
      Value source = quantizedSource(operand.get());
      auto conv = dyn_cast<Conv2DOp>(op);
      bool isBias = conv && operand.get() == conv.getBias();
      if (isBias && !matchPattern(operand.get(), m_Constant()))
        return rewriter.notifyMatchFailure(cast, "bias is no constant");
      if (!source && !isBias)
        return rewriter.notifyMatchFailure(cast, "operand is not quantized");
      operands.push_back(isBias ? operand.get() : source);
    }
    Operation *quantized = rewriter.clone(*op);
    rewriter.modifyOpInPlace(quantized, [&] {
      quantized->setOperands(operands);
      quantized->getResult(0).setType(cast.getType());
    });
    rewriter.replaceOp(cast, quantized);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

/// op(dcast(x)) -> dcast(op(x)) for operations that pass the scale on.
struct SinkDequantize : OpRewritePattern<quant::DequantizeCastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(quant::DequantizeCastOp cast,
                                PatternRewriter &rewriter) const override {
    auto element = dyn_cast<quant::UniformQuantizedType>(
        typeOf(cast.getInput()).getElementType());
    if (!element)
      return rewriter.notifyMatchFailure(cast, "not a per-tensor type");
    for (Operation *user : cast->getUsers()) {
      if (!isa<MaxPool2DOp, ReshapeOp, TransposeOp, SliceOp, PadOp>(user))
        continue;
      if (auto pad = dyn_cast<PadOp>(user);
          pad && !isRepresentable(pad.getValue().convertToFloat(), element))
        continue;
      rewriter.setInsertionPoint(user);
      Operation *moved = rewriter.clone(*user);
      auto type = typeOf(user->getResult(0));
      rewriter.modifyOpInPlace(moved, [&] {
        moved->setOperand(0, cast.getInput());
        moved->getResult(0).setType(
            RankedTensorType::get(type.getShape(), element));
      });
      rewriter.replaceOpWithNewOp<quant::DequantizeCastOp>(user, type,
                                                           moved->getResult(0));
      return success();
    }
    return rewriter.notifyMatchFailure(cast, "no user passes the scale on");
  }
};

/// dcast(qcast(x)) -> x where no integer operation reads the qcast: rounding
/// would cost accuracy and gain nothing.
struct DropUnusedRounding : OpRewritePattern<quant::QuantizeCastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(quant::QuantizeCastOp cast,
                                PatternRewriter &rewriter) const override {
    if (llvm::any_of(cast->getUsers(), [](Operation *user) {
          return !isa<quant::DequantizeCastOp>(user);
        }))
      return rewriter.notifyMatchFailure(cast, "integer operations read it");
    for (Operation *user : llvm::make_early_inc_range(cast->getUsers()))
      rewriter.replaceOp(user, cast.getInput());
    rewriter.eraseOp(cast);
    return success();
  }
};

struct PropagateQuantizationPass
    : octet::impl::PropagateQuantizationBase<PropagateQuantizationPass> {
  void runOnOperation() override {
    apply([&](RewritePatternSet &patterns) {
      patterns.add<QuantizeOperation>(&getContext(), numQuantized);
      patterns.add<SinkDequantize>(&getContext());
    });
    apply([&](RewritePatternSet &patterns) {
      patterns.add<DropUnusedRounding>(&getContext());
    });
    getOperation().walk([&](Operation *op) {
      if (isa<OctetDialect>(op->getDialect()))
        explain(op);
    });
  }

private:
  template <typename Add> void apply(Add add) {
    RewritePatternSet patterns(&getContext());
    add(patterns);
    // Upstream folds dcast(qcast(x)) to x, which is what must not be lost here.
    GreedyRewriteConfig config;
    config.enableFolding(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }

  /// Says of what stays in f32 why it does.
  void explain(Operation *op) {
    if (!typeOf(op->getResult(0)).getElementType().isF32())
      return;
    ++numFloat;
    if (op->hasAttr(noteAttr))
      return;
    StringRef reason = "has no integer form";
    if (isa<ReshapeOp, TransposeOp, SliceOp, PadOp, CopyOp, CastOp>(op))
      reason = "moves f32 values";
    else if (hasIntegerForm(op))
      reason = "an operand or the result has no scale";
    op->setAttr(noteAttr, StringAttr::get(&getContext(), reason));
  }
};

} // namespace
