//===- PRelu.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// prelu and integer_prelu.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

/// `input`'s shape, to which `slope` must broadcast.
static LogicalResult inferPRelu(std::optional<Location> location, Value input,
                                Value slope, SmallVectorImpl<Type> &types) {
  auto shape =
      inferBroadcast(typeOf(input).getShape(), typeOf(slope).getShape());
  if (shape && ArrayRef(*shape) != typeOf(input).getShape())
    return emitOptionalError(location,
                             "the slope does not broadcast to the input");
  return inferAs(location, shape, input, types);
}

LogicalResult PReluOp::inferReturnTypes(MLIRContext *,
                                        std::optional<Location> location,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  return inferPRelu(location, adaptor.getInput(), adaptor.getSlope(), types);
}

LogicalResult IntegerPReluOp::inferReturnTypes(MLIRContext *,
                                               std::optional<Location> location,
                                               Adaptor adaptor,
                                               SmallVectorImpl<Type> &types) {
  return inferPRelu(location, adaptor.getInput(), adaptor.getNegative(), types);
}

std::string PReluOp::explainFloat() {
  ConstantView slope = matchFloats(getSlope());
  if (!slope)
    return "its slope is computed at run time";
  return isFinite(slope) ? "" : "its slope is not finite";
}

FailureOr<Value> PReluOp::foldScales(ScaleFolder &folder) {
  Affine in(getInput()), out(getOutput());
  ConstantView slope = matchFloats(getSlope());
  if (!slope)
    return emitOpError("needs a constant slope to work on integers");
  float positive = in.scale / out.scale;
  SmallVector<float> negative;
  for (float k : slope.getValues<float>())
    negative.push_back(k * positive);
  auto [low, high] = folder.bounds(out);
  return IntegerPReluOp::create(
             folder.builder, folder.loc, folder.storageLike(getOutput()),
             folder.integer(getInput()), folder.i32(in.zeroPoint),
             folder.f32(positive),
             folder.constant<float>(folder.builder.getF32Type(),
                                    slope.getType().getShape(), negative),
             low, high, folder.i32(out.zeroPoint))
      .getResult();
}

/// The maps that read `input` and `slope` for each element of `input`.
static SmallVector<AffineMap> readMaps(OpBuilder &builder, Value input,
                                       Value slope) {
  auto shape = typeOf(input).getShape();
  return {builder.getMultiDimIdentityMap(shape.size()),
          broadcastMap(builder.getContext(), typeOf(slope).getShape(), shape)};
}

FailureOr<SmallVector<Value>>
PReluOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  if (!typeOf(inputs[0]).getElementType().isF32())
    return failure();
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), inputs, readMaps(builder, inputs[0], inputs[1]),
      outputs[0], [](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value scaled = arith::MulFOp::create(b, at, args[0], args[1]);
        Value negative =
            arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT, args[0],
                                  constantF32(b, at, 0.0f));
        return arith::SelectOp::create(b, at, negative, scaled, args[0]);
      })};
}

FailureOr<SmallVector<Value>> IntegerPReluOp::lower(OpBuilder &builder,
                                                    ValueRange inputs,
                                                    ValueRange outputs) {
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), {inputs[0], getNegative()},
      readMaps(builder, inputs[0], getNegative()), outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value x = centered(b, at, args[0], isSignedStorage(getInput()),
                           getInputZeroPoint());
        Value below = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT, x,
                                            constantF32(b, at, 0.0f));
        Value factor =
            arith::SelectOp::create(b, at, below, args[1], getPositive());
        x = arith::MulFOp::create(b, at, x, factor);
        return roundToStorage(b, at, x, *this);
      })};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildPRelu(OnnxNode &node) {
  Value input = node.floatInput(0), slope = node.floatInput(1);
  if (!input || !slope)
    return failure();
  // Before operator set 7 one slope for each channel did not broadcast.
  int64_t rank = typeOf(input).getRank(),
          count = typeOf(slope).getNumElements();
  if (node.opset < 7 && rank > 1 && typeOf(slope).getRank() == 1 && count > 1) {
    Shape channels(rank - 1, 1);
    channels[0] = count;
    slope = node.reshape(slope, channels);
  }
  return node.setOutput(node.create<PReluOp>(input, slope));
}

void PReluOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["PRelu"] = buildPRelu;
}
