//===- MetricsTest.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/harness.h"
#include <cmath>
#include <gtest/gtest.h>

namespace {

octet_array labelsOf(const int64_t *values, int64_t count) {
  octet_array labels = {};
  labels.kind = 'i';
  labels.itemsize = 8;
  labels.rank = 1;
  labels.shape[0] = count;
  labels.data = reinterpret_cast<const unsigned char *>(values);
  return labels;
}

TEST(Metrics, TopKCountsRowsWhoseLabelIsAmongTheLargest) {
  const float scores[] = {1, 3, 2, /**/ 5, 4, 3};
  const int64_t values[] = {2, 2};
  auto labels = labelsOf(values, 2);
  EXPECT_DOUBLE_EQ(octet_top_k(scores, 2, 3, &labels, 1), 0.0);
  EXPECT_DOUBLE_EQ(octet_top_k(scores, 2, 3, &labels, 2), 0.5);
  EXPECT_DOUBLE_EQ(octet_top_k(scores, 2, 3, &labels, 3), 1.0);
}

TEST(Metrics, OfEqualScoresTheFirstIsLarger) {
  const float scores[] = {7, 7};
  const int64_t first[] = {0}, second[] = {1};
  auto a = labelsOf(first, 1), b = labelsOf(second, 1);
  EXPECT_DOUBLE_EQ(octet_top_k(scores, 1, 2, &a, 1), 1.0);
  EXPECT_DOUBLE_EQ(octet_top_k(scores, 1, 2, &b, 1), 0.0);
}

TEST(Metrics, LabelsOutsideTheClassesNeverHit) {
  const float scores[] = {1, 2};
  const int64_t values[] = {9};
  auto labels = labelsOf(values, 1);
  EXPECT_DOUBLE_EQ(octet_top_k(scores, 1, 2, &labels, 2), 0.0);
}

TEST(Metrics, SqnrIsTenLogOfPowers) {
  const float reference[] = {3, 4}, near[] = {3, 4.5};
  EXPECT_NEAR(octet_sqnr_db(reference, near, 2), 20.0, 1e-9);
  EXPECT_TRUE(std::isinf(octet_sqnr_db(reference, reference, 2)));
}

TEST(Metrics, SummaryOfTimes) {
  double ns[] = {4e6, 1e6, 3e6, 2e6};
  auto timing = octet_summarize(ns, 4);
  EXPECT_DOUBLE_EQ(timing.median_ms, 2.5);
  EXPECT_DOUBLE_EQ(timing.min_ms, 1.0);
  EXPECT_DOUBLE_EQ(timing.p95_ms, 3.0);
}

} // namespace
