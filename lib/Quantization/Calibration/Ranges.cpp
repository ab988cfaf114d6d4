//===- Ranges.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Quantization/Calibration/Ranges.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

using namespace octet;

static llvm::Error malformed(const llvm::Twine &what) {
  return llvm::createStringError("the ranges are malformed: " + what);
}

/// True for what a float was printed as: rounded to nine digits, the largest is
/// beyond itself.
static bool isFloat(double x) { return std::isfinite(static_cast<float>(x)); }

static llvm::Expected<Histogram>
parseHistogram(llvm::StringRef name, const llvm::json::Value &value) {
  const auto *object = value.getAsObject();
  if (!object)
    return malformed("'" + name + "' is no object");
  auto min = object->getNumber("min"), max = object->getNumber("max");
  auto exponent = object->getInteger("exponent");
  auto first = object->getInteger("first_bin");
  auto notFinite = object->getInteger("not_finite");
  const auto *counts = object->getArray("counts");
  if (!min || !max || !exponent || !first || !notFinite || !counts ||
      !(*min <= *max) || !isFloat(*min) || !isFloat(*max) || *exponent < -256 ||
      *exponent > 256 || *first < -(1 << 20) || *first > (1 << 20) ||
      counts->size() > (1 << 20))
    return malformed("a field of '" + name + "' is missing or out of range");
  Histogram histogram;
  histogram.min = *min;
  histogram.max = *max;
  histogram.exponent = *exponent;
  histogram.firstBin = *first;
  histogram.notFinite = *notFinite;
  for (const auto &count : *counts) {
    auto number = count.getAsUINT64();
    if (!number)
      return malformed("a count of '" + name + "' is no number");
    histogram.counts.push_back(*number);
  }
  return histogram;
}

/// True if brackets nest deeper than any ranges do: the parser recurses.
static bool isDeep(llvm::StringRef text) {
  int depth = 0;
  for (char c : text) {
    depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    if (depth > 16)
      return true;
  }
  return false;
}

llvm::Expected<Ranges> octet::parseRanges(llvm::StringRef text) {
  if (isDeep(text))
    return malformed("brackets nest too deeply");
  auto parsed = llvm::json::parse(text);
  if (!parsed) {
    auto error = parsed.takeError();
    std::string message = llvm::toString(std::move(error));
    return malformed(message);
  }
  const auto *root = parsed->getAsObject();
  auto version = root ? root->getInteger("version") : std::nullopt;
  if (version != 1 && version != 2)
    return malformed("version 1 or 2 is expected");
  auto hash = root->getString("model_hash");
  const auto *tensors = root->getObject("tensors");
  if (!hash || !tensors)
    return malformed("model_hash or tensors is missing");
  Ranges ranges;
  ranges.version = *version;
  ranges.modelHash = hash->str();
  ranges.inputsFinite = root->getBoolean("inputs_finite");
  ranges.samples = root->getInteger("samples").value_or(0);
  if (const auto *percentile = root->get("percentile"))
    ranges.percentile = percentile->getAsNumber().value_or(0.0);
  if (!isPercentile(ranges.percentile))
    return malformed("the percentile must be above 50 and at most 100");
  if (const auto *method = root->get("method")) {
    if (method->getAsString() != "mse")
      return malformed("the only method it can name is mse");
    ranges.leastError = true;
  }
  if (const auto *names = root->getArray("unrounded"))
    for (const auto &name : *names) {
      if (!name.getAsString())
        return malformed("a name of what is not to be rounded is no text");
      ranges.unrounded.insert(*name.getAsString());
    }
  for (const auto &entry : *tensors) {
    auto histogram = parseHistogram(entry.first, entry.second);
    if (!histogram)
      return histogram.takeError();
    ranges.tensors[entry.first] = std::move(*histogram);
  }
  return ranges;
}

bool octet::isPercentile(double percentile) {
  return percentile > 50.0 && percentile <= 100.0;
}

/// Puts `key` in front of all others.
static void setField(std::string &text, llvm::StringRef key,
                     llvm::StringRef value) {
  text.insert(text.find('{') + 1,
              llvm::formatv("\n  \"{0}\": {1},", key, value).str());
}

/// The shortest digits that read back as `number`.
static std::string shortest(double number) {
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return std::string(digits, end);
}

void octet::setPercentile(std::string &text, double percentile) {
  setField(text, "percentile", shortest(percentile));
}

void octet::setLeastError(std::string &text) {
  setField(text, "method", "\"mse\"");
}

void octet::setUnrounded(std::string &text,
                         llvm::ArrayRef<std::string> tensors) {
  llvm::json::Value names = llvm::json::Array(tensors);
  setField(text, "unrounded", llvm::formatv("{0}", names).str());
}

void octet::setQualities(std::string &text,
                         llvm::ArrayRef<OutputQuality> outputs) {
  std::string object;
  for (const OutputQuality &output : outputs)
    object += llvm::formatv("{0}{1}: {2}", object.empty() ? "" : ", ",
                            llvm::json::Value(output.name),
                            shortest(std::round(output.sqnr * 10) / 10))
                  .str();
  setField(text, "sqnr_db", "{" + object + "}");
}

bool octet::fitsModel(const Ranges &ranges, llvm::StringRef graphHash,
                      llvm::StringRef fileHash) {
  // Models that know one hash only were calibrated by it in every version.
  llvm::StringRef hash =
      ranges.version == 1 && !fileHash.empty() ? fileHash : graphHash;
  return hash.empty() || hash == ranges.modelHash;
}

llvm::StringRef octet::explainNotFinite(const Ranges &ranges) {
  if (!ranges.inputsFinite)
    return "check the data and the model's weights";
  return *ranges.inputsFinite
             ? "though every input was finite; check the model's weights, and "
               "divisions and sums that leave the range of f32"
             : "check the data";
}

std::pair<float, float> octet::percentileRange(const Histogram &histogram,
                                               double percentile) {
  const auto &counts = histogram.counts;
  uint64_t total = std::accumulate(counts.begin(), counts.end(), uint64_t(0));
  double outside = total * (100.0 - percentile) / 200.0;
  if (total == 0 || outside < 1.0)
    return {histogram.min, histogram.max};
  // Bins that an edited file puts elsewhere than its bounds bound nothing.
  auto edge = [&](size_t bin) {
    return std::clamp<double>(
        std::ldexp(static_cast<double>(histogram.firstBin) + bin,
                   histogram.exponent),
        histogram.min, histogram.max);
  };
  size_t low = 0, high = counts.size();
  for (double seen = counts[low]; seen <= outside && low + 1 < high;)
    seen += counts[++low];
  for (double seen = counts[high - 1]; seen <= outside && high - 1 > low;)
    seen += counts[--high - 1];
  return {static_cast<float>(edge(low)), static_cast<float>(edge(high))};
}

namespace {
/// How many values there are up to each bin's end, and the sums of their first
/// and second powers, each value being at the end of its bin away from zero.
class Sums {
public:
  Sums(const Histogram &histogram, double low, double high) {
    double width = std::ldexp(1.0, histogram.exponent);
    double count = 0, first = 0, second = 0;
    for (size_t i = 0; i < histogram.counts.size(); ++i) {
      int64_t bin = histogram.firstBin + static_cast<int64_t>(i);
      double x = std::clamp((bin < 0 ? bin : bin + 1) * width, low, high);
      // Next to zero, which is exact, are most values of many tensors.
      double n = bin == 0 ? 0 : histogram.counts[i];
      count += n;
      first += n * x;
      second += n * x * x;
      places.push_back(x);
      counts.push_back(count);
      firsts.push_back(first);
      seconds.push_back(second);
    }
  }

  /// What a range costs: a twelfth of a squared step for each value inside, the
  /// squared distance for each outside.
  double error(double low, double high) const {
    size_t below = llvm::lower_bound(places, low) - places.begin();
    size_t upTo = llvm::upper_bound(places, high) - places.begin();
    auto at = [](const std::vector<double> &sums, size_t end) {
      return end == 0 ? 0.0 : sums[end - 1];
    };
    auto squares = [&](size_t begin, size_t end, double from) {
      double n = at(counts, end) - at(counts, begin);
      double first = at(firsts, end) - at(firsts, begin);
      double second = at(seconds, end) - at(seconds, begin);
      return std::max(0.0, second - 2 * from * first + n * from * from);
    };
    double step = (high - low) / 255;
    double inside = at(counts, upTo) - at(counts, below);
    return squares(0, below, low) + squares(upTo, places.size(), high) +
           inside * step * step / 12;
  }

private:
  std::vector<double> places, counts, firsts, seconds;
};
} // namespace

std::pair<float, float> octet::leastErrorRange(const Histogram &histogram,
                                               float low, float high) {
  low = std::min(low, 0.0f);
  high = std::max(high, 0.0f);
  Sums sums(histogram, low, high);
  std::pair<float, float> best{low, high};
  double least = sums.error(low, high);
  // Both ends in turn; each moves toward zero in parts of what it was.
  constexpr int rounds = 3, parts = 64;
  for (int round = 0; round < rounds; ++round)
    for (bool moveHigh : {false, true})
      for (int part = 1; part <= parts; ++part) {
        auto candidate = best;
        (moveHigh ? candidate.second : candidate.first) =
            (moveHigh ? high : low) * (static_cast<float>(part) / parts);
        double error = sums.error(candidate.first, candidate.second);
        if (error < least) {
          least = error;
          best = candidate;
        }
      }
  return best;
}
