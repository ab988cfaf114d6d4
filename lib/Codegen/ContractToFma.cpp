//===- ContractToFma.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/ContractionRewriter.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_CONTRACTTOFMA
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
struct RewriteContract : OpRewritePattern<vector::ContractionOp> {
  RewriteContract(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(vector::ContractionOp op,
                                PatternRewriter &rewriter) const override {
    auto contraction = matchLaneContraction(op);
    if (!contraction || contraction->pack != 1)
      return rewriter.notifyMatchFailure(op, "no f32 contraction with lanes");
    auto type = VectorType::get({contraction->lanes}, rewriter.getF32Type());
    rewriteLaneContraction(
        rewriter, *contraction,
        [&](OpBuilder &b, Location loc, Value left) -> Value {
          return vector::BroadcastOp::create(b, loc, type, left);
        },
        [&](OpBuilder &b, Location loc, Value acc, Value left,
            Value right) -> Value {
          // Not vector.fma, which LLVM may split into a product and a sum.
          return math::FmaOp::create(b, loc, left, right, acc);
        });
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct ContractToFmaPass : octet::impl::ContractToFmaBase<ContractToFmaPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RewriteContract>(&getContext(), numRewritten);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
