//===- Pools.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pools over windows. Lowered, they take an input that is padded already: max
// pools read the lowest value beyond the edge, average pools a zero (or the
// zero point).
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"
#include "octet/Dialect/Octet/IR/Scheme.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

template <typename Adaptor>
static LogicalResult inferPool(std::optional<Location> location,
                               Adaptor adaptor, ArrayRef<int64_t> pads,
                               SmallVectorImpl<Type> &types) {
  auto input = typeOf(adaptor.getInput()).getShape();
  if (input.size() != 4)
    return emitOptionalError(location, "takes an input of rank 4");
  return inferAs(location,
                 inferWindowed(input, adaptor.getKernel(), adaptor.getStrides(),
                               pads, adaptor.getDilations(), input[3]),
                 adaptor.getInput(), types);
}

LogicalResult MaxPool2DOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferPool(location, adaptor, adaptor.getPads(), types);
}
LogicalResult AvgPool2DOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferPool(location, adaptor, adaptor.getPads(), types);
}
LogicalResult IntegerAvgPool2DOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  return inferPool(location, adaptor, {0, 0, 0, 0}, types);
}

template <typename PoolOp> static LogicalResult verifyPads(PoolOp op) {
  if (llvm::any_of(llvm::enumerate(op.getPads()), [&](auto pad) {
        return op.getKernel().size() == 2 &&
               pad.value() > (op.getKernel()[pad.index() % 2] - 1) *
                                 op.getDilations()[pad.index() % 2];
      }))
    return op.emitOpError("pads reach beyond the kernel");
  return success();
}

LogicalResult MaxPool2DOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  return verifyPads(*this);
}

LogicalResult AvgPool2DOp::verify() {
  auto output = typeOf(getOutput()).getShape();
  if (getDivisor() && (output.size() != 4 ||
                       typeOf(getDivisor()).getShape() != output.slice(1, 2)))
    return emitOpError("divisor must have one value for each position");
  return verifyPads(*this);
}

LogicalResult IntegerAvgPool2DOp::verify() {
  auto multiplier = typeOf(getMultiplier()).getShape();
  auto output = typeOf(getOutput()).getShape();
  if (multiplier != ArrayRef<int64_t>{1, 1} &&
      (output.size() != 4 || multiplier != output.slice(1, 2)))
    return emitOpError("multiplier must be 1x1 or one value for each position");
  return success();
}

/// Samples and channels stay apart.
static SmallVector<int64_t> poolSources(unsigned operand) {
  return operand == 0 ? SmallVector<int64_t>{0, -1, -1, 3}
                      : SmallVector<int64_t>{-1, -1, -1, -1};
}
SmallVector<int64_t> MaxPool2DOp::getDimensionSources(unsigned operand,
                                                      unsigned) {
  return poolSources(operand);
}
SmallVector<int64_t> AvgPool2DOp::getDimensionSources(unsigned operand,
                                                      unsigned) {
  return poolSources(operand);
}
SmallVector<int64_t> IntegerAvgPool2DOp::getDimensionSources(unsigned operand,
                                                             unsigned) {
  return poolSources(operand);
}

SmallVector<float> AvgPool2DOp::getCounts() {
  auto input = typeOf(getInput()).getShape();
  auto output = typeOf(getOutput()).getShape();
  // Positions of window `index` along dimension `d` that lie in the input.
  auto inside = [&](int d, int64_t index) {
    int64_t count = 0;
    for (int64_t k = 0; k < getKernel()[d]; ++k) {
      int64_t at =
          index * getStrides()[d] + k * getDilations()[d] - getPads()[d];
      count += getCountIncludePad() || (at >= 0 && at < input[d + 1]);
    }
    return count;
  };
  SmallVector<float> counts;
  for (int64_t y = 0; y < output[1]; ++y)
    for (int64_t x = 0; x < output[2]; ++x)
      counts.push_back(inside(0, y) * inside(1, x));
  return counts;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

float MaxPool2DOp::getNeutralValue() {
  return typeOf(getInput()).getElementType().isF32()
             ? -std::numeric_limits<float>::infinity()
             : 0.0f;
}

void MaxPool2DOp::takePadded(OpBuilder &, Value padded) {
  getInputMutable().assign(padded);
  setPads({0, 0, 0, 0});
}

float AvgPool2DOp::getNeutralValue() { return 0.0f; }

void AvgPool2DOp::takePadded(OpBuilder &builder, Value padded) {
  auto counts = getCounts();
  auto shape = typeOf(getOutput()).getShape().slice(1, 2);
  getDivisorMutable().assign(arith::ConstantOp::create(
      builder, getLoc(),
      makeConstant<float>(RankedTensorType::get(shape, builder.getF32Type()),
                          counts)));
  getInputMutable().assign(padded);
  setPads({0, 0, 0, 0});
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

OperandRole AvgPool2DOp::getOperandRole(unsigned index) {
  return index == 0 ? OperandRole::Activation : OperandRole::Parameter;
}

std::string AvgPool2DOp::explainFloat() {
  // QS-11: every sum of q - z must fit an accumulator.
  return getKernel()[0] * getKernel()[1] > INT32_MAX / activationMax
             ? "its sums could leave 32 bits"
             : "";
}

FailureOr<Value> AvgPool2DOp::foldScales(ScaleFolder &folder) {
  Affine in(getInput()), out(getOutput());
  auto counts = getCounts();
  Shape shape{typeOf(getOutput()).getDimSize(1),
              typeOf(getOutput()).getDimSize(2)};
  if (llvm::all_equal(counts)) {
    counts.resize(1);
    shape = {1, 1};
  }
  SmallVector<float> multipliers;
  for (float count : counts)
    multipliers.push_back(in.scale / (out.scale * count));
  auto [low, high] = folder.bounds(out);
  return IntegerAvgPool2DOp::create(
             folder.builder, folder.loc, folder.storageLike(getOutput()),
             folder.padded(folder.integer(getInput()), getPads(), in.zeroPoint),
             folder.i32(in.zeroPoint),
             folder.constant<float>(folder.builder.getF32Type(), shape,
                                    multipliers),
             low, high, folder.i32(out.zeroPoint), getKernel(), getStrides(),
             getDilations())
      .getResult();
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// A reduction of every window of `input` [N, H, W, C] into `start`; the body
/// gets an element and the accumulator.
template <typename PoolOp>
static Value poolWindows(OpBuilder &builder, PoolOp op, Value input,
                         Value start, Body body) {
  auto *context = builder.getContext();
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  auto position = [&](unsigned d) {
    return dim(d + 1) * op.getStrides()[d] + dim(d + 4) * op.getDilations()[d];
  };
  auto map =
      AffineMap::get(6, 0, {dim(0), position(0), position(1), dim(3)}, context);
  auto outMap = AffineMap::get(6, 0, {dim(0), dim(1), dim(2), dim(3)}, context);
  auto windowMap = AffineMap::get(6, 0, {dim(4), dim(5)}, context);
  // Only the shape of this operand counts: it bounds the window.
  Value window = tensor::EmptyOp::create(builder, op.getLoc(), op.getKernel(),
                                         typeOf(input).getElementType());
  return createReduction(builder, op.getLoc(), {input, window},
                         {map, windowMap}, start, outMap,
                         [&](OpBuilder &b, Location at, ValueRange args) {
                           return body(b, at, {args[0], args[2]});
                         });
}

template <typename PoolOp> static bool hasPads(PoolOp op) {
  return llvm::any_of(op.getPads(), [](int64_t p) { return p != 0; });
}

FailureOr<SmallVector<Value>>
MaxPool2DOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Type element = typeOf(inputs[0]).getElementType();
  bool isFloat = element.isF32();
  if (hasPads(*this) || (!isFloat && !element.isInteger(8)))
    return failure();
  bool isSigned = isSignedStorage(getInput());
  TypedAttr lowest =
      isFloat ? TypedAttr(builder.getFloatAttr(
                    element, APFloat::getInf(APFloat::IEEEsingle(),
                                             /*Negative=*/true)))
              : TypedAttr(builder.getI8IntegerAttr(isSigned ? -128 : 0));
  Value start = fill(builder, getLoc(), lowest, outputs[0]);
  return SmallVector<Value>{
      poolWindows(builder, *this, inputs[0], start,
                  [&](OpBuilder &b, Location at, ValueRange args) -> Value {
                    if (isSigned)
                      return arith::MaxSIOp::create(b, at, args[0], args[1]);
                    if (!isFloat)
                      return arith::MaxUIOp::create(b, at, args[0], args[1]);
                    return extremeOrNaN(b, at, args[0], args[1]);
                  })};
}

FailureOr<SmallVector<Value>>
AvgPool2DOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  if (!typeOf(inputs[0]).getElementType().isF32() || hasPads(*this))
    return failure();
  auto *context = builder.getContext();
  Value sum = inputs[0];
  for (int d : {1, 0})
    sum = sumAlong(builder, getLoc(), sum, d + 1,
                   typeOf(getOutput()).getDimSize(d + 1), getKernel()[d],
                   getStrides()[d], getDilations()[d]);
  SmallVector<Value> operands{sum};
  SmallVector<AffineMap> maps{builder.getMultiDimIdentityMap(4)};
  if (getDivisor()) {
    operands.push_back(inputs[1]);
    maps.push_back(AffineMap::get(
        4, 0, {getAffineDimExpr(1, context), getAffineDimExpr(2, context)},
        context));
  }
  float count = getKernel()[0] * getKernel()[1];
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), operands, maps, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value divisor = getDivisor() ? args[1] : constantF32(b, at, count);
        return arith::DivFOp::create(b, at, args[0], divisor);
      })};
}

FailureOr<SmallVector<Value>> IntegerAvgPool2DOp::lower(OpBuilder &builder,
                                                        ValueRange inputs,
                                                        ValueRange outputs) {
  auto loc = getLoc();
  auto *context = builder.getContext();
  Value zeros =
      fill(builder, loc, builder.getI32IntegerAttr(0),
           tensor::EmptyOp::create(builder, loc, typeOf(outputs[0]).getShape(),
                                   builder.getI32Type()));
  Value sum =
      poolWindows(builder, *this, inputs[0], zeros,
                  [&](OpBuilder &b, Location at, ValueRange args) -> Value {
                    Value q =
                        widen(b, at, args[0], isSignedStorage(getInput()));
                    q = arith::SubIOp::create(b, at, q, getInputZeroPoint());
                    return arith::AddIOp::create(b, at, args[1], q);
                  });
  auto multiplierShape = getMultiplier().getType().getShape();
  auto position = [&](int d) {
    return multiplierShape[d] == 1 ? getAffineConstantExpr(0, context)
                                   : getAffineDimExpr(d + 1, context);
  };
  return SmallVector<Value>{createElementwise(
      builder, loc, {sum, getMultiplier()},
      {builder.getMultiDimIdentityMap(4),
       AffineMap::get(4, 0, {position(0), position(1)}, context)},
      outputs[0], [&](OpBuilder &b, Location at, ValueRange args) {
        Value x = arith::SIToFPOp::create(b, at, b.getF32Type(), args[0]);
        x = arith::MulFOp::create(b, at, x, args[1]);
        return roundToStorage(b, at, x, *this);
      })};
}
