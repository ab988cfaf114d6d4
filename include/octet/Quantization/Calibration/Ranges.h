//===- Ranges.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ranges.json: what calibration saw of each tensor.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_QUANTIZATION_CALIBRATION_RANGES_H
#define OCTET_QUANTIZATION_CALIBRATION_RANGES_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace octet {

/// The histogram of one tensor; see Runtime/observe.h.
struct Histogram {
  float min = 0, max = 0;
  uint64_t notFinite = 0;
  int exponent = 0;
  int64_t firstBin = 0;
  std::vector<uint64_t> counts;
};

struct Ranges {
  std::string modelHash;
  int64_t samples = 0;
  /// Percentage of values that ranges are to cover, unless said otherwise.
  double percentile = 100.0;
  llvm::StringMap<Histogram> tensors;
};

/// Parses the text of ranges.json; the error says what is wrong with it.
llvm::Expected<Ranges> parseRanges(llvm::StringRef text);

/// The bounds between which `percentile` percent of the values lie, on each
/// side as many as half the rest outside; 100 gives the extremes.
std::pair<float, float> percentileRange(const Histogram &histogram,
                                        double percentile);

} // namespace octet

#endif // OCTET_QUANTIZATION_CALIBRATION_RANGES_H
