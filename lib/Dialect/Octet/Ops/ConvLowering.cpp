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

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

std::optional<FilterShape> octet::getFilterShape(ArrayRef<int64_t> filter,
                                                 std::optional<int64_t> lanes,
                                                 int64_t groups, int64_t pack) {
  if (!lanes)
    return filter.size() == 4 ? std::optional(FilterShape{filter[0], filter[1],
                                                          filter[2], filter[3]})
                              : std::nullopt;
  if (groups > 1) // depthwise: [KH, KW, O / lanes, lanes]
    return filter.size() == 4 && filter[3] == *lanes
               ? std::optional(
                     FilterShape{filter[2] * *lanes, filter[0], filter[1], 1})
               : std::nullopt;
  size_t rank = pack > 1 ? 6 : 5;
  if (filter.size() != rank || filter[4] != *lanes ||
      (pack > 1 && filter[5] != pack))
    return std::nullopt;
  return FilterShape{filter[0] * *lanes, filter[1], filter[2],
                     filter[3] * pack};
}

/// True if `padded` is `size` and less than a block of `unit` more.
static bool roundsUpTo(int64_t size, int64_t unit, int64_t padded) {
  return padded >= size && padded < size + unit;
}

LogicalResult octet::verifyConv(Operation *op, Value inputValue,
                                Value filterValue, Value bias, Value residual,
                                std::optional<int64_t> lanes, int64_t groups,
                                int64_t pack) {
  auto input = typeOf(inputValue), output = typeOf(op->getResult(0));
  auto filter =
      getFilterShape(typeOf(filterValue).getShape(), lanes, groups, pack);
  if (input.getRank() != 4 || output.getRank() != 4 || !filter)
    return op->emitOpError("takes images of rank 4 and a filter of rank 4, or "
                           "blocked by its lanes");
  int64_t channels = input.getDimSize(3), outputs = output.getDimSize(3);
  bool depthwise = lanes && groups > 1;
  if (groups < 1 || (!depthwise && filter->outputs % groups != 0) ||
      (!depthwise && !roundsUpTo(channels, pack > 1 ? *lanes : 1,
                                 filter->inputsPerGroup * groups)))
    return op->emitOpError("input has ")
           << channels << " channels but the filter takes "
           << filter->inputsPerGroup << " in each of " << groups << " groups";
  if (!roundsUpTo(outputs, lanes.value_or(1), filter->outputs))
    return op->emitOpError("result has ")
           << outputs << " channels but the filter gives " << filter->outputs;
  if (bias && typeOf(bias).getShape() != ArrayRef<int64_t>{filter->outputs})
    return op->emitOpError("bias must have one value for each output channel");
  if (residual && typeOf(residual).getShape() != output.getShape())
    return op->emitOpError("residual must have the shape of the result");
  return success();
}

int64_t octet::countConvMacs(Value input, Value filter, Value output,
                             std::optional<int64_t> lanes, int64_t groups) {
  auto shape = typeOf(filter).getShape();
  // Height and width lead a depthwise blocked filter, else follow the outputs.
  bool depthwise = lanes && groups > 1;
  int64_t taps = depthwise ? shape[0] * shape[1] : shape[1] * shape[2];
  int64_t inputs = typeOf(input).getDimSize(3) / groups;
  return dropLayout(typeOf(output)).getNumElements() * taps * inputs;
}

Shape octet::blockedKernelShape(Operation *op, unsigned index,
                                std::optional<int64_t> lanes, int64_t groups,
                                int64_t pack) {
  Shape shape = facts::logicalShape(op, index);
  if (!lanes || shape.size() != 4 || index == 1)
    return shape;
  // A dense filter [O / lanes, KH, KW, I / pack, ...] says what it reads.
  bool isDenseInput = index == 0 && groups == 1;
  shape.back() = isDenseInput ? typeOf(op->getOperand(1)).getShape()[3] * pack
                              : llvm::alignTo(shape.back(), *lanes);
  return shape;
}

SmallVector<int64_t> octet::convSources(unsigned operand) {
  // Channels and positions meet in a sum; samples stay apart.
  return operand == 0 ? SmallVector<int64_t>{0, -1, -1, -1}
                      : SmallVector<int64_t>{-1, -1, -1, -1};
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

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
  bool depthwise = window.groups > 1;
  for (Value *value :
       {&form.bias, &form.multiplier, &form.residual, &form.destination})
    if (*value)
      *value = splitLast(builder, loc, *value, lanes);
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

/// One sample of the blocked form, computed into sample `index` of `into`.
static Value lowerSample(OpBuilder &builder, Location loc,
                         const ContractionForm &form, const ConvWindow &window,
                         OpFoldResult index, Value into, Epilogue finish) {
  SmallVector<OpFoldResult> offsets(4, builder.getIndexAttr(0)),
      steps(4, builder.getIndexAttr(1));
  offsets[0] = index;
  auto sizesOf = [&](Value value) {
    auto sizes =
        getAsIndexOpFoldResult(builder.getContext(), typeOf(value).getShape());
    sizes[0] = builder.getIndexAttr(1);
    return sizes;
  };
  auto slice = [&](Value value) -> Value {
    auto type = typeOf(value);
    auto reduced = RankedTensorType::get(type.getShape().drop_front(),
                                         type.getElementType());
    return tensor::ExtractSliceOp::create(builder, loc, reduced, value, offsets,
                                          sizesOf(value), steps);
  };
  ContractionForm one = form;
  one.input = slice(form.input);
  if (form.residual)
    one.residual = slice(form.residual);
  one.destination = slice(into);
  auto shape = one.destination.getType();
  makeBlocked(one, builder, loc, window);
  Value result = finish(builder, one);
  result = tensor::CollapseShapeOp::create(
      builder, loc, shape, result,
      ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
  return tensor::InsertSliceOp::create(builder, loc, result, into, offsets,
                                       sizesOf(into), steps);
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
  int64_t samples = typeOf(destination).getDimSize(0);
  if (samples == 1)
    return lowerSample(builder, loc, form, window, builder.getIndexAttr(0),
                       destination, finish);
  auto index = [&](int64_t i) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, i);
  };
  return scf::ForOp::create(
             builder, loc, index(0), index(samples), index(1), destination,
             [&](OpBuilder &b, Location, Value sample, ValueRange carried) {
               scf::YieldOp::create(b, loc,
                                    lowerSample(b, loc, form, window, sample,
                                                carried[0], finish));
             })
      .getResult(0);
}
