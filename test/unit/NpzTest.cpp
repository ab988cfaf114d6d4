//===- NpzTest.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/npz.h"
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace {

class Npz : public testing::Test {
protected:
  std::string path = testing::TempDir() + "octet-npz-test.npz";
  octet_error error = {};

  std::string write() {
    const float floats[] = {1.5f, -2.0f, 3.25f, 0.0f, 1e-30f, 7.0f};
    const int64_t integers[] = {-1, 1234567890123};
    octet_array arrays[2] = {};
    arrays[0].name = const_cast<char *>("x");
    arrays[0].kind = 'f';
    arrays[0].itemsize = 4;
    arrays[0].rank = 2;
    arrays[0].shape[0] = 3;
    arrays[0].shape[1] = 2;
    arrays[0].data = reinterpret_cast<const unsigned char *>(floats);
    arrays[1] = arrays[0];
    arrays[1].name = const_cast<char *>("labels");
    arrays[1].kind = 'i';
    arrays[1].itemsize = 8;
    arrays[1].rank = 1;
    arrays[1].shape[0] = 2;
    arrays[1].data = reinterpret_cast<const unsigned char *>(integers);
    EXPECT_EQ(octet_npz_write(path.c_str(), arrays, 2, &error), 0);
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  void store(const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  int read() {
    octet_npz npz;
    int status = octet_npz_read(path.c_str(), &npz, &error);
    if (status == 0)
      octet_npz_close(&npz);
    return status;
  }
};

TEST_F(Npz, RoundTrip) {
  write();
  octet_npz npz;
  ASSERT_EQ(octet_npz_read(path.c_str(), &npz, &error), 0) << error.text;
  const octet_array *x = octet_npz_find(&npz, "x");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->rank, 2);
  EXPECT_EQ(octet_array_elements(x), 6);
  float values[2];
  octet_array_to_f32(x, 1, 2, values);
  EXPECT_EQ(values[0], -2.0f);
  EXPECT_EQ(values[1], 3.25f);
  const octet_array *labels = octet_npz_find(&npz, "labels");
  ASSERT_TRUE(labels);
  EXPECT_EQ(octet_array_int(labels, 0), -1);
  EXPECT_EQ(octet_array_int(labels, 1), 1234567890123);
  EXPECT_FALSE(octet_npz_find(&npz, "y"));
  octet_npz_close(&npz);
}

TEST_F(Npz, TheSameBytesEveryTime) { EXPECT_EQ(write(), write()); }

TEST_F(Npz, EveryCutIsRefused) {
  std::string whole = write();
  for (size_t length = 0; length < whole.size(); ++length) {
    store(whole.substr(0, length));
    EXPECT_EQ(read(), -1) << "cut at " << length;
    EXPECT_NE(error.text[0], '\0');
  }
}

TEST_F(Npz, FlippedBytesNeverCrash) {
  std::string whole = write();
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] ^= 1 << (random() % 8);
    damaged[random() % damaged.size()] = random();
    store(damaged);
    (void)read();
  }
}

TEST_F(Npz, FortranOrderIsRefusedByName) {
  std::string whole = write();
  size_t at = whole.find("False");
  whole.replace(at, 5, "True ");
  store(whole);
  EXPECT_EQ(read(), -1);
  EXPECT_NE(std::strstr(error.text, "Fortran"), nullptr) << error.text;
}

TEST_F(Npz, AMissingFileIsNamed) {
  path += ".missing";
  EXPECT_EQ(read(), -1);
  EXPECT_NE(std::strstr(error.text, "missing"), nullptr);
}

} // namespace
