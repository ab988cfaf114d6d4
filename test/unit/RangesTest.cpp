//===- RangesTest.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Quantization/Calibration/Ranges.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace octet;

namespace {

Histogram uniform() {
  Histogram h;
  h.min = -4.0f;
  h.max = 4.0f;
  h.exponent = 0;
  h.firstBin = -4;
  h.counts.assign(8, 1000);
  return h;
}

TEST(Ranges, HundredPercentIsMinMax) {
  auto [low, high] = percentileRange(uniform(), 100.0);
  EXPECT_EQ(low, -4.0f);
  EXPECT_EQ(high, 4.0f);
}

TEST(Ranges, APercentileCutsBothTails) {
  // 75 %: 1000 of 8000 values on each side, one whole bin.
  auto [low, high] = percentileRange(uniform(), 75.0);
  EXPECT_EQ(low, -3.0f);
  EXPECT_EQ(high, 3.0f);
}

TEST(Ranges, NeverWiderThanWhatWasSeen) {
  Histogram h = uniform();
  h.min = -3.5f;
  EXPECT_EQ(percentileRange(h, 99.9).first, -3.5f);
}

TEST(Ranges, FarValuesAreWorthTheirStepsWhereOthersAreFew) {
  Histogram h = uniform();
  h.max = 1024.0f;
  h.counts.resize(1028);
  h.counts.back() = 1;
  EXPECT_GT(leastErrorRange(h, h.min, h.max).second, 960.0f);
  for (int bin = 0; bin < 8; ++bin)
    h.counts[bin] = 100'000'000;
  EXPECT_LT(leastErrorRange(h, h.min, h.max).second, 64.0f);
}

TEST(Ranges, UniformValuesKeepTheirRange) {
  auto [low, high] = leastErrorRange(uniform(), -4.0f, 4.0f);
  EXPECT_EQ(low, -4.0f);
  EXPECT_EQ(high, 4.0f);
}

TEST(Ranges, ValuesBeyondTheGivenBoundsCostNothing) {
  auto [low, high] = leastErrorRange(uniform(), -1.0f, 4.0f);
  EXPECT_EQ(low, -1.0f);
  EXPECT_EQ(high, 4.0f);
  // Zero stays inside.
  EXPECT_EQ(leastErrorRange(uniform(), 1.0f, 4.0f).first, 0.0f);
}

TEST(Ranges, NoValuesHaveNoRange) {
  Histogram h;
  EXPECT_EQ(leastErrorRange(h, 0.0f, 0.0f), std::make_pair(0.0f, 0.0f));
}

TEST(Ranges, ParsesWhatCalibrationWrites) {
  auto ranges = parseRanges(R"({"version": 1, "model_hash": "ab", "samples": 2,
    "tensors": {"x": {"min": -1, "max": 2.5, "not_finite": 0, "exponent": -3,
                      "first_bin": -8, "counts": [1, 0, 3]}}})");
  ASSERT_TRUE(bool(ranges)) << llvm::toString(ranges.takeError());
  EXPECT_EQ(ranges->modelHash, "ab");
  EXPECT_EQ(ranges->tensors["x"].counts.size(), 3u);
  EXPECT_EQ(ranges->tensors["x"].max, 2.5f);
}

TEST(Ranges, TheLargestFloatsReadBack) {
  auto ranges = parseRanges(R"({"version": 2, "model_hash": "ab", "tensors":
      {"x": {"min": -3.40282347e+38, "max": 3.40282347e+38, "not_finite": 0,
             "exponent": 117, "first_bin": -2048, "counts": [1]}}})");
  ASSERT_TRUE(bool(ranges)) << llvm::toString(ranges.takeError());
  EXPECT_EQ(ranges->tensors["x"].min, -std::numeric_limits<float>::max());
}

Ranges parse(const std::string &text) {
  auto ranges = parseRanges(text);
  EXPECT_TRUE(bool(ranges)) << llvm::toString(ranges.takeError());
  return ranges ? std::move(*ranges) : Ranges();
}

TEST(Ranges, APercentileTravelsToTheBit) {
  for (double percentile : {99.999, 99.99, 50.000001, 100.0, 200.0 / 3}) {
    std::string text = R"({"version": 2, "model_hash": "ab", "tensors": {}})";
    setPercentile(text, percentile);
    EXPECT_EQ(parse(text).percentile, percentile) << text;
  }
  std::string text = "{}";
  setPercentile(text, 99.999);
  EXPECT_NE(text.find("99.999,"), std::string::npos) << text;
}

TEST(Ranges, TheMethodTravels) {
  std::string text = R"({"version": 2, "model_hash": "ab", "tensors": {}})";
  EXPECT_FALSE(parse(text).leastError);
  setLeastError(text);
  EXPECT_TRUE(parse(text).leastError) << text;
  for (const char *method : {"\"entropy\"", "1", "null"}) {
    auto ranges =
        parseRanges(std::string(R"({"version": 2, "method": )") + method +
                    R"(, "model_hash": "a", "tensors": {}})");
    EXPECT_FALSE(bool(ranges)) << method;
    llvm::consumeError(ranges.takeError());
  }
}

TEST(Ranges, WhatIsNotRoundedTravels) {
  const std::string empty =
      R"({"version": 2, "model_hash": "ab", "tensors": {}})";
  std::string text = empty;
  setUnrounded(text, {"x", "a \"b\"\n"});
  setQualities(text, {{"y", 20.04}, {"z\\", -999}});
  auto ranges = parse(text);
  EXPECT_EQ(ranges.unrounded.size(), 2u);
  EXPECT_TRUE(ranges.unrounded.contains("a \"b\"\n")) << text;
  EXPECT_NE(text.find(R"("y": 20, "z\\": -999})"), std::string::npos) << text;
  EXPECT_TRUE(parse(empty).unrounded.empty());
  auto wrong = parseRanges(
      R"({"version": 2, "unrounded": [1], "model_hash": "a", "tensors": {}})");
  EXPECT_FALSE(bool(wrong));
  llvm::consumeError(wrong.takeError());
}

TEST(Ranges, NonsenseIsNoPercentile) {
  for (double p : {-3.0, 0.0, 50.0, 100.001, double(NAN), double(INFINITY)})
    EXPECT_FALSE(isPercentile(p)) << p;
  for (const char *p : {"-3", "0", "50", "101", "1e999", "\"99\"", "null"}) {
    auto ranges = parseRanges(std::string(R"({"version": 2, "percentile": )") +
                              p + R"(, "model_hash": "a", "tensors": {}})");
    EXPECT_FALSE(bool(ranges)) << p;
    llvm::consumeError(ranges.takeError());
  }
}

TEST(Ranges, EachVersionIsOfItsOwnHash) {
  Ranges one = parse(R"({"version": 1, "model_hash": "f", "tensors": {}})");
  Ranges two = parse(R"({"version": 2, "model_hash": "g", "tensors": {}})");
  EXPECT_TRUE(fitsModel(one, "g", "f"));
  EXPECT_TRUE(fitsModel(two, "g", "f"));
  EXPECT_FALSE(fitsModel(one, "f", "g"));
  EXPECT_FALSE(fitsModel(two, "f", "g"));
  EXPECT_TRUE(fitsModel(one, "f", ""));
  EXPECT_FALSE(fitsModel(two, "f", ""));
  EXPECT_TRUE(fitsModel(two, "", ""));
}

TEST(Ranges, FiniteInputsAreNotBlamed) {
  auto explain = [](const std::string &more) {
    return explainNotFinite(parse(
        R"({"version": 2, "model_hash": "g", "tensors": {})" + more + "}"));
  };
  EXPECT_FALSE(explain(R"(, "inputs_finite": true)").contains("data"));
  EXPECT_FALSE(explain(R"(, "inputs_finite": false)").contains("weights"));
  EXPECT_TRUE(explain("").contains("data"));
  EXPECT_TRUE(explain("").contains("weights"));
}

TEST(Ranges, BinsBeyondTheBoundsStayFinite) {
  auto ranges = octet::parseRanges(
      R"({"version": 1, "model_hash": "0", "samples": 8, "tensors": {"x":
          {"min": -1.5, "max": 3e7, "not_finite": 0, "exponent": 201,
           "first_bin": -7, "counts": [43, 21, 2, 19]}}})");
  ASSERT_TRUE(bool(ranges));
  auto [low, high] = octet::percentileRange(ranges->tensors["x"], 50.1);
  EXPECT_EQ(low, -1.5f);
  EXPECT_EQ(high, -1.5f);
}

TEST(Ranges, MalformedTextIsAnError) {
  for (const char *text :
       {"", "{", "[]", "{}", R"({"version": 3})", R"({"version": "1"})",
        R"({"version": 1, "model_hash": "a", "tensors": {"x": {}}})",
        R"({"version": 1, "model_hash": "a", "tensors": {"x": {"min": 2,
            "max": 1, "not_finite": 0, "exponent": 0, "first_bin": 0,
            "counts": []}}})"}) {
    auto ranges = parseRanges(text);
    EXPECT_FALSE(bool(ranges)) << text;
    llvm::consumeError(ranges.takeError());
  }
}

/// Ranges with one tensor, x.
RangesFile part(int samples, const std::string &histogram,
                const std::string &fields = "",
                const std::string &hash = "ab") {
  return {"part" + std::to_string(samples) + ".json",
          "{" + fields + R"("version": 2, "model_hash": ")" + hash +
              R"(", "samples": )" + std::to_string(samples) +
              R"(, "inputs_finite": true, "tensors": {"x": )" + histogram +
              "}}"};
}

MergedRanges merge(std::vector<RangesFile> parts) {
  auto merged = mergeRanges(parts);
  EXPECT_TRUE(bool(merged)) << llvm::toString(merged.takeError());
  return merged ? std::move(*merged) : MergedRanges();
}

/// Bins -3 to 1 of width 1/4, and -1 to 0 of width 2.
const std::string narrow = R"({"min": -0.75, "max": 0.25, "not_finite": 1,
    "exponent": -2, "first_bin": -3, "counts": [1, 0, 2, 4, 8]})";
const std::string wide = R"({"min": -1.5, "max": 1, "not_finite": 2,
    "exponent": 1, "first_bin": -1, "counts": [16, 32]})";
const std::string nothing = R"({"min": 0, "max": 0, "not_finite": 3,
    "exponent": -140, "first_bin": 0, "counts": [0]})";

TEST(MergedRanges, BinsWidenTowardTheirOwnSideOfZero) {
  for (bool reversed : {false, true}) {
    std::vector<RangesFile> parts{part(1, narrow), part(2, wide)};
    if (reversed)
      std::swap(parts[0], parts[1]);
    auto ranges = parse(merge(parts).text);
    EXPECT_EQ(ranges.samples, 3);
    const Histogram &x = ranges.tensors["x"];
    EXPECT_EQ(x.min, -1.5f);
    EXPECT_EQ(x.max, 1.0f);
    EXPECT_EQ(x.notFinite, 3u);
    EXPECT_EQ(x.exponent, 1);
    EXPECT_EQ(x.firstBin, -1);
    EXPECT_EQ(x.counts, (std::vector<uint64_t>{19, 44}));
  }
}

TEST(MergedRanges, PartsWithoutValuesChangeNothing) {
  for (auto &parts : {std::vector{part(1, narrow), part(2, nothing)},
                      std::vector{part(2, nothing), part(1, narrow)}}) {
    auto ranges = parse(merge(parts).text);
    const Histogram &x = ranges.tensors["x"];
    EXPECT_EQ(x.min, -0.75f);
    EXPECT_EQ(x.exponent, -2);
    EXPECT_EQ(x.notFinite, 4u);
    EXPECT_EQ(x.counts, (std::vector<uint64_t>{1, 0, 2, 4, 8}));
  }
}

TEST(MergedRanges, TheMostSamplesChooseTheMethod) {
  const std::string mse = R"("method": "mse",)";
  auto merged = merge({part(3, wide, mse), part(2, wide), part(2, wide)});
  EXPECT_FALSE(merged.leastError);
  EXPECT_FALSE(merged.agreed);
  merged = merge({part(2, wide), part(3, wide, mse)});
  EXPECT_TRUE(merged.leastError);
  merged = merge({part(2, wide, R"("percentile": 99.5,)")});
  EXPECT_EQ(merged.percentile, 99.5);
  EXPECT_TRUE(merged.agreed);
}

TEST(MergedRanges, WhatAnyPartLeavesUnroundedStaysSo) {
  auto merged = merge({part(1, wide, R"("unrounded": ["b"],)"),
                       part(2, wide, R"("unrounded": ["a", "b"],)")});
  EXPECT_EQ(merged.unrounded, (std::set<std::string>{"a", "b"}));
}

TEST(MergedRanges, InfiniteInputsOfOnePartAreThoseOfAll) {
  auto infinite = part(1, wide);
  infinite.text.replace(infinite.text.find("true"), 4, "false");
  EXPECT_FALSE(*parse(merge({part(2, wide), infinite}).text).inputsFinite);
}

TEST(MergedRanges, WhatDoesNotFitIsNamed) {
  auto refused = [](std::vector<RangesFile> parts) {
    auto merged = mergeRanges(parts);
    EXPECT_FALSE(bool(merged));
    return llvm::toString(merged.takeError());
  };
  auto other = refused({part(1, wide), part(2, wide, "", "cd")});
  EXPECT_NE(other.find("part2.json: ranges of another model than those of "
                       "part1.json"),
            std::string::npos)
      << other;
  auto more = part(2, wide);
  more.text.replace(more.text.find("\"x\""), 3, "\"y\"");
  EXPECT_NE(refused({part(1, wide), more}).find("another model"),
            std::string::npos);
  auto old = part(2, wide);
  old.text.replace(old.text.find("2,"), 2, "1,");
  EXPECT_NE(refused({part(1, wide), old}).find("calibrate again"),
            std::string::npos);
  EXPECT_NE(refused({{"a.json", "{"}}).find("a.json: the ranges are malformed"),
            std::string::npos);
}

} // namespace
