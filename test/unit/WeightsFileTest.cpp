//===- WeightsFileTest.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/WeightsFile.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Object/ELFObjectFile.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace octet;

namespace {

class Weights : public testing::Test {
protected:
  DenseElementsAttr floats(ArrayRef<float> values) {
    return DenseElementsAttr::get(
        RankedTensorType::get({int64_t(values.size())}, builder.getF32Type()),
        values);
  }

  MLIRContext context;
  Builder builder{&context};
  WeightsFile file = llvm::cantFail(WeightsFile::create());
};

TEST_F(Weights, AreAnObjectOfOneSection) {
  EXPECT_EQ(file.add(floats({1, 2, 3})), 0);
  // Equal ones are there once; each begins with a cache line.
  EXPECT_EQ(file.add(floats({4, 5})), 64);
  EXPECT_EQ(file.add(floats({1, 2, 3})), 0);
  // One value for all of them is spelled out.
  auto splat =
      DenseElementsAttr::get(RankedTensorType::get({20}, builder.getI8Type()),
                             builder.getI8IntegerAttr(7));
  EXPECT_EQ(file.add(splat), 128);
  auto truths =
      DenseElementsAttr::get(RankedTensorType::get({3}, builder.getI1Type()),
                             ArrayRef<bool>{true, false, true});
  EXPECT_EQ(file.add(truths), 192);
  EXPECT_EQ(file.size(), 256);
  ASSERT_FALSE(bool(file.finish("net_model_weights", "aarch64")));

  auto bytes = file.readBytes();
  ASSERT_TRUE(bool(bytes));
  StringRef content = (*bytes)->getBuffer();
  ASSERT_EQ(content.size(), 256u);
  const float expected[] = {1, 2, 3};
  EXPECT_EQ(std::memcmp(content.data(), expected, sizeof expected), 0);
  EXPECT_EQ(content.substr(128, 21), std::string(20, 7) + std::string(1, 0));
  EXPECT_EQ(content.substr(192, 4), StringRef("\1\0\1\0", 4));

  auto object = llvm::object::ObjectFile::createObjectFile(file.path());
  ASSERT_TRUE(bool(object));
  EXPECT_EQ(object->getBinary()->getArch(), llvm::Triple::aarch64);
  unsigned symbols = 0;
  for (const auto &symbol : object->getBinary()->symbols()) {
    ++symbols;
    EXPECT_EQ(llvm::cantFail(symbol.getName()), "net_model_weights");
    auto section = llvm::cantFail(symbol.getSection());
    ASSERT_NE(section, object->getBinary()->section_end());
    EXPECT_EQ(llvm::cantFail(section->getName()), ".octet_weights");
    EXPECT_EQ(llvm::cantFail(section->getContents()), content);
    EXPECT_EQ(section->getAlignment().value(), 64u);
    EXPECT_FALSE(llvm::object::ELFSectionRef(*section).getFlags() &
                 llvm::ELF::SHF_WRITE);
  }
  EXPECT_EQ(symbols, 1u);
}

TEST_F(Weights, MayBeNone) {
  ASSERT_FALSE(bool(file.finish("w", "x86_64")));
  auto object = llvm::object::ObjectFile::createObjectFile(file.path());
  ASSERT_TRUE(bool(object));
  EXPECT_EQ(object->getBinary()->getArch(), llvm::Triple::x86_64);
}

TEST_F(Weights, AreWholeBytes) {
  auto odd = DenseElementsAttr::get(
      RankedTensorType::get({2}, builder.getIntegerType(4)),
      ArrayRef<APInt>{APInt(4, 1), APInt(4, 2)});
  EXPECT_EQ(file.add(odd), std::nullopt);
}

} // namespace
