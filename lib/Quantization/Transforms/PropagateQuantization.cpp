//===- PropagateQuantization.cpp --------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/Transforms/Patterns.h"
#include "octet/Quantization/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_PROPAGATEQUANTIZATION
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

/// The quantized value behind a dcast, or null.
Value quantizedSource(Value value) {
  auto cast = value.getDefiningOp<quant::DequantizeCastOp>();
  return cast ? cast.getInput() : Value();
}

bool hasScaleOfItsOwn(ScaleOpInterface op) {
  switch (op.getScaleRole()) {
  case ScaleRole::Own:
  case ScaleRole::Joined:
  case ScaleRole::Function:
    return true;
  default:
    return false;
  }
}

/// qcast(op(dcast(x)...)) -> op(x...).
struct QuantizeOperation : OpRewritePattern<quant::QuantizeCastOp> {
  QuantizeOperation(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(quant::QuantizeCastOp cast,
                                PatternRewriter &rewriter) const override {
    auto op = cast.getInput().getDefiningOp<ScaleOpInterface>();
    if (!op || !hasScaleOfItsOwn(op) || !op->hasOneUse())
      return rewriter.notifyMatchFailure(
          cast, "operand has no integer form or other uses");
    if (op->hasAttr(noteAttr) || op->hasAttr(rowsAttr))
      return rewriter.notifyMatchFailure(cast, "operand is to stay in f32");
    if (std::string reason = op.explainFloat(); !reason.empty()) {
      rewriter.modifyOpInPlace(
          op, [&] { op->setAttr(noteAttr, rewriter.getStringAttr(reason)); });
      return rewriter.notifyMatchFailure(cast, reason);
    }
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands()) {
      auto role = op.getOperandRole(operand.getOperandNumber());
      bool stays = role == OperandRole::Bias || role == OperandRole::Parameter;
      Value source = stays ? operand.get() : quantizedSource(operand.get());
      if (!source)
        return rewriter.notifyMatchFailure(cast, "operand is not quantized");
      operands.push_back(source);
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
      auto op = dyn_cast<ScaleOpInterface>(user);
      if (!op || op.getScaleRole() != ScaleRole::Same ||
          !op.passesScale(element))
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

/// True if nothing but moves and dcasts reads the quantized `value`.
bool isOnlyMoved(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (isa<quant::DequantizeCastOp>(user))
      return true;
    auto op = dyn_cast<ScaleOpInterface>(user);
    return op && op.getScaleRole() == ScaleRole::Same &&
           isOnlyMoved(user->getResult(0));
  });
}

/// Gives the readers of the quantized `value` the f32 value `real` instead.
void moveInFloat(OpBuilder &builder, Value value, Value real) {
  for (Operation *user : llvm::make_early_inc_range(value.getUsers())) {
    if (isa<quant::DequantizeCastOp>(user)) {
      user->getResult(0).replaceAllUsesWith(real);
    } else {
      builder.setInsertionPoint(user);
      Operation *moved = builder.clone(*user);
      moved->setOperand(0, real);
      Value result = moved->getResult(0);
      result.setType(RankedTensorType::get(typeOf(result).getShape(),
                                           builder.getF32Type()));
      moveInFloat(builder, user->getResult(0), result);
    }
    user->erase();
  }
}

struct PropagateQuantizationPass
    : octet::impl::PropagateQuantizationBase<PropagateQuantizationPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<QuantizeOperation>(&getContext(), numQuantized);
    patterns.add<SinkDequantize>(&getContext());
    // Upstream folds dcast(qcast(x)) to x, which is what must not be lost here.
    if (failed(applyToFixpoint(getOperation(), std::move(patterns),
                               /*fold=*/false)))
      return signalPassFailure();
    dropUnusedRounding();
    getOperation().walk([&](ScaleOpInterface op) { explain(op); });
  }

private:
  /// Where no integer operation reads a qcast, rounding would cost accuracy and
  /// gain nothing; moves between f32 operations move f32 values (QS-10).
  void dropUnusedRounding() {
    SmallVector<quant::QuantizeCastOp> casts;
    getOperation().walk([&](quant::QuantizeCastOp op) { casts.push_back(op); });
    OpBuilder builder(&getContext());
    for (quant::QuantizeCastOp cast : casts)
      if (isOnlyMoved(cast.getResult())) {
        moveInFloat(builder, cast.getResult(), cast.getInput());
        cast.erase();
      }
  }

  /// Says of what stays in f32 why it does.
  void explain(ScaleOpInterface op) {
    if (!typeOf(op->getResult(0)).getElementType().isF32())
      return;
    ++numFloat;
    if (op->hasAttr(noteAttr) || op->hasAttr(rowsAttr))
      return;
    std::string reason = op.explainFloat();
    if (reason.empty())
      reason = op.getScaleRole() == ScaleRole::Same
                   ? "moves f32 values"
                   : "an operand or the result has no scale";
    op->setAttr(noteAttr, StringAttr::get(&getContext(), reason));
  }
};

} // namespace
