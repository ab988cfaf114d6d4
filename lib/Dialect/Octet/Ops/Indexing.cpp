//===- Indexing.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// gather_nd and scatter: reading and writing at tuples of indices.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "IndexLowering.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Tuples
//===----------------------------------------------------------------------===//

/// [b..., i..., s...] of `input` [b..., p..., s...] at `indices` [b..., i...,
/// tuple], the tuple having an index for each of p; none if they do not fit.
static std::optional<Shape>
inferPlaces(ArrayRef<int64_t> input, ArrayRef<int64_t> indices, int64_t batch) {
  if (indices.empty() || batch < 0 ||
      batch >= static_cast<int64_t>(indices.size()))
    return std::nullopt;
  // A tuple's size is any number, up to the largest.
  int64_t depth = indices.back(), rank = input.size();
  if (depth < 1 || depth > rank || batch > rank - depth ||
      input.take_front(batch) != indices.take_front(batch))
    return std::nullopt;
  Shape shape(indices.drop_back());
  llvm::append_range(shape, input.drop_front(batch + depth));
  return shape;
}

static LogicalResult verifyPlaces(Operation *op, Value input, Value indices,
                                  int64_t batch) {
  auto shape = typeOf(input).getShape();
  for (int64_t d = 0; d < typeOf(indices).getShape().back(); ++d)
    if (shape[batch + d] == 0)
      return op->emitOpError("chooses from nothing");
  return success();
}

/// Of dimensions [b..., x..., s...] of one tensor, x being the first `middle`
/// behind `batch`, those of another one [b..., y..., s...] that they follow.
static SmallVector<int64_t> outerDimensions(int64_t rank, int64_t batch,
                                            int64_t middle,
                                            int64_t sourceMiddle) {
  return llvm::map_to_vector(
      llvm::seq<int64_t>(0, rank), [&](int64_t d) -> int64_t {
        if (d < batch)
          return d;
        return d < batch + middle ? -1 : d - middle + sourceMiddle;
      });
}

namespace {
/// Where constants of indices point to.
class ConstantPlaces {
public:
  ConstantPlaces(ConstantView indices, ArrayRef<int64_t> input, int64_t batch)
      : shape(input), strides(computeStrides(input)), batch(batch),
        depth(indices.getType().getShape().back()),
        outer(indices.getType().getRank() - 1),
        tuples(computeStrides(indices.getType().getShape())) {
    for (const APInt &x : indices.getValues<APInt>())
      chosen.push_back(x.getSExtValue());
  }

  /// The input's element at `position` [b..., i..., s...].
  int64_t locate(ArrayRef<int64_t> position) const {
    Shape from(position.take_front(batch));
    int64_t at = linearize(position.take_front(outer),
                           ArrayRef(tuples).take_front(outer));
    for (int64_t d = 0; d < depth; ++d)
      from.push_back(insideDimension(chosen[at + d], shape[batch + d]));
    llvm::append_range(from, position.drop_front(outer));
    return linearize(from, strides);
  }

private:
  ArrayRef<int64_t> shape;
  SmallVector<int64_t> strides;
  int64_t batch, depth, outer;
  SmallVector<int64_t> tuples, chosen;
};
} // namespace

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

LogicalResult GatherNdOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location> location,
                                           Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  auto shape = inferPlaces(typeOf(adaptor.getInput()).getShape(),
                           typeOf(adaptor.getIndices()).getShape(),
                           adaptor.getBatchDims());
  if (!shape)
    return emitOptionalError(location, "indices do not fit the input");
  return inferAs(location, shape, adaptor.getInput(), types);
}

LogicalResult GatherNdOp::verify() {
  if (failed(verifyPlaces(*this, getInput(), getIndices(), getBatchDims())))
    return failure();
  return verifySameElementType(*this);
}

SmallVector<int64_t> GatherNdOp::getDimensionSources(unsigned operand,
                                                     unsigned) {
  int64_t rank = typeOf(getOutput()).getRank(), batch = getBatchDims();
  int64_t outer = typeOf(getIndices()).getRank() - 1;
  if (operand == 1)
    return sameDimensions(rank, [&](int64_t d) { return d < outer; });
  return outerDimensions(rank, batch, outer - batch,
                         typeOf(getIndices()).getShape().back());
}

OperandRole GatherNdOp::getOperandRole(unsigned index) {
  return index == 0 ? OperandRole::Activation : OperandRole::Parameter;
}

OpFoldResult GatherNdOp::fold(FoldAdaptor adaptor) {
  ConstantView input = adaptor.getInput();
  ConstantView indices = integerConstant(adaptor.getIndices());
  if (!input || !indices)
    return {};
  ConstantPlaces places(indices, input.getType().getShape(), getBatchDims());
  return gatherConstant(
      input, typeOf(getOutput()),
      [&](ArrayRef<int64_t> position) { return places.locate(position); });
}

FailureOr<SmallVector<Value>>
GatherNdOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto loc = getLoc();
  auto *context = builder.getContext();
  auto shape = typeOf(getInput()).getShape();
  auto type = typeOf(inputs[1]);
  int64_t batch = getBatchDims(), depth = type.getShape().back();
  int64_t outer = type.getRank() - 1, rank = typeOf(getOutput()).getRank();
  // Members of the tuples, each a tensor of its own.
  SmallVector<Value> members;
  SmallVector<OpFoldResult> offsets(outer + 1, builder.getIndexAttr(0)),
      steps(outer + 1, builder.getIndexAttr(1));
  Shape part(type.getShape());
  part.back() = 1;
  for (int64_t d = 0; d < depth; ++d) {
    offsets.back() = builder.getIndexAttr(d);
    members.push_back(tensor::ExtractSliceOp::create(
        builder, loc,
        RankedTensorType::get(type.getShape().drop_back(),
                              type.getElementType()),
        inputs[1], offsets, getAsIndexOpFoldResult(context, part), steps));
  }
  auto map =
      AffineMap::getMultiDimIdentityMap(rank, context).getMajorSubMap(outer);
  if (outer == 0)
    map = AffineMap::get(rank, 0, {}, context);
  Value input = inputs[0];
  return SmallVector<Value>{createElementwise(
      builder, loc, members, SmallVector<AffineMap>(depth, map), outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        SmallVector<Value> position;
        for (int64_t d = 0; d < batch; ++d)
          position.push_back(linalg::IndexOp::create(b, at, d));
        for (int64_t d = 0; d < depth; ++d)
          position.push_back(arith::IndexCastOp::create(
              b, at, b.getIndexType(),
              insideDimension(b, at, args[d], shape[batch + d])));
        for (int64_t d = outer; d < rank; ++d)
          position.push_back(linalg::IndexOp::create(b, at, d));
        return tensor::ExtractOp::create(b, at, input, position);
      })};
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

LogicalResult ScatterOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location> location,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  auto shape = inferPlaces(typeOf(adaptor.getInput()).getShape(),
                           typeOf(adaptor.getIndices()).getShape(),
                           adaptor.getBatchDims());
  if (!shape || ArrayRef(*shape) != typeOf(adaptor.getUpdates()).getShape())
    return emitOptionalError(location,
                             "updates do not fit the input and the indices");
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}

LogicalResult ScatterOp::verify() {
  Type element = typeOf(getInput()).getElementType();
  if (typeOf(getUpdates()).getElementType() != element)
    return emitOpError("input and updates must have one element type");
  if (getKind() != ScatterKind::Set && !element.isF32() &&
      (!isa<IntegerType>(element) || element.isInteger(1)))
    return emitOpError("combines no values of ") << element;
  if (failed(verifyPlaces(*this, getInput(), getIndices(), getBatchDims())))
    return failure();
  return verifySameElementType(*this);
}

SmallVector<int64_t> ScatterOp::getDimensionSources(unsigned operand,
                                                    unsigned) {
  int64_t rank = typeOf(getOutput()).getRank(), batch = getBatchDims();
  if (operand == 0)
    return sameDimensions(rank, [](int64_t) { return true; });
  if (operand == 1)
    return sameDimensions(rank, [&](int64_t d) { return d < batch; });
  return outerDimensions(rank, batch, typeOf(getIndices()).getShape().back(),
                         typeOf(getIndices()).getRank() - 1 - batch);
}

OperandRole ScatterOp::getOperandRole(unsigned index) {
  return index == 1 ? OperandRole::Parameter : OperandRole::Activation;
}

static APFloat combine(ScatterKind kind, const APFloat &old, const APFloat &x) {
  switch (kind) {
  case ScatterKind::Set:
    return x;
  case ScatterKind::Add:
    return old + x;
  case ScatterKind::Mul:
    return old * x;
  case ScatterKind::Max:
    return old.isNaN() || old > x ? old : x;
  case ScatterKind::Min:
    return old.isNaN() || old < x ? old : x;
  }
  llvm_unreachable("unknown kind");
}

static APInt combine(ScatterKind kind, const APInt &old, const APInt &x,
                     bool isUnsigned) {
  switch (kind) {
  case ScatterKind::Set:
    return x;
  case ScatterKind::Add:
    return old + x;
  case ScatterKind::Mul:
    return old * x;
  case ScatterKind::Max:
    return (isUnsigned ? old.ugt(x) : old.sgt(x)) ? old : x;
  case ScatterKind::Min:
    return (isUnsigned ? old.ult(x) : old.slt(x)) ? old : x;
  }
  llvm_unreachable("unknown kind");
}

OpFoldResult ScatterOp::fold(FoldAdaptor adaptor) {
  ConstantView input = adaptor.getInput(), updates = adaptor.getUpdates();
  ConstantView indices = integerConstant(adaptor.getIndices());
  if (!input || !updates || !indices)
    return {};
  ConstantPlaces places(indices, input.getType().getShape(), getBatchDims());
  auto shape = updates.getType().getShape();
  auto run = [&](auto values, auto news, auto combined) {
    Shape position(shape.size(), 0);
    for (const auto &x : news) {
      auto &value = values[places.locate(position)];
      value = combined(value, x);
      advance(position, shape);
    }
    using T = typename decltype(values)::value_type;
    return makeConstant<T>(input.getType(), values);
  };
  if (isa<FloatType>(input.getElementType()))
    return run(llvm::to_vector(input.getValues<APFloat>()),
               llvm::to_vector(updates.getValues<APFloat>()),
               [&](const APFloat &old, const APFloat &x) {
                 return combine(getKind(), old, x);
               });
  if (!isa<IntegerType>(input.getElementType()))
    return {};
  bool isUnsigned = input.getElementType().isUnsignedInteger();
  return run(llvm::to_vector(input.getValues<APInt>()),
             llvm::to_vector(updates.getValues<APInt>()),
             [&](const APInt &old, const APInt &x) {
               return combine(getKind(), old, x, isUnsigned);
             });
}

static Value combine(OpBuilder &b, Location at, ScatterKind kind, Value old,
                     Value x, bool isUnsigned) {
  bool isFloat = isa<FloatType>(x.getType());
  switch (kind) {
  case ScatterKind::Set:
    return x;
  case ScatterKind::Add:
    return isFloat ? arith::AddFOp::create(b, at, old, x).getResult()
                   : arith::AddIOp::create(b, at, old, x).getResult();
  case ScatterKind::Mul:
    return isFloat ? arith::MulFOp::create(b, at, old, x).getResult()
                   : arith::MulIOp::create(b, at, old, x).getResult();
  case ScatterKind::Max:
    if (isFloat)
      return extremeOrNaN(b, at, x, old);
    return isUnsigned ? arith::MaxUIOp::create(b, at, old, x).getResult()
                      : arith::MaxSIOp::create(b, at, old, x).getResult();
  case ScatterKind::Min:
    if (isFloat)
      return extremeOrNaN(b, at, x, old, /*smaller=*/true);
    return isUnsigned ? arith::MinUIOp::create(b, at, old, x).getResult()
                      : arith::MinSIOp::create(b, at, old, x).getResult();
  }
  llvm_unreachable("unknown kind");
}

FailureOr<SmallVector<Value>>
ScatterOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto loc = getLoc();
  auto shape = typeOf(inputs[0]).getShape();
  int64_t batch = getBatchDims(), depth = typeOf(inputs[1]).getShape().back();
  int64_t outer = typeOf(inputs[1]).getRank() - 1;
  bool isUnsigned = typeOf(getInput()).getElementType().isUnsignedInteger();
  Value copy =
      copyThrough(builder, loc, inputs[0],
                  builder.getMultiDimIdentityMap(shape.size()), outputs[0]);
  auto index = [&](OpBuilder &b, int64_t i) -> Value {
    return arith::ConstantIndexOp::create(b, loc, i);
  };
  auto nest =
      [&](OpBuilder &b, ArrayRef<int64_t> sizes, Value into,
          llvm::function_ref<Value(OpBuilder &, ValueRange, Value)> body)
      -> Value {
    SmallVector<Value> lows, highs, steps;
    for (int64_t size : sizes) {
      lows.push_back(index(b, 0));
      highs.push_back(index(b, size));
      steps.push_back(index(b, 1));
    }
    return scf::buildLoopNest(b, loc, lows, highs, steps, into,
                              [&](OpBuilder &inner, Location, ValueRange at,
                                  ValueRange carried) {
                                return scf::ValueVector{
                                    body(inner, at, carried[0])};
                              })
        .results[0];
  };
  auto sizes = typeOf(inputs[2]).getShape();
  // One after the other: several may meet at one place.
  auto updateRow = [&](OpBuilder &b, ValueRange chosen, Value into) {
    SmallVector<Value> place(chosen.take_front(batch)), tuple(chosen);
    tuple.push_back({});
    for (int64_t d = 0; d < depth; ++d) {
      tuple.back() = index(b, d);
      Value member = tensor::ExtractOp::create(b, loc, inputs[1], tuple);
      place.push_back(arith::IndexCastOp::create(
          b, loc, b.getIndexType(),
          insideDimension(b, loc, member, shape[batch + d])));
    }
    return nest(b, sizes.drop_front(outer), into,
                [&](OpBuilder &inner, ValueRange at, Value row) -> Value {
                  SmallVector<Value> from(chosen), to(place);
                  llvm::append_range(from, at);
                  llvm::append_range(to, at);
                  Value x =
                      tensor::ExtractOp::create(inner, loc, inputs[2], from);
                  if (getKind() != ScatterKind::Set)
                    x = combine(inner, loc, getKind(),
                                tensor::ExtractOp::create(inner, loc, row, to),
                                x, isUnsigned);
                  return tensor::InsertOp::create(inner, loc, x, row, to);
                });
  };
  return SmallVector<Value>{
      nest(builder, sizes.take_front(outer), copy, updateRow)};
}
