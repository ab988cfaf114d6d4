//===- ConvLowering.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A convolution becomes three structured operations: the accumulators start
// from the bias, the contraction adds to them, the epilogue turns them into
// results. Blocked filters give a contraction whose innermost dimensions are
// the lanes of a register (and, in 8 bits, the 4 values of one lane).
//
//===----------------------------------------------------------------------===//

#include "ConvLowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

/// Window position along one dimension: out · stride + k · dilation.
static AffineExpr windowAt(MLIRContext *context, unsigned out, unsigned k,
                           int64_t stride, int64_t dilation) {
  return getAffineDimExpr(out, context) * stride +
         getAffineDimExpr(k, context) * dilation;
}

static Value expand(OpBuilder &builder, Location loc, Value value,
                    ArrayRef<int64_t> shape,
                    ArrayRef<ReassociationIndices> reassociation) {
  return tensor::ExpandShapeOp::create(
      builder, loc,
      RankedTensorType::get(shape, typeOf(value).getElementType()), value,
      reassociation);
}

/// Splits the last dimension into blocks of `inner`.
static Value splitLast(OpBuilder &builder, Location loc, Value value,
                       int64_t inner) {
  Shape shape(typeOf(value).getShape());
  SmallVector<ReassociationIndices> groups;
  for (size_t i = 0; i < shape.size(); ++i)
    groups.push_back({static_cast<int64_t>(i)});
  groups.back().push_back(shape.size());
  int64_t last = shape.pop_back_val();
  shape.append({last / inner, inner});
  return expand(builder, loc, value, shape, groups);
}

AffineMap octet::dimsMap(MLIRContext *context, unsigned dims,
                         ArrayRef<unsigned> positions) {
  SmallVector<AffineExpr> exprs;
  for (unsigned p : positions)
    exprs.push_back(getAffineDimExpr(p, context));
  return AffineMap::get(dims, 0, exprs, context);
}

/// (n, oh, ow, oc, kh, kw, ic).
static void makeDense(ContractionForm &form, MLIRContext *context,
                      const ConvWindow &window) {
  auto strides = window.strides, dilations = window.dilations;
  form.parallel = 4;
  form.reductions = 3;
  form.inputMap =
      AffineMap::get(7, 0,
                     {getAffineDimExpr(0, context),
                      windowAt(context, 1, 4, strides[0], dilations[0]),
                      windowAt(context, 2, 5, strides[1], dilations[1]),
                      getAffineDimExpr(6, context)},
                     context);
  form.filterMap = dimsMap(context, 7, {3, 4, 5, 6});
  form.channelMap = dimsMap(context, 4, {3});
  form.positionMap = dimsMap(context, 4, {0, 1, 2});
}

/// (n, oh, ow, g, oc, kh, kw, ic): channels split into groups.
static void makeGrouped(ContractionForm &form, OpBuilder &builder, Location loc,
                        const ConvWindow &window) {
  auto *context = builder.getContext();
  auto strides = window.strides, dilations = window.dilations;
  auto perGroup = [&](Value value) {
    return typeOf(value).getShape().back() / window.groups;
  };
  form.input = splitLast(builder, loc, form.input, perGroup(form.input));
  Shape filter(typeOf(form.filter).getShape());
  filter[0] /= window.groups;
  filter.insert(filter.begin(), window.groups);
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
       windowAt(context, 1, 5, strides[0], dilations[0]),
       windowAt(context, 2, 6, strides[1], dilations[1]),
       getAffineDimExpr(3, context), getAffineDimExpr(7, context)},
      context);
  form.filterMap = dimsMap(context, 8, {3, 4, 5, 6, 7});
  form.channelMap = dimsMap(context, 5, {3, 4});
}

/// One sample, (oh, ow, ob, oi, kh, kw, ib[, iv]) or, depthwise,
/// (oh, ow, ob, oi, kh, kw).
static void makeBlocked(ContractionForm &form, OpBuilder &builder, Location loc,
                        const ConvWindow &window) {
  auto *context = builder.getContext();
  int64_t lanes = *window.lanes;
  bool depthwise =
      isDepthwiseBlocked(lanes, window.groups, typeOf(form.filter).getRank());
  for (Value *value :
       {&form.bias, &form.multiplier, &form.residual, &form.destination})
    if (*value)
      *value = splitLast(builder, loc, *value, lanes);
  for (Value &value : form.perChannel)
    value = splitLast(builder, loc, value, lanes);
  form.blocked = true;
  form.parallel = 4;
  form.reductions = depthwise ? 2 : window.pack > 1 ? 4 : 3;
  SmallVector<AffineExpr> input{
      windowAt(context, 0, 4, window.strides[0], window.dilations[0]),
      windowAt(context, 1, 5, window.strides[1], window.dilations[1])};
  if (depthwise) {
    form.input = splitLast(builder, loc, form.input, lanes);
    input.append({getAffineDimExpr(2, context), getAffineDimExpr(3, context)});
    form.filterMap = dimsMap(context, form.dims(), {4, 5, 2, 3});
  } else if (window.pack > 1) {
    form.input = splitLast(builder, loc, form.input, window.pack);
    input.append({getAffineDimExpr(6, context), getAffineDimExpr(7, context)});
    form.filterMap = dimsMap(context, form.dims(), {2, 4, 5, 6, 3, 7});
  } else {
    input.push_back(getAffineDimExpr(6, context));
    form.filterMap = dimsMap(context, form.dims(), {2, 4, 5, 6, 3});
  }
  form.inputMap = AffineMap::get(form.dims(), 0, input, context);
  form.channelMap = dimsMap(context, 4, {2, 3});
  form.positionMap = dimsMap(context, 4, {0, 1});
}

Value octet::contract(OpBuilder &builder, Location loc,
                      const ContractionForm &form, Type accumulator,
                      Value destination) {
  bool isFloat = accumulator.isF32();
  Value start;
  if (form.bias) {
    start = createElementwise(
        builder, loc, form.bias, form.channelMap, destination,
        [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  } else {
    start =
        fill(builder, loc, cast<TypedAttr>(builder.getZeroAttr(accumulator)),
             destination);
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

/// `count` positions of dimension `dim` of `value` from `first` on, without the
/// leading dimension where `reduced`.
static Value sliceOf(OpBuilder &builder, Location loc, Value value,
                     unsigned dim, OpFoldResult first, int64_t count,
                     bool reduced = false) {
  auto type = typeOf(value);
  Shape shape(type.getShape());
  shape[dim] = count;
  SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0)),
      steps(shape.size(), builder.getIndexAttr(1));
  offsets[dim] = first;
  auto sizes = getAsIndexOpFoldResult(builder.getContext(), shape);
  auto result = RankedTensorType::get(
      ArrayRef<int64_t>(shape).drop_front(reduced), type.getElementType());
  return tensor::ExtractSliceOp::create(builder, loc, result, value, offsets,
                                        sizes, steps);
}

/// `part` in place of what sliceOf takes.
static Value insertPart(OpBuilder &builder, Location loc, Value part,
                        Value into, unsigned dim, OpFoldResult first,
                        int64_t count) {
  Shape shape(typeOf(into).getShape());
  shape[dim] = count;
  SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0)),
      steps(shape.size(), builder.getIndexAttr(1));
  offsets[dim] = first;
  return tensor::InsertSliceOp::create(
      builder, loc, part, into, offsets,
      getAsIndexOpFoldResult(builder.getContext(), shape), steps);
}

/// A blocked form of one sample, [H, W, C].
static Value lowerBlocks(OpBuilder &builder, Location loc, ContractionForm form,
                         const ConvWindow &window, Epilogue finish) {
  auto shape = form.destination.getType();
  makeBlocked(form, builder, loc, window);
  return tensor::CollapseShapeOp::create(
      builder, loc, shape, finish(builder, form),
      ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
}

/// A blocked form of one sample whose groups have several channels each: blocks
/// of groups one after the other, each a dense convolution of its channels. The
/// last one may read fewer inputs than the filter has room for.
static Value lowerGroups(OpBuilder &builder, Location loc,
                         const ContractionForm &form, const ConvWindow &window,
                         Epilogue finish) {
  auto filter = typeOf(form.filter).getShape();
  int64_t inputs = filter[3] * window.pack;
  int64_t channels = typeOf(form.input).getShape().back();
  int64_t count = llvm::divideCeil(channels, inputs);
  int64_t blocks = filter[0] / count, outputs = blocks * *window.lanes;
  auto multiple = [&](OpBuilder &b, OpFoldResult i, int64_t factor) {
    return affine::makeComposedFoldedAffineApply(
        b, loc, b.getAffineDimExpr(0) * factor, {i});
  };
  auto lower = [&](OpBuilder &b, OpFoldResult i, Value into, int64_t reads) {
    ContractionForm part = form;
    OpFoldResult out = multiple(b, i, outputs);
    part.input = sliceOf(b, loc, form.input, 2, multiple(b, i, inputs), reads);
    part.filter =
        sliceOf(b, loc, form.filter, 0, multiple(b, i, blocks), blocks);
    if (reads < inputs)
      part.filter = sliceOf(b, loc, part.filter, 3, b.getIndexAttr(0),
                            reads / window.pack);
    for (Value *value : {&part.bias, &part.multiplier})
      if (*value)
        *value = sliceOf(b, loc, *value, 0, out, outputs);
    if (part.residual)
      part.residual = sliceOf(b, loc, part.residual, 2, out, outputs);
    part.destination = sliceOf(b, loc, into, 2, out, outputs);
    return insertPart(b, loc, lowerBlocks(b, loc, part, window, finish), into,
                      2, out, outputs);
  };
  int64_t whole = channels / inputs;
  Value result = form.destination;
  if (whole > 0)
    result = repeat(builder, loc, {whole}, result,
                    [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) {
                      return lower(b, at[0], into, inputs);
                    });
  if (whole < count)
    result = lower(builder, builder.getIndexAttr(whole), result,
                   channels - whole * inputs);
  return result;
}

/// Results that are computed before they are looked up: half of a small cache.
static constexpr int64_t stripBytes = 1 << 14;

/// One sample in strips of rows, or of columns of a single row, each of which
/// is looked up in the table while it is in the cache.
static Value lowerStrips(
    OpBuilder &builder, Location loc, const ContractionForm &form,
    const ConvWindow &window,
    llvm::function_ref<Value(OpBuilder &, const ContractionForm &)> compute) {
  auto shape = typeOf(form.destination).getShape();
  auto filter = typeOf(form.filter).getShape();
  unsigned dim = shape[0] > 1 ? 0 : 1;
  int64_t size = shape[dim],
          rowBytes = dim == 0 ? shape[1] * shape[2] : shape[2];
  int64_t strips = std::clamp<int64_t>(
      llvm::divideCeil(size * rowBytes, stripBytes), 1, size);
  int64_t perStrip = llvm::divideCeil(size, strips);
  int64_t stride = window.strides[dim];
  bool depthwise =
      isDepthwiseBlocked(window.lanes, window.groups, filter.size());
  int64_t reach =
      (filter[depthwise ? dim : dim + 1] - 1) * window.dilations[dim];
  auto lower = [&](OpBuilder &b, OpFoldResult first, int64_t count,
                   Value into) {
    ContractionForm part = form;
    OpFoldResult from = affine::makeComposedFoldedAffineApply(
        b, loc, b.getAffineDimExpr(0) * stride, {first});
    part.input = sliceOf(b, loc, form.input, dim, from,
                         (count - 1) * stride + reach + 1);
    if (part.residual)
      part.residual = sliceOf(b, loc, form.residual, dim, first, count);
    part.destination = sliceOf(b, loc, into, dim, first, count);
    Value result =
        createElementwise(b, loc, {}, {}, compute(b, part),
                          [&](OpBuilder &nested, Location at, ValueRange args) {
                            return lookUp(nested, at, form.table, args[0]);
                          });
    return insertPart(b, loc, result, into, dim, first, count);
  };
  int64_t whole = size / perStrip, rest = size % perStrip;
  Value result =
      repeat(builder, loc, {whole}, form.destination,
             [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) {
               OpFoldResult first = affine::makeComposedFoldedAffineApply(
                   b, loc, b.getAffineDimExpr(0) * perStrip, {at[0]});
               return lower(b, first, perStrip, into);
             });
  if (rest > 0)
    result = lower(builder, builder.getIndexAttr(size - rest), rest, result);
  return result;
}

Value octet::lowerConv(OpBuilder &builder, Location loc, ContractionForm form,
                       const ConvWindow &window, Epilogue finish) {
  Value destination = form.destination;
  if (!window.lanes && window.groups == 1) {
    makeDense(form, builder.getContext(), window);
    return finish(builder, form);
  }
  if (!window.lanes) {
    makeGrouped(form, builder, loc, window);
    return tensor::CollapseShapeOp::create(
        builder, loc, destination.getType(), finish(builder, form),
        ArrayRef<ReassociationIndices>{{0}, {1}, {2}, {3, 4}});
  }
  bool groups =
      window.groups > 1 && !isDepthwiseBlocked(window.lanes, window.groups,
                                               typeOf(form.filter).getRank());
  return repeat(
      builder, loc, {typeOf(destination).getDimSize(0)}, destination,
      [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) {
        OpFoldResult sample = at[0];
        ContractionForm one = form;
        auto slice = [&](Value value) {
          return sliceOf(b, loc, value, 0, sample, 1, /*reduced=*/true);
        };
        one.input = slice(form.input);
        if (form.residual)
          one.residual = slice(form.residual);
        for (Value &value : one.perPosition)
          value = slice(value);
        one.destination = slice(into);
        auto compute = [&](OpBuilder &within, const ContractionForm &part) {
          return groups ? lowerGroups(within, loc, part, window, finish)
                        : lowerBlocks(within, loc, part, window, finish);
        };
        Value result = form.table ? lowerStrips(b, loc, one, window, compute)
                                  : compute(b, one);
        return insertPart(b, loc, result, into, 0, sample, 1);
      });
}
