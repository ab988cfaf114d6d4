//===- FuseMultiplyAdd.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FUSEMULTIPLYADD
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
/// c + a · b, both contractible -> fma(a, b, c).
struct FuseAdd : OpRewritePattern<arith::AddFOp> {
  FuseAdd(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    auto contracts = [](auto arith) {
      return arith && bitEnumContainsAll(arith.getFastmath(),
                                         arith::FastMathFlags::contract);
    };
    auto product = op.getRhs().getDefiningOp<arith::MulFOp>();
    if (!contracts(op) || !contracts(product))
      return rewriter.notifyMatchFailure(op, "not contractible");
    rewriter.replaceOpWithNewOp<math::FmaOp>(op, product.getLhs(),
                                             product.getRhs(), op.getLhs());
    if (product->use_empty())
      rewriter.eraseOp(product);
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct FuseMultiplyAddPass
    : octet::impl::FuseMultiplyAddBase<FuseMultiplyAddPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseAdd>(&getContext(), numFused);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
