//===- ObserveTest.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/observe.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

namespace {

std::unique_ptr<octet_histogram> histogramOf(const std::vector<float> &values,
                                             size_t chunk) {
  auto histogram = std::make_unique<octet_histogram>();
  octet_histogram_init(histogram.get());
  for (size_t i = 0; i < values.size(); i += chunk)
    octet_histogram_add(histogram.get(), values.data() + i,
                        std::min(chunk, values.size() - i));
  return histogram;
}

bool equal(const octet_histogram &a, const octet_histogram &b) {
  return a.exponent == b.exponent && a.min == b.min && a.max == b.max &&
         std::signbit(a.min) == std::signbit(b.min) &&
         std::signbit(a.max) == std::signbit(b.max) && a.total == b.total &&
         std::memcmp(a.counts, b.counts, sizeof a.counts) == 0;
}

TEST(Observe, NeitherOrderNorBatchingShows) {
  std::mt19937 random(3);
  std::lognormal_distribution<float> sizes(0, 4);
  std::vector<float> values;
  for (int i = 0; i < 5000; ++i)
    values.push_back(random() % 2 ? sizes(random) : -sizes(random));
  auto whole = histogramOf(values, values.size());
  for (size_t chunk : {1u, 7u, 100u})
    EXPECT_TRUE(equal(*whole, *histogramOf(values, chunk)));
  std::shuffle(values.begin(), values.end(), random);
  EXPECT_TRUE(equal(*whole, *histogramOf(values, 13)));
}

/// Every order of a few values, one at a time and in rows of two.
void expectOneHistogram(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  auto first = histogramOf(values, values.size());
  do {
    for (size_t chunk : {1u, 2u})
      ASSERT_TRUE(equal(*first, *histogramOf(values, chunk)));
  } while (std::next_permutation(values.begin(), values.end()));
}

TEST(Observe, NorDoesWhoCounted) {
  std::mt19937 random(9);
  std::lognormal_distribution<float> sizes(0, 4);
  std::vector<float> values{0.0f, NAN, 1e-45f};
  for (int i = 0; i < 3000; ++i)
    values.push_back(random() % 2 ? sizes(random) : -sizes(random));
  auto whole = histogramOf(values, values.size());
  for (size_t parts : {1u, 2u, 7u, 5000u}) {
    octet_histogram merged;
    octet_histogram_init(&merged);
    for (size_t part = 0; part < parts; ++part) {
      std::vector<float> own;
      for (size_t i = part; i < values.size(); i += parts)
        own.push_back(values[i]);
      octet_histogram_merge(&merged, histogramOf(own, 10).get());
    }
    EXPECT_TRUE(equal(*whole, merged)) << parts;
    EXPECT_EQ(merged.not_finite, 1u);
  }
}

TEST(Observe, ZerosDoNotSetTheBins) {
  expectOneHistogram({0.0f, 0.0f, 1e-3f, 7e-4f});
  expectOneHistogram({0.0f, -0.0f, 0.0f});
  auto h = histogramOf({0.0f, 0.0f, 1e-3f}, 1);
  EXPECT_EQ(h->exponent, -9 - 11);
}

TEST(Observe, NeitherSignsNorSubnormalsNorWideningShow) {
  expectOneHistogram({-1e-3f, -5.0f, -0.0f, -1e-20f});
  expectOneHistogram({1e-45f, -3e-42f, 0.0f, 1e-39f});
  expectOneHistogram({1e-45f, 0.0f});
  expectOneHistogram({1e-30f, 1e-10f, 1.0f, 1e10f, 3e38f});
  expectOneHistogram({2048.0f, -2048.0f, 2047.9f, 0.0f, 1.0f});
}

TEST(Observe, EveryValueFallsIntoItsBin) {
  std::vector<float> values = {0.0f, 1.0f, -1.0f, 0.75f, -1e-20f};
  auto h = histogramOf(values, 5);
  for (float v : values) {
    int bin =
        std::floor(std::ldexp(v, -h->exponent)) + OCTET_HISTOGRAM_BINS / 2;
    EXPECT_GT(h->counts[bin], 0u) << v;
  }
  EXPECT_EQ(h->total, 5u);
}

/// Dense and with gaps, of sizes around those that are counted together.
TEST(Observe, CountsEveryElementOfAViewOnce) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0, 3);
  for (int64_t c : {1, 3, 2047, 2048, 2049})
    for (int64_t gapW : {0, 1})
      for (int64_t gapH : {0, 5}) {
        const int64_t n = 2, h = 3, w = 5, strideW = c + gapW,
                      strideH = w * strideW + gapH, strideN = h * strideH + 2;
        std::vector<float> values(n * strideN, NAN);
        auto at = [&](int64_t i, int64_t y, int64_t x, int64_t k) -> float & {
          return values[i * strideN + y * strideH + x * strideW + k];
        };
        std::vector<float> present;
        for (int64_t element = 0; element < n * h * w * c; ++element) {
          float v = random() % 2 ? normal(random) : 0;
          int64_t row = element / c;
          at(row / (h * w), row / w % h, row % w, element % c) = v;
          present.push_back(v);
        }
        octet_histogram counted;
        octet_histogram_init(&counted);
        octet_observer observer{&counted, nullptr, nullptr, nullptr};
        octet_observe_by(&observer);
        const octet_view view{values.data(), n,       h,      w, c,
                              strideN,       strideH, strideW};
        octet_observe_view(0, &view);
        octet_observe_by(nullptr);
        std::vector<uint64_t> expected(OCTET_HISTOGRAM_BINS);
        for (float v : present)
          ++expected[std::floor(std::ldexp(double(v), -counted.exponent)) +
                     OCTET_HISTOGRAM_BINS / 2];
        EXPECT_EQ(expected, std::vector<uint64_t>(std::begin(counted.counts),
                                                  std::end(counted.counts)));
        EXPECT_EQ(counted.total, present.size());
        EXPECT_EQ(counted.not_finite, 0u);
        EXPECT_EQ(counted.min,
                  *std::min_element(present.begin(), present.end()));
        EXPECT_EQ(counted.max,
                  *std::max_element(present.begin(), present.end()));
      }
}

TEST(Observe, NonFiniteValuesAreCountedApart) {
  auto h = histogramOf({1.0f, NAN, INFINITY, -INFINITY}, 4);
  EXPECT_EQ(h->not_finite, 3u);
  EXPECT_EQ(h->total, 1u);
  EXPECT_EQ(h->max, 1.0f);
}

TEST(Observe, ExtremeFloatsFit) {
  auto h = histogramOf({3.4e38f, -3.4e38f, 1e-45f, 0.0f}, 1);
  EXPECT_EQ(h->total, 4u);
}

/// QS-3, by another way than the code.
float roundTrip(float x, float scale, int zeroPoint) {
  double q = std::isnan(x) ? 0.0 : std::nearbyint(double(x / scale));
  q = std::clamp(q, double(-zeroPoint), double(255 - zeroPoint));
  return scale * float(q);
}

TEST(Observe, RoundsToTheStepsOfTheScheme) {
  std::mt19937 random(5);
  std::normal_distribution<float> numbers(0, 40);
  for (int zeroPoint : {0, 1, 128, 255}) {
    std::vector<float> values{0.0f,  -0.0f,  0.25f,    0.75f,     -0.25f,
                              1e30f, -1e30f, INFINITY, -INFINITY, NAN};
    for (int i = 0; i < 2000; ++i)
      values.push_back(numbers(random));
    auto rounded = values;
    octet_rounding rounding{0.5f, float(zeroPoint)};
    octet_round_values(&rounding, rounded.data(), rounded.size());
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(rounded[i], roundTrip(values[i], 0.5f, zeroPoint)) << values[i];
  }
}

TEST(Observe, AddsUpWhatRoundingDoes) {
  octet_quality quality{1, 2};
  const float exact[]{3, -4, INFINITY, NAN}, rounded[]{2, -4, INFINITY, NAN};
  octet_quality_add(&quality, exact, rounded, 4);
  EXPECT_EQ(quality.signal, 26);
  EXPECT_EQ(quality.noise, 3);
  octet_quality_add(&quality, exact + 3, rounded, 1);
  EXPECT_EQ(quality.noise, INFINITY);
}

/// [n, h, w, c] among other elements, which stay.
TEST(Observe, RoundsInPlaceAndComparesWithWhatWas) {
  const int h = 5, w = 7, c = 3, strideW = 4, strideH = 40;
  std::vector<float> before(h * strideH + 8);
  std::mt19937 random(7);
  for (float &x : before)
    x = random() % 1000 / 100.0f;
  auto values = before;
  auto observe = [&] {
    const octet_view view{&values[8], 1,           h,       w,
                          c,          h * strideH, strideH, strideW};
    octet_observe_view(0, &view);
  };
  std::vector<float> kept(OCTET_SAMPLED);
  octet_observer observer{nullptr, nullptr, kept.data(), nullptr};
  octet_observe_by(&observer);
  observe();
  EXPECT_EQ(values, before);
  octet_rounding rounding{0.25f, 0};
  octet_quality quality{0, 0};
  observer.roundings = &rounding;
  observer.qualities = &quality;
  octet_observe_by(&observer);
  observe();
  octet_observe_by(nullptr);
  auto rounded = values;
  observe();
  EXPECT_EQ(values, rounded);
  double signal = 0, noise = 0;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (int i = 0; i < c; ++i) {
        float &was = before[8 + y * strideH + x * strideW + i];
        float now = roundTrip(was, 0.25f, 0);
        signal += double(was) * was;
        noise += (double(was) - now) * (double(was) - now);
        was = now;
      }
  EXPECT_EQ(values, before);
  EXPECT_DOUBLE_EQ(quality.signal, signal);
  EXPECT_DOUBLE_EQ(quality.noise, noise);
}

} // namespace
