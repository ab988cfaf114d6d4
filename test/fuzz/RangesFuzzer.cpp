//===- RangesFuzzer.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Quantization/Calibration/Ranges.h"
#include <cmath>

/// Any text is parsed, or refused with an error; ranges are finite.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto ranges = octet::parseRanges(
      llvm::StringRef(reinterpret_cast<const char *>(data), size));
  if (!ranges) {
    llvm::consumeError(ranges.takeError());
    return 0;
  }
  for (const auto &tensor : ranges->tensors) {
    const octet::Histogram &seen = tensor.second;
    auto [least, most] = octet::leastErrorRange(seen, seen.min, seen.max);
    if (!std::isfinite(least) || !std::isfinite(most))
      __builtin_trap();
    for (double percentile : {50.1, 99.0, 99.999, 100.0}) {
      auto [low, high] = octet::percentileRange(tensor.second, percentile);
      if (!std::isfinite(low) || !std::isfinite(high))
        __builtin_trap();
    }
  }
  return 0;
}
