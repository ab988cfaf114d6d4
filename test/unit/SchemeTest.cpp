#include "octet/Quantization/Scheme.h"
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
  for (auto [low, high] : {std::pair(-1.0f, 3.0f), {0.5f, 2.0f}, {-3.0f, -1.0f},
                           {0.0f, 0.0f}, {-1e-3f, 1e3f}}) {
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
  EXPECT_EQ(weightScale(127.0f, 0.0f, 1.0f), 1.0f);
  EXPECT_EQ(weightScale(0.0f, 0.0f, 1.0f), 1.0f);
  // A dead channel with a large bias: the bias must fit 30 bits.
  float scale = weightScale(1e-20f, 100.0f, 0.01f);
  EXPECT_LE(100.0f / (0.01f * scale), 1.0001f * (1 << 30));
}

TEST_F(Scheme, HugeRangesDoNotOverflow) {
  auto type = activationType(&context, -3e38f, 3e38f);
  EXPECT_TRUE(std::isfinite(type.getScale()));
}

} // namespace
