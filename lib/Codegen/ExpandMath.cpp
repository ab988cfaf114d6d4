//===- ExpandMath.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Approximation.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_EXPANDMATH
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
/// tanh(x) in f32, within 1.5 units in the last place, of one sign with x.
/// Around zero an odd polynomial, of Cephes' tanhf (Moshier); beyond it 1 - 2 /
/// (exp(2·|x|) + 1), where nothing cancels.
struct ExpandTanh : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "not of f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto constant = [&](float value) -> Value {
      TypedAttr attribute = b.getF32FloatAttr(value);
      if (auto vector = dyn_cast<VectorType>(type))
        attribute = DenseElementsAttr::get(vector, value);
      return arith::ConstantOp::create(b, attribute);
    };
    auto fma = [&](Value x, Value y, Value z) -> Value {
      return math::FmaOp::create(b, x, y, z);
    };
    Value x = op.getOperand();
    Value magnitude = math::AbsFOp::create(b, x);

    Value square = arith::MulFOp::create(b, x, x);
    Value odd = constant(-5.70498872745e-3f);
    for (float coefficient : {2.06390887954e-2f, -5.37397155531e-2f,
                              1.33314422036e-1f, -3.33332819422e-1f})
      odd = fma(odd, square, constant(coefficient));
    Value small = fma(arith::MulFOp::create(b, odd, square), x, x);

    Value one = constant(1.0f);
    Value exponential = math::ExpOp::create(
        b, Value(arith::AddFOp::create(b, magnitude, magnitude)));
    Value fraction = arith::DivFOp::create(
        b, constant(2.0f), Value(arith::AddFOp::create(b, exponential, one)));
    Value large = math::CopySignOp::create(
        b, Value(arith::SubFOp::create(b, one, fraction)), x);

    Value isSmall = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                          magnitude, constant(0.625f));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isSmall, small, large);
    return success();
  }
};

struct ExpandMathPass : octet::impl::ExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // Polynomials compute the same on every machine, as a library does not.
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return llvm::is_contained(
          {math::ExpOp::getOperationName(), math::LogOp::getOperationName(),
           math::ErfOp::getOperationName(), math::SinOp::getOperationName(),
           math::CosOp::getOperationName()},
          name);
    });
    patterns.add<ExpandTanh>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
