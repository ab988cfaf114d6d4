//===- Cumulative.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cumulative: sums and products of all elements up to each one.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult CumulativeOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> location,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  auto shape = typeOf(adaptor.getInput()).getShape();
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return emitOptionalError(location, "axis ", axis, " is out of range");
  return inferAs(location, Shape(shape), adaptor.getInput(), types);
}

LogicalResult CumulativeOp::verify() {
  Type element = typeOf(getInput()).getElementType();
  if (!element.isF32() && (!isa<IntegerType>(element) || element.isInteger(1)))
    return emitOpError("accumulates f32 and integers only");
  return verifySameElementType(*this);
}

SmallVector<int64_t> CumulativeOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getOutput()).getRank(), [&](int64_t d) {
    return d != static_cast<int64_t>(getAxis());
  });
}

bool CumulativeOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  setAxis(permutation[getAxis()]);
  return true;
}

/// `values` accumulated along `axis` of `shape`, from `start` on.
template <typename T>
static SmallVector<T> accumulate(CumulativeOp op, SmallVector<T> values,
                                 const T &start) {
  auto shape = typeOf(op.getInput()).getShape();
  int64_t size = shape[op.getAxis()], stride = 1;
  for (int64_t inner : shape.drop_front(op.getAxis() + 1))
    stride *= inner;
  bool isSum = op.getKind() == CumulativeKind::Sum;
  int64_t lines = values.size() / std::max<int64_t>(1, size);
  for (int64_t line = 0; line < lines; ++line) {
    int64_t first = line / stride * stride * size + line % stride;
    T total = start;
    for (int64_t i = 0; i < size; ++i) {
      T &element =
          values[first + (op.getReverse() ? size - 1 - i : i) * stride];
      // An inclusive one begins with the element itself: -0 + 0 is +0.
      T next = i == 0 && !op.getExclusive() ? element
               : isSum                      ? T(total + element)
                                            : T(total * element);
      element = op.getExclusive() ? total : next;
      total = next;
    }
  }
  return values;
}

OpFoldResult CumulativeOp::fold(FoldAdaptor adaptor) {
  bool isSum = getKind() == CumulativeKind::Sum;
  if (ConstantView floats = floatConstant(adaptor.getInput()))
    return makeConstant<float>(
        typeOf(getOutput()),
        accumulate<float>(*this, llvm::to_vector(floats.getValues<float>()),
                          isSum ? 0.0f : 1.0f));
  if (ConstantView integers = integerConstant(adaptor.getInput()))
    return makeConstant<APInt>(
        typeOf(getOutput()),
        accumulate<APInt>(
            *this, llvm::to_vector(integers.getValues<APInt>()),
            APInt(integers.getElementType().getIntOrFloatBitWidth(),
                  isSum ? 0 : 1)));
  return {};
}

FailureOr<SmallVector<Value>>
CumulativeOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto type = typeOf(inputs[0]);
  Type element = type.getElementType();
  if (!element.isF32() && !element.isSignlessInteger())
    return failure();
  auto loc = getLoc();
  bool isSum = getKind() == CumulativeKind::Sum;
  int64_t axis = getAxis(), size = type.getDimSize(axis);

  // One position along the axis.
  Shape shape(type.getShape());
  shape[axis] = 1;
  SmallVector<OpFoldResult> sizes =
      getAsIndexOpFoldResult(builder.getContext(), shape);
  auto slice = RankedTensorType::get(shape, element);
  SmallVector<OpFoldResult> steps(type.getRank(), builder.getIndexAttr(1));
  auto at = [&](Value position) {
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0));
    offsets[axis] = position;
    return offsets;
  };
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto identity = builder.getMultiDimIdentityMap(slice.getRank());
  auto positionOf = [&](Value step) -> Value {
    return getReverse()
               ? arith::SubIOp::create(builder, loc, index(size - 1), step)
               : step;
  };
  auto read = [&](Value step) -> Value {
    return tensor::ExtractSliceOp::create(builder, loc, slice, inputs[0],
                                          at(positionOf(step)), sizes, steps);
  };
  auto store = [&](Value total, Value step, Value into) -> Value {
    auto offsets = at(positionOf(step));
    Value target = tensor::ExtractSliceOp::create(builder, loc, slice, into,
                                                  offsets, sizes, steps);
    target = copyThrough(builder, loc, total, identity, target);
    return tensor::InsertSliceOp::create(builder, loc, target, into, offsets,
                                         sizes, steps);
  };

  // The total so far has memory of its own, which every step adds to.
  Value total = tensor::EmptyOp::create(builder, loc, shape, element);
  if (getExclusive())
    total =
        fill(builder, loc,
             element.isF32()
                 ? TypedAttr(builder.getF32FloatAttr(isSum ? 0.0f : 1.0f))
                 : TypedAttr(builder.getIntegerAttr(element, isSum ? 0 : 1)),
             total);
  else
    total = copyThrough(builder, loc, read(index(0)), identity, total);
  Value result = store(total, index(0), outputs[0]);
  auto loop = scf::ForOp::create(builder, loc, index(1), index(size), index(1),
                                 ValueRange{result, total});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  Value added = getExclusive()
                    ? Value(arith::SubIOp::create(builder, loc, step, index(1)))
                    : step;
  Value next = createElementwise(
      builder, loc, read(added), identity, loop.getRegionIterArg(1),
      [&](OpBuilder &b, Location where, ValueRange args) -> Value {
        if (element.isF32())
          return isSum ? arith::AddFOp::create(b, where, args[1], args[0])
                             .getResult()
                       : arith::MulFOp::create(b, where, args[1], args[0])
                             .getResult();
        return isSum ? arith::AddIOp::create(b, where, args[1], args[0])
                           .getResult()
                     : arith::MulIOp::create(b, where, args[1], args[0])
                           .getResult();
      });
  Value stored = store(next, step, loop.getRegionIterArg(0));
  scf::YieldOp::create(builder, loc, ValueRange{stored, next});
  return SmallVector<Value>{loop.getResult(0)};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

template <CumulativeKind kind>
static LogicalResult buildCumulative(OnnxNode &node) {
  Value input = node.input(0);
  auto given = node.intsFrom("axis", 1, 1);
  if (!input || failed(given))
    return failure();
  if (!*given || (*given)->size() != 1)
    return node.fail("its axis must be one integer");
  auto axis = OnnxNode::normalizeAxis((**given)[0], typeOf(input).getRank());
  if (!axis)
    return node.fail("axis " + Twine((**given)[0]) + " is out of range");
  return node.setOutput(node.create<CumulativeOp>(
      input, kind, static_cast<uint64_t>(*axis),
      node.getInt("exclusive", 0) != 0, node.getInt("reverse", 0) != 0));
}

void CumulativeOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["CumSum"] = buildCumulative<CumulativeKind::Sum>;
  builders["CumProd"] = buildCumulative<CumulativeKind::Prod>;
}
