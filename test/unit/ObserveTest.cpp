//===- ObserveTest.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/observe.h"
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
         a.total == b.total &&
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
