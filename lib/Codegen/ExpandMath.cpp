//===- ExpandMath.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MathLanes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_EXPANDMATH
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
/// A function of f32 as operations that compute the same on every machine, as a
/// library does not.
template <typename Op, auto expand> struct Expand : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not of f32");
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    auto lanes = [&](unsigned i) { return Lanes{&builder, op->getOperand(i)}; };
    if constexpr (std::is_invocable_v<decltype(expand), Lanes, Lanes>)
      rewriter.replaceOp(op, expand(lanes(0), lanes(1)).value);
    else
      rewriter.replaceOp(op, expand(lanes(0)).value);
    return success();
  }
};

struct ExpandMathPass : octet::impl::ExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<
        Expand<math::ExpOp, expandExp>, Expand<math::ExpM1Op, expandExpM1>,
        Expand<math::LogOp, expandLog>, Expand<math::Log1pOp, expandLog1p>,
        Expand<math::ErfOp, expandErf>, Expand<math::TanhOp, expandTanh>,
        Expand<math::SinOp, expandSin>, Expand<math::CosOp, expandCos>,
        Expand<math::TanOp, expandTan>, Expand<math::AsinOp, expandAsin>,
        Expand<math::AcosOp, expandAcos>, Expand<math::AtanOp, expandAtan>,
        Expand<math::SinhOp, expandSinh>, Expand<math::CoshOp, expandCosh>,
        Expand<math::AsinhOp, expandAsinh>, Expand<math::AcoshOp, expandAcosh>,
        Expand<math::AtanhOp, expandAtanh>, Expand<math::PowFOp, expandPow>>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
