//===- Pools.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pools, means and softmax. Padding is explicit here: max pools read the lowest
// value beyond the edge, average pools a zero (or the zero point).
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

namespace {

/// A reduction of every window of `input` [N, H, W, C] into `start`; the body
/// gets an element and the accumulator.
Value poolWindows(OpBuilder &builder, Location loc, Value input,
                  ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                  ArrayRef<int64_t> dilations, Value start, Body body) {
  auto *context = builder.getContext();
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  auto map =
      AffineMap::get(6, 0,
                     {dim(0), dim(1) * strides[0] + dim(4) * dilations[0],
                      dim(2) * strides[1] + dim(5) * dilations[1], dim(3)},
                     context);
  auto outMap = AffineMap::get(6, 0, {dim(0), dim(1), dim(2), dim(3)}, context);
  auto windowMap = AffineMap::get(6, 0, {dim(4), dim(5)}, context);
  // Only the shape of this operand counts: it bounds the window.
  Value window = tensor::EmptyOp::create(builder, loc, kernel,
                                         typeOf(input).getElementType());
  return createReduction(builder, loc, {input, window}, {map, windowMap}, start,
                         outMap,
                         [&](OpBuilder &b, Location at, ValueRange args) {
                           return body(b, at, {args[0], args[2]});
                         });
}

Value fill(OpBuilder &builder, Location loc, TypedAttr value, Value out) {
  Value scalar = arith::ConstantOp::create(builder, loc, value);
  return linalg::FillOp::create(builder, loc, scalar, out).getResult(0);
}

/// The larger of an element and an accumulator; a NaN on either side wins.
Value largerOrNaN(OpBuilder &b, Location at, Value element, Value accumulator) {
  Value larger = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OGT,
                                       element, accumulator);
  Value isNaN =
      arith::CmpFOp::create(b, at, arith::CmpFPredicate::UNO, element, element);
  Value wins = arith::OrIOp::create(b, at, larger, isNaN);
  return arith::SelectOp::create(b, at, wins, element, accumulator);
}

struct LowerMaxPool : OpRewritePattern<MaxPool2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MaxPool2DOp op,
                                PatternRewriter &rewriter) const override {
    if (llvm::any_of(op.getPads(), [](int64_t p) { return p != 0; }))
      return rewriter.notifyMatchFailure(op, "padding is not explicit");
    auto loc = op.getLoc();
    Value input = toSignless(rewriter, loc, op.getInput());
    bool isFloat = typeOf(input).getElementType().isF32();
    bool isSigned = isSignedStorage(op.getInput());
    TypedAttr lowest =
        isFloat
            ? TypedAttr(rewriter.getFloatAttr(
                  rewriter.getF32Type(),
                  APFloat::getInf(APFloat::IEEEsingle(), /*Negative=*/true)))
            : TypedAttr(rewriter.getI8IntegerAttr(isSigned ? -128 : 0));
    Value start = fill(rewriter, loc, lowest, getDestination(rewriter, op));
    Value result =
        poolWindows(rewriter, loc, input, op.getKernel(), op.getStrides(),
                    op.getDilations(), start,
                    [&](OpBuilder &b, Location at, ValueRange args) -> Value {
                      if (isSigned)
                        return arith::MaxSIOp::create(b, at, args[0], args[1]);
                      if (!isFloat)
                        return arith::MaxUIOp::create(b, at, args[0], args[1]);
                      return largerOrNaN(b, at, args[0], args[1]);
                    });
    replaceWith(rewriter, op, result);
    return success();
  }
};

struct LowerAvgPool : OpRewritePattern<AvgPool2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AvgPool2DOp op,
                                PatternRewriter &rewriter) const override {
    if (!typeOf(op.getInput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "still quantized");
    if (llvm::any_of(op.getPads(), [](int64_t p) { return p != 0; }))
      return rewriter.notifyMatchFailure(op, "padding is not explicit");
    auto loc = op.getLoc();
    auto *context = rewriter.getContext();
    auto shape = typeOf(op.getOutput()).getShape();
    Value zeros = fill(
        rewriter, loc, rewriter.getF32FloatAttr(0.0f),
        tensor::EmptyOp::create(rewriter, loc, shape, rewriter.getF32Type()));
    Value sum =
        poolWindows(rewriter, loc, op.getInput(), op.getKernel(),
                    op.getStrides(), op.getDilations(), zeros,
                    [](OpBuilder &b, Location at, ValueRange args) -> Value {
                      return arith::AddFOp::create(b, at, args[1], args[0]);
                    });
    SmallVector<Value> inputs{sum};
    SmallVector<AffineMap> maps{rewriter.getMultiDimIdentityMap(4)};
    if (op.getDivisor()) {
      inputs.push_back(op.getDivisor());
      maps.push_back(AffineMap::get(
          4, 0, {getAffineDimExpr(1, context), getAffineDimExpr(2, context)},
          context));
    }
    float count = op.getKernel()[0] * op.getKernel()[1];
    Value result = createElementwise(
        rewriter, loc, inputs, maps, getDestination(rewriter, op),
        [&](OpBuilder &b, Location at, ValueRange args) -> Value {
          Value divisor = op.getDivisor() ? args[1] : constantF32(b, at, count);
          return arith::DivFOp::create(b, at, args[0], divisor);
        });
    replaceWith(rewriter, op, result);
    return success();
  }
};

struct LowerIntegerAvgPool : OpRewritePattern<IntegerAvgPool2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IntegerAvgPool2DOp op,
                                PatternRewriter &rewriter) const override {
    auto loc = op.getLoc();
    auto *context = rewriter.getContext();
    auto shape = typeOf(op.getOutput()).getShape();
    Value zeros = fill(
        rewriter, loc, rewriter.getI32IntegerAttr(0),
        tensor::EmptyOp::create(rewriter, loc, shape, rewriter.getI32Type()));
    Value sum = poolWindows(
        rewriter, loc, toSignless(rewriter, loc, op.getInput()), op.getKernel(),
        op.getStrides(), op.getDilations(), zeros,
        [&](OpBuilder &b, Location at, ValueRange args) -> Value {
          Value q = widen(b, at, args[0], isSignedStorage(op.getInput()));
          q = arith::SubIOp::create(b, at, q, op.getInputZeroPoint());
          return arith::AddIOp::create(b, at, args[1], q);
        });
    auto multiplierShape = op.getMultiplier().getType().getShape();
    auto position = [&](int d) {
      return multiplierShape[d] == 1 ? getAffineConstantExpr(0, context)
                                     : getAffineDimExpr(d + 1, context);
    };
    Value result = createElementwise(
        rewriter, loc, {sum, op.getMultiplier()},
        {rewriter.getMultiDimIdentityMap(4),
         AffineMap::get(4, 0, {position(0), position(1)}, context)},
        getDestination(rewriter, op),
        [&](OpBuilder &b, Location at, ValueRange args) {
          Value x = arith::SIToFPOp::create(b, at, b.getF32Type(), args[0]);
          x = arith::MulFOp::create(b, at, x, args[1]);
          return roundToStorage(b, at, x, op);
        });
    replaceWith(rewriter, op, result);
    return success();
  }
};

/// Reduces `input` over `axes` into a tensor of the other dimensions.
Value reduceOver(OpBuilder &builder, Location loc, Value input,
                 ArrayRef<int64_t> axes, float start, Body body) {
  auto *context = builder.getContext();
  auto shape = typeOf(input).getShape();
  Shape kept;
  SmallVector<AffineExpr> exprs(shape.size());
  unsigned next = 0, rank = shape.size();
  for (unsigned i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i)) {
      kept.push_back(shape[i]);
      exprs[i] = getAffineDimExpr(next++, context);
    }
  unsigned outputs = next;
  for (unsigned i = 0; i < rank; ++i)
    if (llvm::is_contained(axes, i))
      exprs[i] = getAffineDimExpr(next++, context);
  Value out =
      fill(builder, loc, builder.getF32FloatAttr(start),
           tensor::EmptyOp::create(builder, loc, kept, builder.getF32Type()));
  // Not getMajorSubMap, which has no map without results.
  SmallVector<AffineExpr> leading;
  for (unsigned i = 0; i < outputs; ++i)
    leading.push_back(getAffineDimExpr(i, context));
  return createReduction(builder, loc, input,
                         AffineMap::get(rank, 0, exprs, context), out,
                         AffineMap::get(rank, 0, leading, context), body);
}

/// Map that reads a tensor reduced over `axes` at the position of a full one.
AffineMap keptMap(MLIRContext *context, unsigned rank, ArrayRef<int64_t> axes) {
  SmallVector<AffineExpr> exprs;
  for (unsigned i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      exprs.push_back(getAffineDimExpr(i, context));
  return AffineMap::get(rank, 0, exprs, context);
}

struct LowerReduceMean : OpRewritePattern<ReduceMeanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceMeanOp op,
                                PatternRewriter &rewriter) const override {
    if (!typeOf(op.getInput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "still quantized");
    auto loc = op.getLoc();
    Value sum = reduceOver(
        rewriter, loc, op.getInput(), op.getAxes(), 0.0f,
        [](OpBuilder &b, Location at, ValueRange args) {
          return arith::AddFOp::create(b, at, args[1], args[0]).getResult();
        });
    auto input = typeOf(op.getInput());
    float count = 1.0f;
    for (int64_t axis : op.getAxes())
      count *= input.getDimSize(axis);
    Value result = createElementwise(
        rewriter, loc, sum,
        keptMap(rewriter.getContext(), input.getRank(), op.getAxes()),
        getDestination(rewriter, op),
        [&](OpBuilder &b, Location at, ValueRange args) -> Value {
          return arith::DivFOp::create(b, at, args[0],
                                       constantF32(b, at, count));
        });
    replaceWith(rewriter, op, result);
    return success();
  }
};

struct LowerSoftmax : OpRewritePattern<SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    auto loc = op.getLoc();
    auto type = typeOf(op.getInput());
    int64_t axis = op.getAxis();
    auto identity = rewriter.getMultiDimIdentityMap(type.getRank());
    auto kept = keptMap(rewriter.getContext(), type.getRank(), axis);
    Value largest =
        reduceOver(rewriter, loc, op.getInput(), axis,
                   -std::numeric_limits<float>::infinity(),
                   [](OpBuilder &b, Location at, ValueRange args) -> Value {
                     return largerOrNaN(b, at, args[0], args[1]);
                   });
    Value destination = getDestination(rewriter, op);
    Value powers = createElementwise(
        rewriter, loc, {op.getInput(), largest}, {identity, kept}, destination,
        [](OpBuilder &b, Location at, ValueRange args) -> Value {
          Value x = arith::SubFOp::create(b, at, args[0], args[1]);
          return math::ExpOp::create(b, at, x);
        });
    Value sum = reduceOver(
        rewriter, loc, powers, axis, 0.0f,
        [](OpBuilder &b, Location at, ValueRange args) {
          return arith::AddFOp::create(b, at, args[1], args[0]).getResult();
        });
    Value result = createElementwise(
        rewriter, loc, sum, kept, powers,
        [](OpBuilder &b, Location at, ValueRange args) -> Value {
          return arith::DivFOp::create(b, at, args[1], args[0]);
        });
    replaceWith(rewriter, op, result);
    return success();
  }
};

} // namespace

void lowering::populatePoolPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerMaxPool, LowerAvgPool, LowerIntegerAvgPool, LowerReduceMean,
               LowerSoftmax>(patterns.getContext());
}
