#include "octet/Quantization/Scheme.h"
#include "mlir/IR/Builders.h"
#include <algorithm>
#include <cmath>

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
  if (!(scale >= 1e-30f))
    scale = 1.0f;
  int64_t zeroPoint = std::clamp<int64_t>(
      std::llrint(std::nearbyint(-low / scale)), activationMin, activationMax);
  Builder builder(context);
  return quant::UniformQuantizedType::get(
      /*flags=*/0, builder.getIntegerType(8), builder.getF32Type(), scale,
      zeroPoint, activationMin, activationMax);
}

float octet::weightScale(float largestMagnitude, float bias, float inputScale) {
  constexpr float biasLimit = 1 << 30;
  float scale = largestMagnitude / static_cast<float>(weightMax);
  float forBias = std::fabs(bias) / (inputScale * biasLimit);
  scale = std::max(scale, forBias);
  return scale >= 1e-30f ? scale : 1.0f;
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
