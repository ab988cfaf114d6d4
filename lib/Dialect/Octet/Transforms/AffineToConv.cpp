//===- AffineToConv.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/Transforms/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_AFFINETOCONV
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {
struct AffineToConvPass : octet::impl::AffineToConvBase<AffineToConvPass> {
  void runOnOperation() override {
    SmallVector<AffineOpInterface> steps;
    getOperation().walk([&](AffineOpInterface op) { steps.push_back(op); });
    for (AffineOpInterface op : steps)
      if (auto step = op.matchAffine(); step && isWanted(op, *step))
        rewrite(op, *step);
  }

private:
  /// A number for all channels makes a function of one value instead; what
  /// prepares an input is folded into its quantization (QS-3).
  static bool isWanted(AffineOpInterface op, const AffineStep &step) {
    Value operand = op->getOperand(step.operand);
    auto type = typeOf(op->getResult(0));
    auto producer = operand.getDefiningOp<EpilogueOpInterface>();
    return step.factor.size() > 1 && type.getRank() == 4 &&
           type == operand.getType() && type.getElementType().isF32() &&
           !isNormalization(op->getResult(0)) &&
           !(producer && producer->hasOneUse() && producer.takesAffine());
  }

  void rewrite(AffineOpInterface op, const AffineStep &step) {
    OpBuilder builder(op);
    auto type = typeOf(op->getResult(0));
    int64_t channels = type.getShape().back();
    auto filterType =
        RankedTensorType::get({channels, 1, 1, 1}, type.getElementType());
    Value ones = arith::ConstantOp::create(builder, op.getLoc(),
                                           makeSplat(filterType, 1.0f));
    auto conv = Conv2DOp::create(
        builder, op.getLoc(), type, op->getOperand(step.operand), ones, Value(),
        Value(), ArrayRef<int64_t>{1, 1}, ArrayRef<int64_t>{0, 0, 0, 0},
        ArrayRef<int64_t>{1, 1}, channels, FloatAttr(), FloatAttr(),
        IntegerAttr());
    conv.attachAffine(builder, step);
    if (auto epilogue = dyn_cast<EpilogueOpInterface>(op.getOperation()))
      conv.attachClamp(epilogue.getClampMinAttr(), epilogue.getClampMaxAttr());
    // The constants it takes stand behind it.
    conv->moveBefore(op);
    op->replaceAllUsesWith(conv);
    op->erase();
    ++numRewritten;
  }
};
} // namespace
