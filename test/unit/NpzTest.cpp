//===- NpzTest.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/npz.h"
#include <algorithm>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <random>
#include <vector>

namespace {

/// The low `width` bytes of `x`, little-endian.
std::string number(uint64_t x, int width) {
  std::string text;
  for (int i = 0; i < width; ++i, x >>= 8)
    text += char(x);
  return text;
}

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

  const octet_array *find(const octet_npz &npz, const char *name) {
    return octet_npz_find(&npz, name, &error);
  }

  /// Reads the file and each of its arrays.
  int read() {
    octet_npz npz;
    error.text[0] = 0;
    if (octet_npz_read(path.c_str(), &npz, &error))
      return -1;
    int status = 0;
    for (int i = 0; i < npz.count; ++i)
      if (!find(npz, npz.arrays[i].name))
        status = -1;
    octet_npz_close(&npz);
    return status;
  }
};

TEST_F(Npz, RoundTrip) {
  write();
  octet_npz npz;
  ASSERT_EQ(octet_npz_read(path.c_str(), &npz, &error), 0) << error.text;
  const octet_array *x = find(npz, "x");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->rank, 2);
  EXPECT_EQ(octet_array_elements(x), 6);
  float values[2];
  int64_t bad;
  ASSERT_EQ(octet_array_convert(x, 1, 2, OCTET_F32, values, &bad), 0);
  EXPECT_EQ(values[0], -2.0f);
  EXPECT_EQ(values[1], 3.25f);
  const octet_array *labels = find(npz, "labels");
  ASSERT_TRUE(labels);
  EXPECT_EQ(octet_array_int(labels, 0), -1);
  EXPECT_EQ(octet_array_int(labels, 1), 1234567890123);
  EXPECT_FALSE(find(npz, "y"));
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

TEST_F(Npz, EveryTypeComesBack) {
  const unsigned char bytes[16] = {1, 0, 1, 1, 0x40, 7, 8, 0x3c,
                                   9, 2, 3, 4, 5,    6, 7, 0x40};
  for (int32_t dtype = OCTET_F32; dtype <= OCTET_F64; ++dtype) {
    octet_array array = {};
    octet_array_set_dtype(&array, dtype);
    array.name = const_cast<char *>("eing\xc3\xa4ng/%s%n");
    array.rank = 2;
    array.shape[0] = 1;
    array.shape[1] = 16 / array.itemsize;
    array.data = bytes;
    ASSERT_EQ(octet_npz_write(path.c_str(), &array, 1, &error), 0);
    octet_npz npz;
    ASSERT_EQ(octet_npz_read(path.c_str(), &npz, &error), 0) << error.text;
    const octet_array *back = find(npz, array.name);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->kind, array.kind);
    EXPECT_EQ(back->itemsize, array.itemsize);
    EXPECT_EQ(back->shape[1], array.shape[1]);
    EXPECT_EQ(std::memcmp(back->data, bytes, 16), 0);
    octet_npz_close(&npz);
  }
}

TEST_F(Npz, ScalarsAndSeventeenDimensions) {
  const float value = 3;
  octet_array arrays[2] = {};
  for (int rank : {0, OCTET_MAX_RANK + 1}) {
    octet_array &array = arrays[rank > 0];
    octet_array_set_dtype(&array, OCTET_F32);
    array.name = const_cast<char *>(rank ? "deep" : "scalar");
    array.rank = rank;
    std::fill(array.shape, array.shape + rank, 1);
    array.data = reinterpret_cast<const unsigned char *>(&value);
  }
  ASSERT_EQ(octet_npz_write(path.c_str(), arrays, 2, &error), 0);
  octet_npz npz;
  ASSERT_EQ(octet_npz_read(path.c_str(), &npz, &error), 0) << error.text;
  EXPECT_EQ(find(npz, "scalar")->rank, 0);
  EXPECT_EQ(find(npz, "deep")->rank, OCTET_MAX_RANK + 1);
  octet_npz_close(&npz);
}

/// NumPy and others may use zip64 for an entry of any size.
TEST_F(Npz, Zip64EntriesAndDirectories) {
  std::string whole = write();
  size_t central = whole.find("PK\x01\x02"), end = whole.find("PK\x05\x06");
  uint32_t size;
  std::memcpy(&size, &whole[central + 24], 4);
  std::string entry = whole.substr(central, 46) + "x.npy";
  for (size_t field : {20, 24, 42})
    entry.replace(field, 4, number(0xffffffff, 4));
  entry.replace(30, 2, number(28, 2));
  entry += number(1, 2) + number(24, 2) + number(size, 8) + number(size, 8) +
           number(0, 8);
  std::string directory =
      entry + whole.substr(central + 51, end - central - 51);
  std::string last =
      "PK\x06\x06" + number(44, 8) + number(45, 2) + number(45, 2) +
      number(0, 8) + number(2, 8) + number(2, 8) + number(directory.size(), 8) +
      number(central, 8) + "PK\x06\x07" + number(0, 4) +
      number(central + directory.size(), 8) + number(1, 4) + "PK\x05\x06" +
      number(0, 4) + number(0xffff, 2) + number(0xffff, 2) +
      number(0xffffffff, 4) + number(0xffffffff, 4) + number(0, 2);
  std::string wide = whole.substr(0, central) + directory + last;
  store(wide);
  octet_npz npz;
  ASSERT_EQ(octet_npz_read(path.c_str(), &npz, &error), 0) << error.text;
  EXPECT_EQ(octet_array_elements(find(npz, "x")), 6);
  EXPECT_EQ(octet_array_int(find(npz, "labels"), 0), -1);
  octet_npz_close(&npz);
  for (size_t length = 0; length < wide.size(); ++length) {
    store(wide.substr(0, length));
    EXPECT_EQ(read(), -1) << "cut at " << length;
  }
  // An entry that reaches beyond the file, or wraps around.
  for (uint64_t large : {uint64_t(1) << 40, ~uint64_t(0)}) {
    for (size_t field : {0, 8, 16}) {
      std::string bad = wide;
      bad.replace(central + 55 + field, 8, number(large, 8));
      store(bad);
      EXPECT_EQ(read(), -1) << field << " " << large;
    }
  }
}

/// A deflated entry is as long as the directory says, and has its checksum;
/// what stands behind its last block is ignored.
TEST_F(Npz, DeflatedEntries) {
  std::string whole = write();
  size_t start = whole.find("\x93NUMPY");
  uint32_t size;
  std::memcpy(&size, &whole[22], 4);
  std::string plain = whole.substr(start, size);
  auto *compressor = libdeflate_alloc_compressor(6);
  std::string packed(libdeflate_deflate_compress_bound(compressor, size), 0);
  packed.resize(libdeflate_deflate_compress(compressor, plain.data(), size,
                                            packed.data(), packed.size()));
  libdeflate_free_compressor(compressor);
  uint32_t crc = libdeflate_crc32(0, plain.data(), size);
  auto readAs = [&](const std::string &content, uint64_t length, uint32_t sum) {
    std::string common = number(20, 2) + number(0, 2) + number(8, 2) +
                         number(0, 4) + number(sum, 4) +
                         number(content.size(), 4) + number(length, 4) +
                         number(5, 2) + number(0, 2);
    std::string body = "PK\x03\x04" + common + "x.npy" + content;
    std::string directory =
        "PK\x01\x02" + number(20, 2) + common + number(0, 14) + "x.npy";
    store(body + directory + "PK\x05\x06" + number(0, 4) + number(1, 2) +
          number(1, 2) + number(directory.size(), 4) + number(body.size(), 4) +
          number(0, 2));
    return read();
  };
  EXPECT_EQ(readAs(packed, size, crc), 0) << error.text;
  EXPECT_EQ(readAs(packed + "more", size, crc), 0) << error.text;
  EXPECT_EQ(readAs(packed.substr(0, packed.size() - 1), size, crc), -1);
  EXPECT_EQ(readAs(packed, size - 1, crc), -1);
  EXPECT_EQ(readAs(packed, size + 1, crc), -1);
  EXPECT_EQ(readAs(packed, size, crc ^ 1), -1);
  EXPECT_NE(std::strstr(error.text, "entry 'x' is damaged"), nullptr);
}

/// The header ends where the memory ends.
TEST_F(Npz, HeadersAreNotReadBeyondTheirEnd) {
  std::string whole =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
  for (size_t length = 0; length < whole.size(); ++length) {
    // Of the texts that are cut short, and those that say nothing behind.
    for (const std::string &text :
         {whole.substr(0, length), whole.substr(whole.size() - length),
          "'fortran_order': False, 'shape': (), 'descr': " +
              whole.substr(10, length)}) {
      std::vector<unsigned char> bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
      bytes.push_back(text.size());
      bytes.push_back(text.size() >> 8);
      bytes.insert(bytes.end(), text.begin(), text.end());
      bytes.shrink_to_fit();
      octet_array array = {};
      array.name = const_cast<char *>("x");
      EXPECT_EQ(
          octet_npy_parse("p", bytes.data(), bytes.size(), &array, &error), -1)
          << text;
    }
  }
}

TEST_F(Npz, WhatIsNotAskedForMayBeText) {
  std::string whole = write();
  whole.replace(whole.find("<f4"), 3, "<U1");
  store(whole);
  octet_npz npz;
  ASSERT_EQ(octet_npz_read(path.c_str(), &npz, &error), 0) << error.text;
  EXPECT_TRUE(find(npz, "labels"));
  EXPECT_FALSE(find(npz, "x"));
  EXPECT_NE(std::strstr(error.text, "array 'x' has a data type"), nullptr);
  octet_npz_close(&npz);
}

TEST_F(Npz, AMissingFileIsNamed) {
  path += ".missing";
  EXPECT_EQ(read(), -1);
  EXPECT_NE(std::strstr(error.text, "missing"), nullptr);
}

} // namespace
