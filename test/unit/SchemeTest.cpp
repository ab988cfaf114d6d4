//===- SchemeTest.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Scheme.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/MLIRContext.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace octet;

namespace {

class Scheme : public testing::Test {
protected:
  Scheme() { context.loadDialect<mlir::quant::QuantDialect>(); }
  mlir::MLIRContext context;
};

TEST_F(Scheme, ZeroIsExact) {
  for (auto [low, high] : {std::pair(-1.0f, 3.0f),
                           {0.5f, 2.0f},
                           {-3.0f, -1.0f},
                           {0.0f, 0.0f},
                           {-1e-3f, 1e3f}}) {
    auto type = activationType(&context, low, high);
    float scale = type.getScale();
    EXPECT_EQ(quantizeValue(0.0f, scale, type.getZeroPoint(), 0, 255),
              type.getZeroPoint());
  }
}

TEST_F(Scheme, TheRangeFillsEightBits) {
  auto type = activationType(&context, 0.0f, 6.0f);
  EXPECT_EQ(type.getZeroPoint(), 0);
  EXPECT_EQ(quantizeValue(6.0f, type.getScale(), 0, 0, 255), 255);
}

TEST_F(Scheme, RoundsHalfToEvenAndSaturates) {
  EXPECT_EQ(quantizeValue(0.5f, 1.0f, 0, 0, 255), 0);
  EXPECT_EQ(quantizeValue(1.5f, 1.0f, 0, 0, 255), 2);
  EXPECT_EQ(quantizeValue(2.5f, 1.0f, 0, 0, 255), 2);
  EXPECT_EQ(quantizeValue(1e30f, 1.0f, 7, 0, 255), 255);
  EXPECT_EQ(quantizeValue(-1e30f, 1.0f, 7, 0, 255), 0);
  EXPECT_EQ(quantizeValue(NAN, 1.0f, 7, 0, 255), 7);
}

TEST_F(Scheme, WeightScales) {
  EXPECT_EQ(weightScale({127.0f, -3.2f, 0.7f}, 0.0f, 1.0f), 1.0f);
  EXPECT_EQ(weightScale({0.0f, 0.0f}, 0.0f, 1.0f), 1.0f);
  // A dead channel with a large bias: the bias must fit 30 bits.
  float scale = weightScale({1e-20f}, 100.0f, 0.01f);
  EXPECT_LE(100.0f / (0.01f * scale), 1.0001f * (1 << 30));
}

TEST_F(Scheme, WeightsOnAGridKeepIt) {
  std::vector<float> weights;
  for (int i : {79, -13, 5, 62, -41, 0, 7, 78, -79, 33})
    weights.push_back(i * 0.03125f);
  EXPECT_EQ(weightScale(weights, 0.0f, 1.0f), 0.03125f);
}

TEST_F(Scheme, HugeRangesDoNotOverflow) {
  auto type = activationType(&context, -3e38f, 3e38f);
  EXPECT_TRUE(std::isfinite(type.getScale()));
}

} // namespace
