//===- Scheme.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Scheme.h"
#include "mlir/IR/Builders.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace octet;

quant::UniformQuantizedType octet::activationType(MLIRContext *context,
                                                  float low, float high) {
  low = std::min(low, 0.0f);
  high = std::max(high, 0.0f);
  constexpr float steps = activationMax - activationMin;
  // Divided first: the difference of two finite floats may overflow.
  float scale = high / steps - low / steps;
  // Subnormal scales would lose most of their digits.
  if (!(scale >= leastScale))
    scale = 1.0f;
  int64_t zeroPoint = std::clamp<int64_t>(
      std::llrint(std::nearbyint(-low / scale)), activationMin, activationMax);
  Builder builder(context);
  return quant::UniformQuantizedType::get(
      /*flags=*/0, builder.getIntegerType(8), builder.getF32Type(), scale,
      zeroPoint, activationMin, activationMax);
}

/// Σ (w - scale · rne(w / scale))², given up once above `limit`.
static double roundingError(ArrayRef<float> weights, float scale,
                            double limit) {
  double error = 0.0;
  for (float w : weights) {
    double difference = w - scale * std::nearbyint(w / scale);
    error += difference * difference;
    if (error > limit)
      break;
  }
  return error;
}

float octet::weightScale(ArrayRef<float> weights, float bias,
                         float inputScale) {
  constexpr int64_t fewestSteps = 32;
  constexpr size_t probe = 32;
  constexpr double unlimited = std::numeric_limits<double>::infinity();
  float largest = 0.0f;
  for (float w : weights)
    largest = std::max(largest, std::fabs(w));
  float scale = largest / static_cast<float>(weightMax);
  if (scale >= leastScale) {
    // A coarser grid is better only where the weights lie on it; a few of them
    // tell that it is not worth a closer look.
    auto first = weights.take_front(probe);
    double suspicious = 0.5 * roundingError(first, scale, unlimited);
    double best = roundingError(weights, scale, unlimited);
    for (int64_t steps = weightMax - 1; steps >= fewestSteps; --steps) {
      float candidate = largest / static_cast<float>(steps);
      if (roundingError(first, candidate, suspicious) > suspicious)
        continue;
      double error = roundingError(weights, candidate, best);
      if (error < best) {
        best = error;
        scale = candidate;
      }
    }
  }
  constexpr float biasLimit = 1 << 30;
  float forBias = std::fabs(bias) / (inputScale * biasLimit);
  scale = std::max(scale, forBias);
  return scale >= leastScale ? scale : 1.0f;
}

quant::UniformQuantizedPerAxisType
octet::weightType(MLIRContext *context, ArrayRef<float> scales, int32_t axis) {
  Builder builder(context);
  SmallVector<double> wide(scales.begin(), scales.end());
  SmallVector<int64_t> zeroPoints(scales.size(), 0);
  return quant::UniformQuantizedPerAxisType::get(
      quant::QuantizationFlags::Signed, builder.getIntegerType(8),
      builder.getF32Type(), wide, zeroPoints, axis, weightMin, weightMax);
}

int64_t octet::quantizeValue(float x, float scale, int64_t zeroPoint,
                             int64_t qmin, int64_t qmax) {
  float q = x / scale;
  if (std::isnan(q))
    return zeroPoint;
  q = std::clamp(q, static_cast<float>(qmin - zeroPoint),
                 static_cast<float>(qmax - zeroPoint));
  return static_cast<int64_t>(std::nearbyint(q)) + zeroPoint;
}
