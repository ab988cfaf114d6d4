//===- MergeRanges.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Joins what was seen of parts of the data. Bins are anchored at zero and their
// widths are powers of two, so that the joined histograms are those of all data
// at once, whatever the parts and their order.
//
//===----------------------------------------------------------------------===//

#include "octet/Quantization/Calibration/Ranges.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace octet;

static bool isEmpty(const Histogram &histogram) {
  return llvm::all_of(histogram.counts, [](uint64_t n) { return n == 0; });
}

/// Adds `counts`, widened to `exponent`, to the counts of bins by their index.
static void addCounts(std::map<int64_t, uint64_t> &bins,
                      const Histogram &histogram, int exponent) {
  int shift = std::min(exponent - histogram.exponent, 62);
  for (auto [i, count] : llvm::enumerate(histogram.counts))
    if (count)
      bins[(histogram.firstBin + static_cast<int64_t>(i)) >> shift] += count;
}

static Histogram merge(const Histogram &a, const Histogram &b) {
  Histogram result = a;
  if (isEmpty(a))
    result = b;
  result.notFinite = a.notFinite + b.notFinite;
  if (isEmpty(a) || isEmpty(b))
    return result;
  result.min = std::min(a.min, b.min);
  result.max = std::max(a.max, b.max);
  result.exponent = std::max(a.exponent, b.exponent);
  std::map<int64_t, uint64_t> bins;
  addCounts(bins, a, result.exponent);
  addCounts(bins, b, result.exponent);
  result.firstBin = bins.begin()->first;
  result.counts.assign(bins.rbegin()->first - result.firstBin + 1, 0);
  for (auto [bin, count] : bins)
    result.counts[bin - result.firstBin] = count;
  return result;
}

/// The names of tensors as `text` lists them, which parsing does not keep.
static std::vector<std::string> listTensors(const Ranges &ranges,
                                            llvm::StringRef text) {
  std::vector<std::pair<size_t, std::string>> places;
  for (llvm::StringRef name : ranges.tensors.keys()) {
    std::string key;
    llvm::raw_string_ostream(key) << llvm::json::Value(name) << ": {";
    places.emplace_back(text.find(key), name.str());
  }
  llvm::sort(places);
  std::vector<std::string> names;
  for (auto &[place, name] : places)
    names.push_back(std::move(name));
  return names;
}

/// As the instrumented program writes them.
static std::string write(const Ranges &ranges,
                         llvm::ArrayRef<std::string> names) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "{\n  \"version\": 2,\n  \"model_hash\": "
     << llvm::json::Value(ranges.modelHash)
     << ",\n  \"samples\": " << ranges.samples
     << ",\n  \"inputs_finite\": " << (*ranges.inputsFinite ? "true" : "false")
     << ",\n  \"tensors\": {";
  llvm::ListSeparator comma(",");
  for (const std::string &name : names) {
    const Histogram &h = ranges.tensors.find(name)->second;
    os << comma << "\n    " << llvm::json::Value(name)
       << llvm::format(": {\"min\": %.9g, \"max\": %.9g", h.min, h.max)
       << ", \"not_finite\": " << h.notFinite
       << ", \"exponent\": " << h.exponent << ", \"first_bin\": " << h.firstBin
       << ", \"counts\": [";
    llvm::interleave(h.counts, os, ",");
    os << "]}";
  }
  os << "\n  }\n}\n";
  return text;
}

llvm::Expected<MergedRanges>
octet::mergeRanges(llvm::ArrayRef<RangesFile> parts) {
  MergedRanges result;
  Ranges all;
  std::vector<std::string> names;
  // Samples of the parts that ask for the same method.
  std::map<std::pair<bool, double>, int64_t> votes;
  for (const RangesFile &part : parts) {
    auto refuse = [&](const llvm::Twine &why) {
      return llvm::createStringError(part.path + ": " + why);
    };
    auto ranges = parseRanges(part.text);
    if (!ranges)
      return refuse(llvm::toString(ranges.takeError()));
    if (ranges->version != 2 || !ranges->inputsFinite)
      return refuse("ranges of version 1 cannot be joined with others; "
                    "calibrate again");
    votes[{ranges->leastError, ranges->percentile}] += ranges->samples;
    for (llvm::StringRef name : ranges->unrounded.keys())
      result.unrounded.insert(name.str());
    if (&part == parts.begin()) {
      names = listTensors(*ranges, part.text);
      all = std::move(*ranges);
      continue;
    }
    if (ranges->modelHash != all.modelHash ||
        !llvm::all_of(names,
                      [&](const std::string &name) {
                        return ranges->tensors.contains(name);
                      }) ||
        ranges->tensors.size() != names.size())
      return refuse("ranges of another model than those of " +
                    parts.front().path +
                    "; join what was calibrated on one model");
    all.samples += ranges->samples;
    *all.inputsFinite &= *ranges->inputsFinite;
    for (auto &[name, histogram] : all.tensors)
      histogram = merge(histogram, ranges->tensors.find(name)->second);
  }
  // The first of equal ones in the map's order, whatever that of the parts.
  auto most = llvm::max_element(
      votes, [](const auto &a, const auto &b) { return a.second < b.second; });
  std::tie(result.leastError, result.percentile) = most->first;
  result.agreed = votes.size() == 1;
  result.text = write(all, names);
  return result;
}
