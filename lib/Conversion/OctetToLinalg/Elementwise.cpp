//===- Elementwise.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise operations in f32 and 8 bits, and the borders between them.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

namespace {

/// Lowers an operation on two broadcast operands with `body(b, at, x, y)`.
template <typename Op, typename BinaryBody>
void lowerBroadcast(Op op, PatternRewriter &rewriter, BinaryBody body) {
  auto loc = op.getLoc();
  auto shape = typeOf(op.getOutput()).getShape();
  SmallVector<Value> inputs{toSignless(rewriter, loc, op.getLhs()),
                            toSignless(rewriter, loc, op.getRhs())};
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(
        broadcastMap(rewriter.getContext(), typeOf(input).getShape(), shape));
  Value result = createElementwise(
      rewriter, loc, inputs, maps, getDestination(rewriter, op),
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        return body(b, at, args[0], args[1]);
      });
  replaceWith(rewriter, op, result);
}

template <typename Op, typename ArithOp>
struct LowerBinary : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!typeOf(op.getOutput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "still quantized");
    lowerBroadcast(op, rewriter,
                   [&](OpBuilder &b, Location at, Value x, Value y) {
                     return clamp(b, at, ArithOp::create(b, at, x, y),
                                  op.getClampMin(), op.getClampMax());
                   });
    return success();
  }
};

struct LowerIntegerAdd : OpRewritePattern<IntegerAddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IntegerAddOp op,
                                PatternRewriter &rewriter) const override {
    lowerBroadcast(
        op, rewriter, [&](OpBuilder &b, Location at, Value x, Value y) {
          x = centered(b, at, x, isSignedStorage(op.getLhs()),
                       op.getLhsZeroPoint());
          x = arith::MulFOp::create(b, at, x, op.getLhsMultiplier());
          y = centered(b, at, y, isSignedStorage(op.getRhs()),
                       op.getRhsZeroPoint());
          y = arith::MulFOp::create(b, at, y, op.getRhsMultiplier());
          return roundToStorage(b, at, arith::AddFOp::create(b, at, x, y), op);
        });
    return success();
  }
};

struct LowerIntegerMul : OpRewritePattern<IntegerMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IntegerMulOp op,
                                PatternRewriter &rewriter) const override {
    lowerBroadcast(
        op, rewriter, [&](OpBuilder &b, Location at, Value x, Value y) {
          // The product of two centered bytes is exact in f32.
          x = centered(b, at, x, isSignedStorage(op.getLhs()),
                       op.getLhsZeroPoint());
          y = centered(b, at, y, isSignedStorage(op.getRhs()),
                       op.getRhsZeroPoint());
          Value product = arith::MulFOp::create(b, at, x, y);
          product = arith::MulFOp::create(b, at, product, op.getMultiplier());
          return roundToStorage(b, at, product, op);
        });
    return success();
  }
};

/// Lowers an operation on one operand with `body(b, at, x)`.
template <typename Op, typename UnaryBody>
void lowerUnary(Op op, PatternRewriter &rewriter, UnaryBody body) {
  auto loc = op.getLoc();
  Value input = toSignless(rewriter, loc, op.getInput());
  Value result = createElementwise(
      rewriter, loc, input,
      rewriter.getMultiDimIdentityMap(typeOf(input).getRank()),
      getDestination(rewriter, op),
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        return body(b, at, args[0]);
      });
  replaceWith(rewriter, op, result);
}

struct LowerClamp : OpRewritePattern<ClampOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ClampOp op,
                                PatternRewriter &rewriter) const override {
    if (!typeOf(op.getInput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "still quantized");
    lowerUnary(op, rewriter, [&](OpBuilder &b, Location at, Value x) {
      return clamp(b, at, x, op.getClampMin(), op.getClampMax());
    });
    return success();
  }
};

/// 1 / (1 + exp(-x)).
Value sigmoid(OpBuilder &b, Location at, Value x) {
  Value one = constantF32(b, at, 1.0f);
  Value power = math::ExpOp::create(b, at, arith::NegFOp::create(b, at, x));
  return arith::DivFOp::create(b, at, one,
                               arith::AddFOp::create(b, at, one, power));
}

/// min(max(alpha · x + beta, 0), 1), product and sum rounded apart.
Value hardSigmoid(OpBuilder &b, Location at, Value x, ActivationOp op) {
  Value scaled = arith::MulFOp::create(
      b, at, x, constantF32(b, at, op.getAlpha().convertToFloat()));
  Value shifted = arith::AddFOp::create(
      b, at, scaled, constantF32(b, at, op.getBeta().convertToFloat()));
  return clamp(b, at, shifted, APFloat(0.0f), APFloat(1.0f));
}

struct LowerActivation : OpRewritePattern<ActivationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ActivationOp op,
                                PatternRewriter &rewriter) const override {
    if (!typeOf(op.getInput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "still quantized");
    lowerUnary(op, rewriter, [&](OpBuilder &b, Location at, Value x) -> Value {
      switch (op.getKind()) {
      case ActivationKind::LeakyRelu: {
        Value scaled = arith::MulFOp::create(
            b, at, x, constantF32(b, at, op.getAlpha().convertToFloat()));
        Value negative = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT,
                                               x, constantF32(b, at, 0.0f));
        return arith::SelectOp::create(b, at, negative, scaled, x);
      }
      case ActivationKind::Sigmoid:
        return sigmoid(b, at, x);
      case ActivationKind::HardSigmoid:
        return hardSigmoid(b, at, x, op);
      case ActivationKind::HardSwish:
        return arith::MulFOp::create(b, at, x, hardSigmoid(b, at, x, op));
      case ActivationKind::Tanh:
        return math::TanhOp::create(b, at, x);
      }
      llvm_unreachable("unknown activation");
    });
    return success();
  }
};

struct LowerCast : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    Type from = typeOf(op.getInput()).getElementType();
    if (!from.isUnsignedInteger(8) ||
        !typeOf(op.getOutput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "only ui8 to f32 is lowered");
    lowerUnary(op, rewriter, [&](OpBuilder &b, Location at, Value x) -> Value {
      return arith::UIToFPOp::create(b, at, b.getF32Type(), x);
    });
    return success();
  }
};

struct LowerDequantize : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    lowerUnary(op, rewriter, [&](OpBuilder &b, Location at, Value x) -> Value {
      return arith::MulFOp::create(
          b, at,
          centered(b, at, x, isSignedStorage(op.getInput()), op.getZeroPoint()),
          op.getScale());
    });
    return success();
  }
};

struct LowerLookup : OpRewritePattern<LookupOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LookupOp op,
                                PatternRewriter &rewriter) const override {
    Value table = toSignless(rewriter, op.getLoc(), op.getTable());
    lowerUnary(op, rewriter, [&](OpBuilder &b, Location at, Value x) -> Value {
      Value index = arith::IndexCastUIOp::create(b, at, b.getIndexType(), x);
      return tensor::ExtractOp::create(b, at, table, index);
    });
    return success();
  }
};

struct LowerQuantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto *context = rewriter.getContext();
    unsigned rank = typeOf(op.getOutput()).getRank();
    // Dimension i of the result is dimension permutation[i] of the input.
    SmallVector<AffineExpr> exprs(rank);
    for (unsigned i = 0; i < rank; ++i)
      exprs[op.getPermutation()[i]] = getAffineDimExpr(i, context);
    auto channelMap = [&](Value parameter) {
      bool single = typeOf(parameter).getDimSize(0) == 1;
      return AffineMap::get(rank, 0,
                            single ? getAffineConstantExpr(0, context)
                                   : getAffineDimExpr(rank - 1, context));
    };
    Value result = createElementwise(
        rewriter, op.getLoc(), {op.getInput(), op.getOffset(), op.getDivisor()},
        {AffineMap::get(rank, 0, exprs, context), channelMap(op.getOffset()),
         channelMap(op.getDivisor())},
        getDestination(rewriter, op),
        [&](OpBuilder &b, Location at, ValueRange args) -> Value {
          Value x = arith::SubFOp::create(b, at, args[0], args[1]);
          x = arith::DivFOp::create(b, at, x, args[2]);
          Value isNaN =
              arith::CmpFOp::create(b, at, arith::CmpFPredicate::UNO, x, x);
          x = arith::SelectOp::create(b, at, isNaN, constantF32(b, at, 0.0f),
                                      x);
          return roundToStorage(b, at, x, op);
        });
    replaceWith(rewriter, op, result);
    return success();
  }
};

} // namespace

void lowering::populateElementwisePatterns(RewritePatternSet &patterns) {
  patterns
      .add<LowerBinary<AddOp, arith::AddFOp>, LowerBinary<SubOp, arith::SubFOp>,
           LowerBinary<MulOp, arith::MulFOp>, LowerBinary<DivOp, arith::DivFOp>,
           LowerIntegerAdd, LowerIntegerMul, LowerClamp, LowerActivation,
           LowerCast, LowerDequantize, LowerLookup, LowerQuantize>(
          patterns.getContext());
}
