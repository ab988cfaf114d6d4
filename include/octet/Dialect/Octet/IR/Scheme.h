//===- Scheme.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The numerics contract: how ranges become scales, and real numbers integers.
// Labels cite docs/QuantSpec.md.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_SCHEME_H
#define OCTET_DIALECT_OCTET_IR_SCHEME_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include <cstdint>

namespace octet {

/// Storage of activations: u8.
inline constexpr int64_t activationMin = 0, activationMax = 255;
/// Storage of weights: s8 without -128, so that a weight can be negated.
inline constexpr int64_t weightMin = -127, weightMax = 127;

/// A smaller scale, which would lose its digits, is taken for 1.
inline constexpr float leastScale = 1e-30f;

/// QS-2: u8, per tensor, asymmetric; the range is widened to contain zero,
/// which is represented exactly.
mlir::quant::UniformQuantizedType activationType(mlir::MLIRContext *context,
                                                 float low, float high);

/// QS-4: the scale of one output channel's finite `weights`: their largest
/// magnitude is k steps, k being the number in 32...127 with the least squared
/// rounding error. Networks that were quantized before keep their grid this
/// way; for others k is 127. A bias that would not fit 30 bits enlarges the
/// scale; an all-zero channel without bias gets 1.
float weightScale(llvm::ArrayRef<float> weights, float bias, float inputScale);

/// QS-4: s8, symmetric, one scale for each slice along `axis`.
mlir::quant::UniformQuantizedPerAxisType
weightType(mlir::MLIRContext *context, llvm::ArrayRef<float> scales,
           int32_t axis);

/// QS-3: rne(clamp(x / scale, qmin - zp, qmax - zp)) + zp; NaN gives zp.
int64_t quantizeValue(float x, float scale, int64_t zeroPoint, int64_t qmin,
                      int64_t qmax);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_SCHEME_H
