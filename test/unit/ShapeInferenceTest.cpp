//===- ShapeInferenceTest.cpp -----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include <gtest/gtest.h>

using namespace octet;

namespace {

TEST(ShapeInference, Elements) {
  EXPECT_EQ(countElements({}), 1);
  EXPECT_EQ(countElements({2, 3, 0}), 0);
  EXPECT_EQ(countElements({1 << 16, 1 << 15}), maxElements);
  EXPECT_EQ(countElements({1 << 16, 1 << 15, 2}), std::nullopt);
  EXPECT_EQ(countElements({INT64_MAX, INT64_MAX}), std::nullopt);
  EXPECT_EQ(countElements({2, -1}), std::nullopt);
}

TEST(ShapeInference, Advance) {
  Shape position{0, 1, 2};
  advance(position, {2, 2, 3});
  EXPECT_EQ(position, (Shape{1, 0, 0}));
  position = {1, 1, 2};
  advance(position, {2, 2, 3});
  EXPECT_EQ(position, (Shape{0, 0, 0}));
  Shape scalar;
  advance(scalar, {});
}

TEST(ShapeInference, Windows) {
  EXPECT_EQ(inferWindows(8, 3, 1, 1, 1, 1), 8);
  EXPECT_EQ(inferWindows(8, 3, 2, 1, 0, 1), 4);
  EXPECT_EQ(inferWindows(8, 3, 1, 2, 0, 0), 4);
  EXPECT_EQ(inferWindows(2, 3, 1, 1, 0, 0), std::nullopt);
  EXPECT_EQ(inferWindows(2, 0, 1, 1, 0, 0), std::nullopt);
  EXPECT_EQ(inferWindows(9, INT64_MAX, 1, INT64_MAX, 0, 0), std::nullopt);
}

TEST(ShapeInference, Broadcast) {
  EXPECT_EQ(inferBroadcast({2, 1, 4}, {3, 1}), (Shape{2, 3, 4}));
  EXPECT_EQ(inferBroadcast({}, {5}), (Shape{5}));
  EXPECT_EQ(inferBroadcast({2}, {3}), std::nullopt);
}

TEST(ShapeInference, MatMul) {
  EXPECT_EQ(inferMatMul({7, 2, 3}, {3, 4}), (Shape{7, 2, 4}));
  EXPECT_EQ(inferMatMul({2, 3}, {4, 3}), std::nullopt);
  EXPECT_EQ(inferMatMul({3}, {3, 4}), std::nullopt);
}

} // namespace
