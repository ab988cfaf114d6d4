//===- ArrayTest.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/array.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace {

/// Converts `values` of `from` to `to`: the elements, or the first bad index.
template <typename To, typename From>
std::pair<std::vector<To>, int64_t> convert(const std::vector<From> &values,
                                            int32_t from, int32_t to,
                                            char kind = 0) {
  octet_array array = {};
  octet_array_set_dtype(&array, from);
  if (kind)
    array.kind = kind;
  array.rank = 1;
  array.shape[0] = values.size();
  array.data = reinterpret_cast<const unsigned char *>(values.data());
  std::vector<To> out(values.size());
  int64_t bad = -1;
  int status =
      octet_array_convert(&array, 0, values.size(), to, out.data(), &bad);
  EXPECT_EQ(status != 0, bad >= 0);
  return {out, bad};
}

TEST(Array, AnyNumberBecomesAFloat) {
  EXPECT_EQ((convert<float, int64_t>({-1, 1 << 24, (1 << 24) + 1}, OCTET_I64,
                                     OCTET_F32)
                 .first),
            (std::vector<float>{-1, 1 << 24, 1 << 24}));
  EXPECT_EQ((convert<float, uint64_t>({~uint64_t(0)}, OCTET_I64, OCTET_F32, 'u')
                 .first[0]),
            0x1p64f);
  EXPECT_EQ((convert<float, uint8_t>({0, 1, 1}, OCTET_BOOL, OCTET_F32).first),
            (std::vector<float>{0, 1, 1}));
  EXPECT_EQ((convert<double, float>({0.1f}, OCTET_F32, OCTET_F64).first[0]),
            double(0.1f));
  auto halves = convert<uint16_t, float>({1.0f, -2.0f, 65504.0f, INFINITY},
                                         OCTET_F32, OCTET_F16);
  EXPECT_EQ(halves.first,
            (std::vector<uint16_t>{0x3c00, 0xc000, 0x7bff, 0x7c00}));
  EXPECT_EQ(
      (convert<float, uint16_t>({0x3c00, 0x0001}, OCTET_F16, OCTET_F32).first),
      (std::vector<float>{1.0f, 0x1p-24f}));
  auto nan = convert<float, double>({NAN}, OCTET_F64, OCTET_F32);
  EXPECT_TRUE(std::isnan(nan.first[0]));
}

TEST(Array, FiniteNumbersDoNotBecomeInfinite) {
  EXPECT_EQ((convert<float, double>({1, 1e300}, OCTET_F64, OCTET_F32).second),
            1);
  EXPECT_EQ((convert<float, double>({INFINITY}, OCTET_F64, OCTET_F32).second),
            -1);
  EXPECT_EQ(
      (convert<uint16_t, float>({65519, 65520}, OCTET_F32, OCTET_F16).second),
      1);
}

TEST(Array, IntegersTakeWhatTheyHold) {
  EXPECT_EQ((convert<uint8_t, int64_t>({0, 255}, OCTET_I64, OCTET_U8).first),
            (std::vector<uint8_t>{0, 255}));
  EXPECT_EQ((convert<uint8_t, int64_t>({0, 256}, OCTET_I64, OCTET_U8).second),
            1);
  EXPECT_EQ((convert<uint8_t, int64_t>({-1}, OCTET_I64, OCTET_U8).second), 0);
  EXPECT_EQ((convert<int8_t, uint8_t>({127, 128}, OCTET_U8, OCTET_I8).second),
            1);
  EXPECT_EQ((convert<int32_t, int64_t>({INT32_MIN, int64_t(INT32_MAX) + 1},
                                       OCTET_I64, OCTET_I32)
                 .second),
            1);
  EXPECT_EQ((convert<int64_t, uint64_t>({uint64_t(1) << 63}, OCTET_I64,
                                        OCTET_I64, 'u')
                 .second),
            0);
  EXPECT_EQ((convert<int64_t, int32_t>({-5}, OCTET_I32, OCTET_I64).first[0]),
            -5);
}

TEST(Array, OnlyWholeFloatsAreIntegers) {
  EXPECT_EQ((convert<uint8_t, float>({0, 255}, OCTET_F32, OCTET_U8).first),
            (std::vector<uint8_t>{0, 255}));
  for (float x : {0.5f, -1.0f, 256.0f, NAN, INFINITY, 1e30f})
    EXPECT_EQ((convert<uint8_t, float>({x}, OCTET_F32, OCTET_U8).second), 0)
        << x;
  EXPECT_EQ((convert<int64_t, double>({0x1p63}, OCTET_F64, OCTET_I64).second),
            0);
}

TEST(Array, BoolsAreZeroOrOne) {
  EXPECT_EQ(
      (convert<uint8_t, int32_t>({0, 1, 2}, OCTET_I32, OCTET_BOOL).second), 2);
  EXPECT_EQ((convert<uint8_t, uint8_t>({0, 255}, OCTET_BOOL, OCTET_BOOL).first),
            (std::vector<uint8_t>{0, 1}));
}

TEST(Array, ShapesArePrintedWhole) {
  char text[160];
  const int64_t shape[] = {2, 0, 5};
  octet_print_shape(shape, 3, text);
  EXPECT_STREQ(text, "[2, 0, 5]");
  octet_print_shape(shape, 0, text);
  EXPECT_STREQ(text, "[]");
  std::vector<int64_t> large(OCTET_MAX_RANK + 1,
                             std::numeric_limits<int64_t>::max());
  octet_print_shape(large.data(), large.size(), text);
  EXPECT_LT(std::strlen(text), 160u);
}

} // namespace
