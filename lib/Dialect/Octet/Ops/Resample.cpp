//===- Resample.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// resample and integer_resample: weighted sums of slices along one dimension.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

static LogicalResult inferResample(std::optional<Location> location,
                                   Value input, Value sources, Value weights,
                                   int64_t axis, SmallVectorImpl<Type> &types) {
  Shape shape(typeOf(input).getShape());
  auto taps = typeOf(sources).getShape();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return emitOptionalError(location, "axis ", axis, " is out of range");
  if (taps.size() != 2 || taps[1] < 1 || typeOf(weights).getShape() != taps)
    return emitOptionalError(
        location, "sources and weights must be matrices of one shape");
  if (shape[axis] == 0)
    return emitOptionalError(location, "chooses from nothing");
  shape[axis] = taps[0];
  return inferAs(location, shape, input, types);
}

LogicalResult ResampleOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location> location,
                                           Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  return inferResample(location, adaptor.getInput(), adaptor.getSources(),
                       adaptor.getWeights(), adaptor.getAxis(), types);
}

LogicalResult IntegerResampleOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  return inferResample(location, adaptor.getInput(), adaptor.getSources(),
                       adaptor.getMultipliers(), adaptor.getAxis(), types);
}

LogicalResult ResampleOp::verify() {
  if (isQuantized(getInput()) != isQuantized(getOutput()) ||
      (!isQuantized(getInput()) &&
       !(typeOf(getInput()).getElementType().isF32() &&
         typeOf(getOutput()).getElementType().isF32())))
    return emitOpError("input and result must be both quantized or both f32");
  return success();
}

/// Operand 0 keeps all dimensions but one; the others have a row for each
/// position along it.
static SmallVector<int64_t> resampledSources(Operation *op, unsigned operand,
                                             int64_t axis) {
  int64_t rank = typeOf(op->getResult(0)).getRank();
  if (operand == 0)
    return sameDimensions(rank, [&](int64_t d) { return d != axis; });
  SmallVector<int64_t> sources(rank, -1);
  if (isa<RankedTensorType>(op->getOperand(operand).getType()))
    sources[axis] = 0;
  return sources;
}

SmallVector<int64_t> ResampleOp::getDimensionSources(unsigned operand,
                                                     unsigned) {
  return resampledSources(*this, operand, getAxis());
}

SmallVector<int64_t> IntegerResampleOp::getDimensionSources(unsigned operand,
                                                            unsigned) {
  return resampledSources(*this, operand, getAxis());
}

OpFoldResult ResampleOp::fold(FoldAdaptor adaptor) {
  ConstantView input = floatConstant(adaptor.getInput());
  ConstantView sources = integerConstant(adaptor.getSources());
  ConstantView weights = floatConstant(adaptor.getWeights());
  if (!input || !sources || !weights)
    return {};
  auto shape = input.getType().getShape();
  auto strides = computeStrides(shape);
  auto values = input.getArray<float>();
  auto factors = weights.getArray<float>();
  SmallVector<int64_t> from;
  for (const APInt &x : sources.getValues<APInt>())
    from.push_back(
        std::clamp<int64_t>(x.getSExtValue(), 0, shape[getAxis()] - 1));
  auto type = typeOf(getOutput());
  int64_t taps = sources.getType().getDimSize(1);
  SmallVector<float> results;
  Shape position(shape.size(), 0);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t row = position[getAxis()] * taps;
    int64_t start =
        linearize(position, strides) - position[getAxis()] * strides[getAxis()];
    float sum = 0.0f;
    for (int64_t t = 0; t < taps; ++t) {
      float product =
          values[start + from[row + t] * strides[getAxis()]] * factors[row + t];
      sum = t == 0 ? product : sum + product;
    }
    results.push_back(sum);
    advance(position, type.getShape());
  }
  return makeConstant<float>(type, results);
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

std::string ResampleOp::explainFloat() {
  ConstantView weights = matchFloats(getWeights());
  if (!weights)
    return "its weights are computed at run time";
  return isFinite(weights) ? "" : "its weights are not finite";
}

FailureOr<Value> ResampleOp::foldScales(ScaleFolder &folder) {
  Affine in(getInput()), out(getOutput());
  ConstantView weights = matchFloats(getWeights());
  if (!weights)
    return emitOpError("needs constant weights to work on integers");
  float ratio = in.scale / out.scale;
  SmallVector<float> multipliers;
  for (float w : weights.getValues<float>())
    multipliers.push_back(w * ratio);
  auto [low, high] = folder.bounds(out);
  return IntegerResampleOp::create(
             folder.builder, folder.loc, folder.storageLike(getOutput()),
             folder.integer(getInput()), folder.i32(in.zeroPoint), getSources(),
             folder.constant<float>(folder.builder.getF32Type(),
                                    weights.getType().getShape(), multipliers),
             low, high, folder.i32(out.zeroPoint), getAxisAttr())
      .getResult();
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// More taps are added up in several rounds.
static constexpr int64_t tapsAtOnce = 8;

namespace {
using Element = llvm::function_ref<Value(OpBuilder &, Location, Value)>;

struct WeightedSum {
  Value input, sources, weights;
  int64_t axis;

  /// Into `out`; `read` makes an f32 of an element, `finish` the result of the
  /// sum.
  Value build(OpBuilder &builder, Location loc, Value out, Element read,
              Element finish) {
    int64_t taps = typeOf(sources).getDimSize(1);
    auto *context = builder.getContext();
    auto shape = typeOf(out).getShape();
    Value sum;
    for (int64_t first = 0; first < taps; first += tapsAtOnce) {
      int64_t count = std::min(tapsAtOnce, taps - first);
      bool isLast = first + count == taps;
      SmallVector<Value> operands;
      SmallVector<AffineMap> maps;
      for (Value table : {sources, weights})
        for (int64_t t = first; t < first + count; ++t) {
          operands.push_back(table);
          maps.push_back(AffineMap::get(shape.size(), 0,
                                        {getAffineDimExpr(axis, context),
                                         getAffineConstantExpr(t, context)},
                                        context));
        }
      if (sum) {
        operands.push_back(sum);
        maps.push_back(builder.getMultiDimIdentityMap(shape.size()));
      }
      Value target = isLast ? out
                            : tensor::EmptyOp::create(builder, loc, shape,
                                                      builder.getF32Type())
                                  .getResult();
      sum = createElementwise(
          builder, loc, operands, maps, target,
          [&](OpBuilder &b, Location at, ValueRange args) {
            Value partial = sum ? args[2 * count] : Value();
            for (int64_t t = 0; t < count; ++t) {
              Value x = read(b, at, extract(b, at, args[t], shape.size()));
              x = arith::MulFOp::create(b, at, x, args[count + t]);
              partial = partial ? arith::AddFOp::create(b, at, partial, x) : x;
            }
            return isLast ? finish(b, at, partial) : partial;
          });
    }
    return sum;
  }

  /// The input's element at `source` along the axis.
  Value extract(OpBuilder &b, Location at, Value source, int64_t rank) {
    auto constant = [&](int64_t x) -> Value {
      return arith::ConstantOp::create(b, at, b.getI64IntegerAttr(x));
    };
    Value inside = arith::MaxSIOp::create(b, at, source, constant(0));
    inside = arith::MinSIOp::create(
        b, at, inside, constant(typeOf(input).getDimSize(axis) - 1));
    SmallVector<Value> position;
    for (int64_t d = 0; d < rank; ++d)
      position.push_back(
          d == axis
              ? arith::IndexCastOp::create(b, at, b.getIndexType(), inside)
                    .getResult()
              : linalg::IndexOp::create(b, at, d).getResult());
    return tensor::ExtractOp::create(b, at, input, position);
  }
};
} // namespace

FailureOr<SmallVector<Value>>
ResampleOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  if (!typeOf(inputs[0]).getElementType().isF32())
    return failure();
  auto same = [](OpBuilder &, Location, Value x) { return x; };
  WeightedSum sum{inputs[0], inputs[1], inputs[2],
                  static_cast<int64_t>(getAxis())};
  return SmallVector<Value>{
      sum.build(builder, getLoc(), outputs[0], same, same)};
}

FailureOr<SmallVector<Value>> IntegerResampleOp::lower(OpBuilder &builder,
                                                       ValueRange inputs,
                                                       ValueRange outputs) {
  bool isSigned = isSignedStorage(getInput());
  WeightedSum sum{inputs[0], getSources(), getMultipliers(),
                  static_cast<int64_t>(getAxis())};
  return SmallVector<Value>{sum.build(
      builder, getLoc(), outputs[0],
      [&](OpBuilder &b, Location at, Value q) {
        return centered(b, at, q, isSigned, getInputZeroPoint());
      },
      [&](OpBuilder &b, Location at, Value x) {
        return roundToStorage(b, at, x, *this);
      })};
}
