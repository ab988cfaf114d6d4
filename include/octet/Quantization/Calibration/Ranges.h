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
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <set>
#include <vector>

namespace octet {

/// The histogram of one tensor; see Harness/observe.h.
struct Histogram {
  float min = 0, max = 0;
  uint64_t notFinite = 0;
  int exponent = 0;
  int64_t firstBin = 0;
  std::vector<uint64_t> counts;
};

struct Ranges {
  /// 1 or 2.
  int64_t version = 2;
  /// Of the imported graph; in version 1 of the model's file.
  std::string modelHash;
  int64_t samples = 0;
  /// No input held NaN or infinity; version 1 does not say.
  std::optional<bool> inputsFinite;
  /// Percentage of values that ranges are to cover, unless said otherwise.
  double percentile = 100.0;
  /// Ranges are to have the least squared error, unless said otherwise.
  bool leastError = false;
  llvm::StringMap<Histogram> tensors;
  /// Tensors that are not to be rounded.
  llvm::StringSet<> unrounded;
};

/// How far, in dB, the values of an output stand above what rounding does to
/// them.
struct OutputQuality {
  std::string name;
  double sqnr;
};

/// Parses the text of ranges.json; the error says what is wrong with it.
llvm::Expected<Ranges> parseRanges(llvm::StringRef text);

/// A file of ranges.
struct RangesFile {
  std::string path, text;
};

/// The ranges of several parts of the data together.
struct MergedRanges {
  /// The text of ranges.json, with histograms alone: those of all data at once,
  /// to the byte.
  std::string text;
  /// What parts of the most samples ask for; whether all ask for the same.
  bool leastError = false;
  double percentile = 100.0;
  bool agreed = true;
  /// What any part leaves unrounded.
  std::set<std::string> unrounded;
};

/// Joins `parts`, at least one, in any order. The error names the file that
/// does not fit.
llvm::Expected<MergedRanges> mergeRanges(llvm::ArrayRef<RangesFile> parts);

/// True for what may be asked of ranges: above 50 and at most 100.
bool isPercentile(double percentile);

/// Writes `percentile` into the text of ranges.json, to the bit.
void setPercentile(std::string &text, double percentile);

/// Writes the method of least squared error into the text of ranges.json.
void setLeastError(std::string &text);

/// Writes into the text of ranges.json which tensors are not to be rounded.
void setUnrounded(std::string &text, llvm::ArrayRef<std::string> tensors);

/// Writes what was measured of the outputs into the text of ranges.json;
/// nothing reads it back.
void setQualities(std::string &text, llvm::ArrayRef<OutputQuality> outputs);

/// True if `ranges` were calibrated on the model whose graph and file have
/// these hashes; empty ones are not known and fit.
bool fitsModel(const Ranges &ranges, llvm::StringRef graphHash,
               llvm::StringRef fileHash);

/// Where NaN or infinity among a tensor's values must come from.
llvm::StringRef explainNotFinite(const Ranges &ranges);

/// The bounds between which `percentile` percent of the values lie, on each
/// side as many as half the rest outside; 100 gives the extremes.
std::pair<float, float> percentileRange(const Histogram &histogram,
                                        double percentile);

/// The bounds, within `low` and `high`, of the 255 steps that represent the
/// values with the least squared error: what rounding costs inside and clamping
/// outside. Values beyond `low` and `high` count as these.
std::pair<float, float> leastErrorRange(const Histogram &histogram, float low,
                                        float high);

} // namespace octet

#endif // OCTET_QUANTIZATION_CALIBRATION_RANGES_H
