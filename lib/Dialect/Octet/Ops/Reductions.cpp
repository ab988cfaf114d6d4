//===- Reductions.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reductions over dimensions, and softmax.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Shape shape(typeOf(adaptor.getInput()).getShape());
  for (int64_t axis : adaptor.getAxes()) {
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
      return emitOptionalError(location, "axis ", axis, " is out of range");
    shape[axis] = 1;
  }
  return inferAs(location, shape, adaptor.getInput(), types);
}

LogicalResult ReduceOp::verify() {
  auto axes = getAxes();
  for (size_t i = 1; i < axes.size(); ++i)
    if (axes[i - 1] >= axes[i])
      return emitOpError("axes must ascend");
  return success();
}

SmallVector<int64_t> ReduceOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getInput()).getRank(), [&](int64_t d) {
    return !llvm::is_contained(getAxes(), d);
  });
}

bool ReduceOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  auto axes = llvm::map_to_vector(
      getAxes(), [&](int64_t axis) { return permutation[axis]; });
  llvm::sort(axes);
  setAxes(axes);
  return true;
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location> location,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}

LogicalResult SoftmaxOp::verify() {
  if (int64_t(getAxis()) < 0 ||
      int64_t(getAxis()) >= typeOf(getInput()).getRank())
    return emitOpError("axis ") << getAxis() << " is out of range";
  return success();
}

SmallVector<int64_t> SoftmaxOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getInput()).getRank(), [&](int64_t d) {
    return d != static_cast<int64_t>(getAxis());
  });
}

bool SoftmaxOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  setAxis(permutation[getAxis()]);
  return true;
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// The largest (or smallest) value over `axes`, which are kept with size one.
static Value extremeOver(OpBuilder &builder, Location loc, Value input,
                         ArrayRef<int64_t> axes, bool smallest) {
  auto *context = builder.getContext();
  auto shape = typeOf(input).getShape();
  unsigned rank = shape.size();
  Shape kept(shape);
  SmallVector<AffineExpr> exprs;
  unsigned next = rank;
  for (unsigned d = 0; d < rank; ++d) {
    bool reduced = llvm::is_contained(axes, d);
    exprs.push_back(getAffineDimExpr(reduced ? next++ : d, context));
    if (reduced)
      kept[d] = 1;
  }
  auto start = builder.getFloatAttr(
      builder.getF32Type(),
      APFloat::getInf(APFloat::IEEEsingle(), /*Negative=*/!smallest));
  Value out =
      fill(builder, loc, start,
           tensor::EmptyOp::create(builder, loc, kept, builder.getF32Type()));
  return createReduction(
      builder, loc, input, AffineMap::get(next, 0, exprs, context), out,
      AffineMap::getMultiDimIdentityMap(next, context).getMajorSubMap(rank),
      [&](OpBuilder &b, Location at, ValueRange args) {
        return extremeOrNaN(b, at, args[0], args[1], smallest);
      });
}

FailureOr<SmallVector<Value>>
ReduceOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Value value = inputs[0];
  auto identity = builder.getMultiDimIdentityMap(typeOf(value).getRank());
  bool isSum = getKind() == ReduceKind::Sum || getKind() == ReduceKind::Mean;
  float count = 1.0f;
  if (isSum) {
    for (int64_t axis : llvm::reverse(getAxes())) {
      int64_t size = typeOf(value).getDimSize(axis);
      count *= size;
      value = sumAlong(builder, getLoc(), value, axis, /*windows=*/1, size);
    }
  } else if (!getAxes().empty()) {
    value = extremeOver(builder, getLoc(), value, getAxes(),
                        getKind() == ReduceKind::Min);
  }
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), value, identity, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        if (getKind() != ReduceKind::Mean)
          return args[0];
        return arith::DivFOp::create(b, at, args[0], constantF32(b, at, count));
      })};
}

FailureOr<SmallVector<Value>>
SoftmaxOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto loc = getLoc();
  auto shape = typeOf(inputs[0]).getShape();
  int64_t axis = getAxis();
  auto identity = builder.getMultiDimIdentityMap(shape.size());
  Shape single(shape);
  single[axis] = 1;
  auto kept = broadcastMap(builder.getContext(), single, shape);
  Value largest =
      extremeOver(builder, loc, inputs[0], axis, /*smallest=*/false);
  Value powers = createElementwise(
      builder, loc, {inputs[0], largest}, {identity, kept}, outputs[0],
      [](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value x = arith::SubFOp::create(b, at, args[0], args[1]);
        return math::ExpOp::create(b, at, x);
      });
  Value sum = sumAlong(builder, loc, powers, axis, /*windows=*/1, shape[axis]);
  return SmallVector<Value>{createElementwise(
      builder, loc, sum, kept, powers,
      [](OpBuilder &b, Location at, ValueRange args) -> Value {
        return arith::DivFOp::create(b, at, args[1], args[0]);
      })};
}
