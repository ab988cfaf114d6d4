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

} // namespace
