//===- ScaleFolder.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/ScaleFolder.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include <cmath>

using namespace mlir;
using namespace octet;

Affine::Affine(Value value) {
  auto type = cast<quant::UniformQuantizedType>(typeOf(value).getElementType());
  scale = static_cast<float>(type.getScale());
  zeroPoint = type.getZeroPoint();
}

RankedTensorType ScaleFolder::storageLike(Value value) {
  return RankedTensorType::get(typeOf(value).getShape(),
                               builder.getIntegerType(8, /*isSigned=*/false));
}

Value ScaleFolder::f32(float x) {
  return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(x));
}

Value ScaleFolder::i32(int64_t x) {
  return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(x));
}

Value ScaleFolder::constant(ElementsAttr value) {
  return arith::ConstantOp::create(builder, loc, value);
}

std::pair<Value, Value>
ScaleFolder::bounds(const Affine &out, FloatAttr clampMin, FloatAttr clampMax) {
  float low = activationMin - out.zeroPoint;
  float high = activationMax - out.zeroPoint;
  auto narrowed = [&](FloatAttr bound) {
    return std::clamp(
        std::nearbyint(static_cast<float>(bound.getValueAsDouble()) /
                       out.scale),
        low, high);
  };
  float least = clampMin ? narrowed(clampMin) : low;
  float largest = clampMax ? narrowed(clampMax) : high;
  // Of bounds that exclude each other the upper one wins.
  return {f32(std::min(least, largest)), f32(largest)};
}

Value ScaleFolder::padded(Value input, ArrayRef<int64_t> pads,
                          int64_t zeroPoint) {
  if (llvm::all_of(pads, [](int64_t p) { return p == 0; }))
    return input;
  return PadOp::create(builder, loc, input,
                       ArrayRef<int64_t>{0, pads[0], pads[1], 0},
                       ArrayRef<int64_t>{0, pads[2], pads[3], 0},
                       APFloat(static_cast<float>(zeroPoint)));
}

Value ScaleFolder::lookup(Value input, const Affine &in, const Affine &out,
                          llvm::function_ref<double(double)> function) {
  SmallVector<uint8_t> table;
  for (int64_t q = activationMin; q <= activationMax; ++q) {
    float x = in.scale * static_cast<float>(q - in.zeroPoint);
    table.push_back(quantizeValue(static_cast<float>(function(x)), out.scale,
                                  out.zeroPoint, activationMin, activationMax));
  }
  auto u8 = builder.getIntegerType(8, /*isSigned=*/false);
  return LookupOp::create(builder, loc, input.getType(), input,
                          constant<uint8_t>(u8, {256}, table));
}
