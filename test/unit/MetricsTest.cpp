//===- MetricsTest.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/harness.h"
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace {

template <typename T>
octet_array arrayOf(const std::vector<T> &values, int32_t dtype) {
  octet_array array = {};
  octet_array_set_dtype(&array, dtype);
  array.rank = 1;
  array.shape[0] = values.size();
  array.data = reinterpret_cast<const unsigned char *>(values.data());
  return array;
}

double topK(const std::vector<float> &scores,
            const std::vector<int64_t> &labels, int k) {
  auto a = arrayOf(scores, OCTET_F32), b = arrayOf(labels, OCTET_I64);
  return octet_top_k(&a, labels.size(), &b, k);
}

double agreement(const std::vector<float> &x, const std::vector<float> &y,
                 int64_t rows) {
  auto a = arrayOf(x, OCTET_F32), b = arrayOf(y, OCTET_F32);
  return octet_agreement(&a, &b, rows);
}

double sqnr(const std::vector<float> &x, const std::vector<float> &y) {
  auto a = arrayOf(x, OCTET_F32), b = arrayOf(y, OCTET_F32);
  return octet_sqnr_db(&a, &b);
}

TEST(Metrics, TopKCountsRowsWhoseLabelIsAmongTheLargest) {
  std::vector<float> scores = {1, 3, 2, /**/ 5, 4, 3};
  EXPECT_DOUBLE_EQ(topK(scores, {2, 2}, 1), 0.0);
  EXPECT_DOUBLE_EQ(topK(scores, {2, 2}, 2), 0.5);
  EXPECT_DOUBLE_EQ(topK(scores, {2, 2}, 3), 1.0);
}

TEST(Metrics, OfEqualScoresTheFirstIsLarger) {
  EXPECT_DOUBLE_EQ(topK({7, 7}, {0}, 1), 1.0);
  EXPECT_DOUBLE_EQ(topK({7, 7}, {1}, 1), 0.0);
}

TEST(Metrics, NeitherOtherLabelsNorNaNHit) {
  EXPECT_DOUBLE_EQ(topK({1, 2}, {9}, 2), 0.0);
  EXPECT_DOUBLE_EQ(topK({NAN, 2}, {0}, 1), 0.0);
}

TEST(Metrics, AgreementIsOfTheLargestElementOfARow) {
  EXPECT_DOUBLE_EQ(agreement({1, 2, 4, 3}, {0, 9, 1, 2}, 2), 0.5);
  EXPECT_DOUBLE_EQ(agreement({1, 2, 4, 3}, {0, 9, 1, 2}, 1), 0.0);
  EXPECT_DOUBLE_EQ(agreement({NAN, 1}, {NAN, 1}, 1), 0.0);
}

TEST(Metrics, AgreementOfIntegersIsOfElements) {
  std::vector<int64_t> x = {1, 2, 3, int64_t(1) << 60}, y = x;
  y[3] += 1;
  auto a = arrayOf(x, OCTET_I64), b = arrayOf(y, OCTET_I64);
  EXPECT_DOUBLE_EQ(octet_agreement(&a, &b, 1), 0.75);
}

TEST(Metrics, SqnrIsTenLogOfPowers) {
  EXPECT_NEAR(sqnr({3, 4}, {3, 4.5}), 20.0, 1e-9);
  EXPECT_EQ(sqnr({3, 4}, {3, 4}), INFINITY);
}

TEST(Metrics, WhatIsNotFiniteIsNoMatch) {
  EXPECT_EQ(sqnr({3, 4}, {3, NAN}), -INFINITY);
  EXPECT_EQ(sqnr({3, INFINITY}, {3, 4}), -INFINITY);
  EXPECT_EQ(sqnr({0, 0}, {0, 1}), -INFINITY);
  EXPECT_EQ(sqnr({3, NAN, INFINITY}, {3, NAN, INFINITY}), INFINITY);
}

TEST(Metrics, SummaryOfTimes) {
  double ns[] = {4e6, 1e6, 3e6, 2e6};
  auto timing = octet_summarize(ns, 4);
  EXPECT_DOUBLE_EQ(timing.median_ms, 2.5);
  EXPECT_DOUBLE_EQ(timing.min_ms, 1.0);
  EXPECT_DOUBLE_EQ(timing.p95_ms, 3.0);
}

} // namespace
