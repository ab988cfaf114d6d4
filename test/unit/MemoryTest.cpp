//===- MemoryTest.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/harness.h"
#include <gtest/gtest.h>

namespace {

class Roofline : public testing::Test {
protected:
  octet_machine machine = {};

  void SetUp() override {
    machine.cache_bytes[OCTET_L2] = 1 << 20;
    machine.cache_bytes[OCTET_L3] = 32 << 20;
    machine.gb_per_s[OCTET_L2] = 100;
    machine.gb_per_s[OCTET_L3] = 50;
    machine.gb_per_s[OCTET_DRAM] = 10;
  }
};

TEST_F(Roofline, TheNearestLevelThatHoldsAllOfIt) {
  EXPECT_EQ(octet_level_of(&machine, 0), OCTET_L2);
  EXPECT_EQ(octet_level_of(&machine, 1 << 20), OCTET_L2);
  EXPECT_EQ(octet_level_of(&machine, (1 << 20) + 1), OCTET_L3);
  EXPECT_EQ(octet_level_of(&machine, 32 << 20), OCTET_L3);
  EXPECT_EQ(octet_level_of(&machine, (32 << 20) + 1), OCTET_DRAM);
  machine.cache_bytes[OCTET_L3] = 0;
  EXPECT_EQ(octet_level_of(&machine, (1 << 20) + 1), OCTET_DRAM);
}

TEST_F(Roofline, TheSlowerOfWorkAndDataIsTheBound) {
  // 1e6 operations at 1000 GOPS take 1 µs, as 100000 bytes from L2 do.
  EXPECT_STREQ(octet_bound(&machine, 1000, 1e6, 99000), "compute");
  EXPECT_STREQ(octet_bound(&machine, 1000, 1e6, 101000), "L2");
  EXPECT_STREQ(octet_bound(&machine, 2000, 1e6, 99000), "L2");
  EXPECT_STREQ(octet_bound(&machine, 1000, 1e9, 20000000), "compute");
  EXPECT_STREQ(octet_bound(&machine, 1000, 1e8, 20000000), "L3");
  EXPECT_STREQ(octet_bound(&machine, 1000, 1e9, 40000000), "DRAM");
  EXPECT_STREQ(octet_bound(&machine, 1000, 1e10, 40000000), "compute");
}

TEST_F(Roofline, WithoutWorkThePeakDoesNotMatter) {
  EXPECT_STREQ(octet_bound(&machine, 0, 0, 1000), "L2");
  EXPECT_STREQ(octet_bound(&machine, 1000, 1000, 0), "compute");
  EXPECT_EQ(octet_bound(&machine, 1000, 0, 0), nullptr);
}

TEST_F(Roofline, NoBoundWithoutTheRateThatDecides) {
  EXPECT_EQ(octet_bound(&machine, 0, 1000, 1000), nullptr);
  machine.gb_per_s[OCTET_L3] = 0;
  EXPECT_EQ(octet_bound(&machine, 1000, 1e6, 2 << 20), nullptr);
}

TEST(Memory, BandwidthsOfLevelsThatThereAre) {
  octet_machine machine = {};
  octet_find_caches(&machine);
  int64_t l2 = machine.cache_bytes[OCTET_L2];
  int64_t l3 = machine.cache_bytes[OCTET_L3];
  EXPECT_GE(l2, 1 << 14);
  EXPECT_TRUE(l3 == 0 || l3 > l2);
  EXPECT_GE(machine.l3_cpus, 1);
  // Without an L3 there is nothing to measure of it.
  machine.cache_bytes[OCTET_L3] = 0;
  ASSERT_EQ(octet_measure_bandwidths(&machine, nullptr), 0);
  EXPECT_GT(machine.gb_per_s[OCTET_L2], 0.1);
  EXPECT_GT(machine.gb_per_s[OCTET_DRAM], 0.1);
  EXPECT_EQ(machine.gb_per_s[OCTET_L3], 0);
  // What was measured only rises.
  machine.cache_bytes[OCTET_L3] = 4 * l2;
  machine.gb_per_s[OCTET_L2] = 1e9;
  ASSERT_EQ(octet_measure_bandwidths(&machine, nullptr), 0);
  EXPECT_EQ(machine.gb_per_s[OCTET_L2], 1e9);
  EXPECT_GT(machine.gb_per_s[OCTET_L3], 0.1);
}

} // namespace
