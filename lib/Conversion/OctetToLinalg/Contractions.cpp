//===- Contractions.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions, dense, grouped and blocked, and matrix products.
//
// A convolution becomes three structured operations: the accumulators start
// from the bias, the contraction adds to them, the epilogue turns them into
// results. Blocked filters give a contraction whose innermost dimensions are
// the lanes of a register (and, in 8 bits, the 4 values of one lane).
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "octet/Conversion/Passes.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

namespace {

/// A convolution reshaped for one of the forms below: parallel dimensions are
/// the destination's, reductions follow.
struct ConvForm {
  Value input, filter, bias, multiplier, residual, destination;
  AffineMap inputMap, filterMap;
  /// From the parallel dimensions to the position in bias and multiplier.
  AffineMap channelMap;
  unsigned parallel = 0, reductions = 0;
  bool blocked = false;
  /// Signs of the storage of 8-bit values.
  bool signedInput = false, signedResidual = false;

  unsigned dims() const { return parallel + reductions; }
};

/// Window position along one dimension: out · stride + k · dilation.
AffineExpr window(MLIRContext *context, unsigned out, unsigned k,
                  int64_t stride, int64_t dilation) {
  return getAffineDimExpr(out, context) * stride +
         getAffineDimExpr(k, context) * dilation;
}

Value expand(OpBuilder &builder, Location loc, Value value,
             ArrayRef<int64_t> shape,
             ArrayRef<ReassociationIndices> reassociation) {
  return tensor::ExpandShapeOp::create(
      builder, loc,
      RankedTensorType::get(shape, typeOf(value).getElementType()), value,
      reassociation);
}

/// Splits the last dimension into blocks of `inner`.
Value splitLast(OpBuilder &builder, Location loc, Value value, int64_t inner) {
  Shape shape(typeOf(value).getShape());
  SmallVector<ReassociationIndices> groups;
  for (size_t i = 0; i < shape.size(); ++i)
    groups.push_back({static_cast<int64_t>(i)});
  groups.back().push_back(shape.size());
  int64_t last = shape.pop_back_val();
  shape.append({last / inner, inner});
  return expand(builder, loc, value, shape, groups);
}

AffineMap dimsMap(MLIRContext *context, unsigned dims,
                  ArrayRef<unsigned> positions) {
  SmallVector<AffineExpr> exprs;
  for (unsigned p : positions)
    exprs.push_back(getAffineDimExpr(p, context));
  return AffineMap::get(dims, 0, exprs, context);
}

/// (n, oh, ow, oc, kh, kw, ic).
void makeDense(ConvForm &form, MLIRContext *context, ArrayRef<int64_t> strides,
               ArrayRef<int64_t> dilations) {
  form.parallel = 4;
  form.reductions = 3;
  form.inputMap =
      AffineMap::get(7, 0,
                     {getAffineDimExpr(0, context),
                      window(context, 1, 4, strides[0], dilations[0]),
                      window(context, 2, 5, strides[1], dilations[1]),
                      getAffineDimExpr(6, context)},
                     context);
  form.filterMap = dimsMap(context, 7, {3, 4, 5, 6});
  form.channelMap = dimsMap(context, 4, {3});
}

/// (n, oh, ow, g, oc, kh, kw, ic): channels split into groups.
void makeGrouped(ConvForm &form, OpBuilder &builder, Location loc,
                 ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                 int64_t groups) {
  auto *context = builder.getContext();
  auto perGroup = [&](Value value) {
    return typeOf(value).getShape().back() / groups;
  };
  form.input = splitLast(builder, loc, form.input, perGroup(form.input));
  Shape filter(typeOf(form.filter).getShape());
  filter[0] /= groups;
  filter.insert(filter.begin(), groups);
  form.filter =
      expand(builder, loc, form.filter, filter, {{0, 1}, {2}, {3}, {4}});
  for (Value *value :
       {&form.bias, &form.multiplier, &form.residual, &form.destination})
    if (*value)
      *value = splitLast(builder, loc, *value, perGroup(*value));
  form.parallel = 5;
  form.reductions = 3;
  form.inputMap = AffineMap::get(
      8, 0,
      {getAffineDimExpr(0, context),
       window(context, 1, 5, strides[0], dilations[0]),
       window(context, 2, 6, strides[1], dilations[1]),
       getAffineDimExpr(3, context), getAffineDimExpr(7, context)},
      context);
  form.filterMap = dimsMap(context, 8, {3, 4, 5, 6, 7});
  form.channelMap = dimsMap(context, 5, {3, 4});
}

/// One sample, (oh, ow, ob, oi, kh, kw, ib[, iv]) or, depthwise,
/// (oh, ow, ob, oi, kh, kw); `pack` input channels lie in one lane.
void makeBlocked(ConvForm &form, OpBuilder &builder, Location loc,
                 ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                 int64_t lanes, bool depthwise, int64_t pack) {
  auto *context = builder.getContext();
  for (Value *value :
       {&form.bias, &form.multiplier, &form.residual, &form.destination})
    if (*value)
      *value = splitLast(builder, loc, *value, lanes);
  form.blocked = true;
  form.parallel = 4;
  form.reductions = depthwise ? 2 : pack > 1 ? 4 : 3;
  SmallVector<AffineExpr> input{
      window(context, 0, 4, strides[0], dilations[0]),
      window(context, 1, 5, strides[1], dilations[1])};
  if (depthwise) {
    form.input = splitLast(builder, loc, form.input, lanes);
    input.append({getAffineDimExpr(2, context), getAffineDimExpr(3, context)});
    form.filterMap = dimsMap(context, form.dims(), {4, 5, 2, 3});
  } else if (pack > 1) {
    form.input = splitLast(builder, loc, form.input, pack);
    input.append({getAffineDimExpr(6, context), getAffineDimExpr(7, context)});
    form.filterMap = dimsMap(context, form.dims(), {2, 4, 5, 6, 3, 7});
  } else {
    input.push_back(getAffineDimExpr(6, context));
    form.filterMap = dimsMap(context, form.dims(), {2, 4, 5, 6, 3});
  }
  form.inputMap = AffineMap::get(form.dims(), 0, input, context);
  form.channelMap = dimsMap(context, 4, {2, 3});
}

/// Accumulators that start from the bias (or zero), plus the contraction.
Value contract(OpBuilder &builder, Location loc, const ConvForm &form,
               Type accumulator, Value destination) {
  bool isFloat = accumulator.isF32();
  Value start;
  if (form.bias) {
    start = createElementwise(
        builder, loc, form.bias, form.channelMap, destination,
        [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  } else {
    Value zero = arith::ConstantOp::create(builder, loc,
                                           builder.getZeroAttr(accumulator));
    start =
        linalg::FillOp::create(builder, loc, zero, destination).getResult(0);
  }
  auto outMap =
      AffineMap::getMultiDimIdentityMap(form.dims(), builder.getContext())
          .getMajorSubMap(form.parallel);
  Value sum = createReduction(
      builder, loc, {form.input, form.filter}, {form.inputMap, form.filterMap},
      start, outMap, [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        if (isFloat)
          return contractible(b, at, args[0], args[1], args[2]);
        Value x = widen(b, at, args[0], form.signedInput);
        Value w = arith::ExtSIOp::create(b, at, accumulator, args[1]);
        Value product = arith::MulIOp::create(b, at, x, w);
        return arith::AddIOp::create(b, at, args[2], product);
      });
  if (form.blocked)
    sum.getDefiningOp()->setAttr(blockedAttr, builder.getUnitAttr());
  return sum;
}

Value finish(OpBuilder &builder, const ConvForm &form, Conv2DOp op) {
  auto loc = op.getLoc();
  // A blocked contraction always has an epilogue, if only a copy: tiling starts
  // from it and keeps the accumulators out of the destination.
  bool hasEpilogue =
      form.blocked || form.residual || op.getClampMin() || op.getClampMax();
  auto shape = typeOf(form.destination).getShape();
  Value start = form.destination;
  if (hasEpilogue)
    start = tensor::EmptyOp::create(builder, loc, shape, builder.getF32Type());
  Value sum = contract(builder, loc, form, builder.getF32Type(), start);
  if (!hasEpilogue)
    return sum;
  SmallVector<Value> inputs{sum};
  if (form.residual)
    inputs.push_back(form.residual);
  SmallVector<AffineMap> maps(inputs.size(),
                              builder.getMultiDimIdentityMap(form.parallel));
  return createElementwise(builder, loc, inputs, maps, form.destination,
                           [&](OpBuilder &b, Location at, ValueRange args) {
                             Value x = args[0];
                             if (form.residual)
                               x = arith::AddFOp::create(b, at, x, args[1]);
                             return clamp(b, at, x, op.getClampMin(),
                                          op.getClampMax());
                           });
}

Value finish(OpBuilder &builder, const ConvForm &form, IntegerConv2DOp op) {
  auto loc = op.getLoc();
  auto shape = typeOf(form.destination).getShape();
  Value start =
      tensor::EmptyOp::create(builder, loc, shape, builder.getI32Type());
  Value sum = contract(builder, loc, form, builder.getI32Type(), start);
  auto identity = builder.getMultiDimIdentityMap(form.parallel);
  SmallVector<Value> inputs{sum, form.multiplier};
  SmallVector<AffineMap> maps{identity, form.channelMap};
  if (form.residual) {
    inputs.push_back(form.residual);
    maps.push_back(identity);
  }
  return createElementwise(
      builder, loc, inputs, maps, form.destination,
      [&](OpBuilder &b, Location at, ValueRange args) {
        Value x = arith::SIToFPOp::create(b, at, b.getF32Type(), args[0]);
        x = arith::MulFOp::create(b, at, x, args[1]);
        if (form.residual) {
          Value r = centered(b, at, args[2], form.signedResidual,
                             op.getResidualZeroPoint());
          r = arith::MulFOp::create(b, at, r, op.getResidualMultiplier());
          x = arith::AddFOp::create(b, at, x, r);
        }
        return roundToStorage(b, at, x, op);
      });
}

template <typename ConvOp> struct LowerConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern<ConvOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    constexpr bool isInteger = std::is_same_v<ConvOp, IntegerConv2DOp>;
    if (!isInteger && !typeOf(op.getInput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "still quantized");
    if constexpr (!isInteger)
      if (llvm::any_of(op.getPads(), [](int64_t p) { return p != 0; }))
        return rewriter.notifyMatchFailure(op, "padding is not explicit");
    auto loc = op.getLoc();
    auto signless = [&](Value value) {
      return value ? toSignless(rewriter, loc, value) : Value();
    };
    ConvForm form;
    form.input = signless(op.getInput());
    form.filter = signless(op.getFilter());
    form.bias = op.getBias();
    if constexpr (isInteger) {
      form.multiplier = op.getMultiplier();
      form.signedInput = isSignedStorage(op.getInput());
      form.signedResidual =
          op.getResidual() && isSignedStorage(op.getResidual());
    }
    form.residual = signless(op.getResidual());
    Value destination = getDestination(rewriter, op);
    form.destination = destination;
    auto strides = op.getStrides(), dilations = op.getDilations();
    int64_t groups = op.getGroups();

    if (!op.getLanes()) {
      if (groups == 1)
        makeDense(form, rewriter.getContext(), strides, dilations);
      else
        makeGrouped(form, rewriter, loc, strides, dilations, groups);
      Value result = finish(rewriter, form, op);
      if (groups != 1)
        result = tensor::CollapseShapeOp::create(
            rewriter, loc, destination.getType(), result,
            ArrayRef<ReassociationIndices>{{0}, {1}, {2}, {3, 4}});
      replaceWith(rewriter, op, result);
      return success();
    }

    auto oneSample = [&](OpBuilder &builder, OpFoldResult sample,
                         Value into) -> Value {
      auto slice = [&](Value value) -> Value {
        auto type = typeOf(value);
        SmallVector<OpFoldResult> offsets(4, builder.getIndexAttr(0)), sizes,
            steps(4, builder.getIndexAttr(1));
        offsets[0] = sample;
        for (int64_t size : type.getShape())
          sizes.push_back(builder.getIndexAttr(size));
        sizes[0] = builder.getIndexAttr(1);
        auto reduced = RankedTensorType::get(type.getShape().drop_front(),
                                             type.getElementType());
        return tensor::ExtractSliceOp::create(builder, loc, reduced, value,
                                              offsets, sizes, steps);
      };
      ConvForm one = form;
      one.input = slice(form.input);
      if (form.residual)
        one.residual = slice(form.residual);
      one.destination = slice(into);
      auto shape = one.destination.getType();
      int64_t pack = 1;
      if constexpr (isInteger)
        pack = op.getPack();
      makeBlocked(one, builder, loc, strides, dilations, *op.getLanes(),
                  groups > 1, pack);
      Value result = finish(builder, one, op);
      result = tensor::CollapseShapeOp::create(
          builder, loc, shape, result,
          ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
      auto sizes =
          getAsIndexOpFoldResult(builder.getContext(), typeOf(into).getShape());
      sizes[0] = builder.getIndexAttr(1);
      SmallVector<OpFoldResult> offsets(4, builder.getIndexAttr(0));
      offsets[0] = sample;
      return tensor::InsertSliceOp::create(
          builder, loc, result, into, offsets, sizes,
          SmallVector<OpFoldResult>(4, builder.getIndexAttr(1)));
    };
    int64_t samples = typeOf(destination).getDimSize(0);
    Value result;
    if (samples == 1) {
      result = oneSample(rewriter, rewriter.getIndexAttr(0), destination);
    } else {
      auto index = [&](int64_t i) -> Value {
        return arith::ConstantIndexOp::create(rewriter, loc, i);
      };
      auto loop = scf::ForOp::create(
          rewriter, loc, index(0), index(samples), index(1), destination,
          [&](OpBuilder &b, Location, Value sample, ValueRange carried) {
            scf::YieldOp::create(b, loc, oneSample(b, sample, carried[0]));
          });
      result = loop.getResult(0);
    }
    replaceWith(rewriter, op, result);
    return success();
  }
};

/// out[batch..., m, n] = bias[n] + Σ lhs[batch..., m, k] · rhs[batch..., k, n].
struct LowerMatMul : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    auto *context = rewriter.getContext();
    auto shape = typeOf(op.getOutput()).getShape();
    unsigned rank = shape.size();
    auto k = getAffineDimExpr(rank, context);
    auto operandMap = [&](Value operand, AffineExpr row, AffineExpr column) {
      auto batch = typeOf(operand).getShape().drop_back(2);
      auto map = broadcastMap(context, batch, shape.drop_back(2));
      SmallVector<AffineExpr> exprs(map.getResults());
      exprs.append({row, column});
      return AffineMap::get(rank + 1, 0, exprs, context);
    };
    ConvForm form;
    form.input = op.getLhs();
    form.filter = op.getRhs();
    form.bias = op.getBias();
    form.parallel = rank;
    form.reductions = 1;
    form.inputMap =
        operandMap(op.getLhs(), getAffineDimExpr(rank - 2, context), k);
    form.filterMap =
        operandMap(op.getRhs(), k, getAffineDimExpr(rank - 1, context));
    form.channelMap = dimsMap(context, rank, {rank - 1});
    Value destination = getDestination(rewriter, op);
    replaceWith(rewriter, op,
                contract(rewriter, op.getLoc(), form, rewriter.getF32Type(),
                         destination));
    return success();
  }
};

} // namespace

void lowering::populateContractionPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerConv<Conv2DOp>, LowerConv<IntegerConv2DOp>, LowerMatMul>(
      patterns.getContext());
}
