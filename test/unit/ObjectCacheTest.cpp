//===- ObjectCacheTest.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/ObjectCache.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace octet;

namespace {

class Cache : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("octet-cache", folder));
    llvm::sys::path::append(folder, "of", "its", "own");
  }
  void TearDown() override {
    llvm::StringRef top(folder);
    for (int i = 0; i < 3; ++i)
      top = llvm::sys::path::parent_path(top);
    llvm::sys::fs::remove_directories(top);
  }

  static KernelObject object(llvm::StringRef code) {
    KernelObject kernel;
    kernel.parts = 7;
    kernel.scratch = 128;
    kernel.work = 9000;
    kernel.code = llvm::MemoryBuffer::getMemBufferCopy(code);
    return kernel;
  }

  std::string file(llvm::StringRef symbol) const {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, "llvmcache-" + symbol);
    return path.str().str();
  }

  llvm::SmallString<128> folder;
};

TEST_F(Cache, GivesBackWhatItWasGiven) {
  ObjectCache cache(folder);
  EXPECT_FALSE(cache.find("k"));
  // Any bytes, lines and zeros among them.
  std::string code("\x7f"
                   "ELF\0\n12 13\n\xff",
                   13);
  cache.store("k", object(code));
  auto found = ObjectCache(folder).find("k");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code->getBuffer(), code);
  EXPECT_EQ(found->parts, 7);
  EXPECT_EQ(found->scratch, 128);
  EXPECT_EQ(found->work, 9000);
  EXPECT_FALSE(cache.find("other"));
}

TEST_F(Cache, KnowsDamagedFiles) {
  ObjectCache cache(folder);
  cache.store("k", object("some machine code"));
  auto whole = llvm::MemoryBuffer::getFile(file("k"));
  ASSERT_TRUE(whole);
  std::string bytes = (*whole)->getBuffer().str();
  auto write = [&](llvm::StringRef content) {
    std::error_code error;
    llvm::raw_fd_ostream(file("k"), error) << content;
    ASSERT_FALSE(error);
  };
  for (size_t size = 0; size < bytes.size(); ++size) {
    write(llvm::StringRef(bytes).take_front(size));
    EXPECT_FALSE(cache.find("k")) << size;
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] ^= 1;
    write(changed);
    EXPECT_FALSE(cache.find("k")) << at;
  }
  // What is found out is replaced.
  cache.store("k", object("other code"));
  ASSERT_TRUE(cache.find("k"));
  EXPECT_EQ(cache.find("k")->code->getBuffer(), "other code");
}

TEST_F(Cache, MayBeNowhere) {
  ObjectCache none;
  none.store("k", object("code"));
  EXPECT_FALSE(none.find("k"));
  none.prune();
  ObjectCache impossible("/dev/null/cache");
  impossible.store("k", object("code"));
  EXPECT_FALSE(impossible.find("k"));
  impossible.prune();
}

TEST(KernelSymbol, DiffersByKernelAndTarget) {
  const TargetInfo *generic = lookupTarget("generic", "x86_64"),
                   *arm = lookupTarget("generic", "aarch64"),
                   *avx2 = lookupTarget("avx2", "x86_64");
  std::string symbol = kernelSymbol("1", *generic);
  EXPECT_EQ(symbol, kernelSymbol("1", *generic));
  EXPECT_NE(symbol, kernelSymbol("2", *generic));
  EXPECT_NE(symbol, kernelSymbol("1", *arm));
  EXPECT_NE(symbol, kernelSymbol("1", *avx2));
}

} // namespace
