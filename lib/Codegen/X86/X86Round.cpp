//===- X86Round.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/ContractionRewriter.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_X86ROUND
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

struct RoundInConversion : OpRewritePattern<arith::FPToSIOp> {
  RoundInConversion(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(arith::FPToSIOp op,
                                PatternRewriter &rewriter) const override {
    auto round = op.getIn().getDefiningOp<math::RoundEvenOp>();
    auto type = dyn_cast<VectorType>(op.getType());
    if (!round || !type || type.getRank() != 1 ||
        !type.getElementType().isInteger(32) ||
        !getElementTypeOrSelf(round.getOperand()).isF32())
      return rewriter.notifyMatchFailure(op, "no rounded f32 register");
    std::string lanes = std::to_string(type.getDimSize(0));
    rewriter.replaceOp(
        op, callIntrinsic(rewriter, op.getLoc(),
                          "llvm.lrint.v" + lanes + "i32.v" + lanes + "f32",
                          type, round.getOperand()));
    if (round->use_empty())
      rewriter.eraseOp(round);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct X86RoundPass : octet::impl::X86RoundBase<X86RoundPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RoundInConversion>(&getContext(), numRewritten);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
