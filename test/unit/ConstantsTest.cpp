//===- ConstantsTest.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants small and large: what views read, how long large ones live, and how
// elements move.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/OwningOpRef.h"
#include "octet/Dialect/Octet/IR/ConstantScope.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/StridedCopy.h"
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace mlir;
using namespace octet;

namespace {

struct Constants : testing::Test {
  Constants() {
    context.loadDialect<OctetDialect, arith::ArithDialect, func::FuncDialect>();
  }

  /// `count` different numbers from `first` on.
  ElementsAttr numbers(int64_t count, float first = 0.0f) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), first);
    return makeConstant<float>(
        RankedTensorType::get({count}, builder.getF32Type()), values);
  }

  OwningOpRef<ModuleOp> moduleOf(ArrayRef<ElementsAttr> constants) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToEnd(module->getBody());
    for (ElementsAttr constant : constants)
      arith::ConstantOp::create(builder, builder.getUnknownLoc(), constant);
    return module;
  }

  MLIRContext context;
  OpBuilder builder{&context};
};

constexpr int64_t large = 100000;

TEST_F(Constants, SmallAndSplatAreUniqued) {
  EXPECT_TRUE(isa<DenseElementsAttr>(numbers(1024)));
  EXPECT_TRUE(isa<DenseResourceElementsAttr>(numbers(1025)));
  auto type = RankedTensorType::get({large}, builder.getF32Type());
  ConstantView splat =
      makeConstant<float>(type, std::vector<float>(large, 2.5f));
  EXPECT_TRUE(isa<DenseElementsAttr>(splat.getAttr()));
  EXPECT_TRUE(splat.isSplat());
  EXPECT_EQ(splat.getSplatValue<float>(), 2.5f);
  EXPECT_EQ(splat.getValue<float>(large - 1), 2.5f);
  EXPECT_EQ(splat.getArray<float>().size(), size_t(large));
  EXPECT_EQ(splat.getArray<float>()[large - 1], 2.5f);
  EXPECT_EQ(splat.getRawData().size(), sizeof(float));
}

TEST_F(Constants, EqualOnesAreOne) {
  EXPECT_EQ(numbers(large), numbers(large));
  EXPECT_NE(numbers(large), numbers(large, 1.0f));
  // Equal bytes in another type are the same memory.
  ConstantView constant = numbers(large);
  ConstantView bits = constant.bitcast(builder.getI32Type());
  EXPECT_EQ(constant.getRawData().data(), bits.getRawData().data());
  EXPECT_EQ(bits.getValue<int32_t>(1), 0x3f800000);
  ConstantView matrix = constant.reshape({2, large / 2});
  EXPECT_EQ(constant.getRawData().data(), matrix.getRawData().data());
  EXPECT_EQ(matrix.getType().getShape(), (ArrayRef<int64_t>{2, large / 2}));
}

TEST_F(Constants, ElementsOfAllWidths) {
  auto check = [&](auto number, Type element, int64_t extended) {
    using T = decltype(number);
    for (int64_t count : {2, 5000}) {
      std::vector<T> values(count);
      values[1] = number;
      ConstantView view =
          makeConstant<T>(RankedTensorType::get({count}, element), values);
      EXPECT_EQ(view.getValue<T>(0), T(0));
      EXPECT_EQ(view.getValue<T>(1), number);
      EXPECT_EQ(view.getInteger(1), extended);
      EXPECT_EQ(view.getValue<APInt>(1),
                APInt(8 * sizeof(T), number, true, true));
      EXPECT_EQ(std::accumulate(view.getValues<T>().begin(),
                                view.getValues<T>().end(), T(0)),
                number);
    }
  };
  auto integer = [&](unsigned width, bool isUnsigned = false) -> Type {
    return IntegerType::get(&context, width,
                            isUnsigned ? IntegerType::Unsigned
                                       : IntegerType::Signless);
  };
  check(int8_t(-3), integer(8), -3);
  check(uint8_t(253), integer(8, true), 253);
  check(int16_t(-300), integer(16), -300);
  check(uint16_t(65535), integer(16, true), 65535);
  check(int32_t(INT32_MIN), integer(32), INT32_MIN);
  check(uint32_t(UINT32_MAX), integer(32, true), UINT32_MAX);
  check(int64_t(INT64_MIN), integer(64), INT64_MIN);
  check(uint64_t(INT64_MAX), integer(64, true), INT64_MAX);
}

TEST_F(Constants, TruthValues) {
  for (int64_t count : {1, 3, 17, 9000}) {
    SmallVector<bool> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(i % 3 == 0);
    ConstantView view = makeConstant<bool>(
        RankedTensorType::get({count}, builder.getI1Type()), values);
    for (auto [expected, value] :
         llvm::zip_equal(values, view.getValues<bool>()))
      EXPECT_EQ(expected, value);
    EXPECT_EQ(view.getInteger(0), 1);
  }
}

TEST_F(Constants, NumbersThatAreNone) {
  auto type = RankedTensorType::get({large}, builder.getF32Type());
  std::vector<float> values(large, 1.0f);
  EXPECT_TRUE(isFinite(makeConstant<float>(type, values)));
  values[large / 2] = -INFINITY;
  EXPECT_FALSE(isFinite(makeConstant<float>(type, values)));
  EXPECT_FALSE(hasNaN(makeConstant<float>(type, values)));
  values[large - 1] = NAN;
  EXPECT_TRUE(hasNaN(makeConstant<float>(type, values)));
}

TEST_F(Constants, ViewsOfNothing) {
  EXPECT_FALSE(ConstantView());
  EXPECT_FALSE(ConstantView(Attribute()));
  EXPECT_FALSE(ConstantView(builder.getI32IntegerAttr(1)));
  auto type = RankedTensorType::get({4}, builder.getF32Type());
  // Without data, and with too few.
  auto &manager = DenseResourceElementsHandle::getManagerInterface(&context);
  EXPECT_FALSE(ConstantView(
      DenseResourceElementsAttr::get(type, manager.insert("absent"))));
  EXPECT_FALSE(ConstantView(DenseResourceElementsAttr::get(
      type, "short", HeapAsmResourceBlob::allocate(12, 4))));
}

TEST_F(Constants, CollectedOnceUnused) {
  auto outside = moduleOf(numbers(large));
  ConstantScope scope(&context);
  ElementsAttr first = numbers(large, 1.0f), second = numbers(large, 2.0f);
  auto module = moduleOf({first, second});
  scope.collect(*module);
  EXPECT_TRUE(ConstantView(first));
  module->getBody()->front().erase();
  scope.collect(*module);
  EXPECT_FALSE(ConstantView(first));
  EXPECT_EQ(ConstantView(second).getValue<float>(1), 3.0f);
  // What another module had before stays; what is made again is there again.
  EXPECT_EQ(ConstantView(numbers(large)).getValue<float>(1), 1.0f);
  EXPECT_EQ(numbers(large, 1.0f), first);
  EXPECT_EQ(ConstantView(first).getValue<float>(1), 2.0f);
  module = nullptr;
  scope.collect(ModuleOp());
  EXPECT_FALSE(ConstantView(second));
  EXPECT_TRUE(matchConstant(outside->getBody()->front().getResult(0)));
}

TEST_F(Constants, TakenOverButForScopesAround) {
  ElementsAttr others = numbers(large), own = numbers(large, 1.0f);
  auto other = moduleOf(others);
  {
    ConstantScope outer(&context);
    ElementsAttr made = numbers(large, 2.0f);
    auto module = moduleOf({others, made});
    {
      ConstantScope inner(&context);
      inner.collect(ModuleOp());
      EXPECT_TRUE(ConstantView(made));
      inner.takeOver(*module);
      module->getBody()->clear();
      inner.collect(*module);
      EXPECT_FALSE(ConstantView(made));
    }
    // They were there before the outer scope.
    EXPECT_TRUE(ConstantView(others));
    EXPECT_TRUE(ConstantView(own));
  }
  ConstantScope scope(&context);
  scope.takeOver(*other);
  scope.collect(ModuleOp());
  EXPECT_FALSE(ConstantView(others));
  EXPECT_TRUE(ConstantView(own));
}

//===----------------------------------------------------------------------===//
// Strided copies
//===----------------------------------------------------------------------===//

TEST(StridedCopy, AsElementByElement) {
  std::mt19937 random(7);
  auto upTo = [&](int64_t most) { return int64_t(random() % (most + 1)); };
  for (int trial = 0; trial < 3000; ++trial) {
    size_t width = size_t(1) << upTo(3);
    // Dense where they are written, in an order of their own; anything where
    // they are read.
    SmallVector<CopyDimension> dimensions(upTo(5));
    int64_t written = 1, reach = 0, lowest = 0;
    int64_t dense = 1;
    for (CopyDimension &d : dimensions) {
      d.size = upTo(2) ? 1 + upTo(6) : 1 + upTo(40);
      d.to = written;
      written *= d.size + (upTo(4) == 0);
      int64_t stride = upTo(2) ? dense : upTo(7) - 3;
      d.from = stride;
      dense *= d.size;
      (stride < 0 ? lowest : reach) += stride * (d.size - 1);
      if (written > 20000)
        d = {1, 0, 0};
    }
    std::shuffle(dimensions.begin(), dimensions.end(), random);
    std::vector<char> from((reach - lowest + 1) * width);
    for (char &byte : from)
      byte = static_cast<char>(random());
    size_t size = 1;
    for (const CopyDimension &d : dimensions)
      size += (d.size - 1) * d.to;
    std::vector<char> expected(size * width, 42), actual = expected;
    SmallVector<int64_t> position(dimensions.size(), 0), shape;
    int64_t count = 1;
    for (const CopyDimension &d : dimensions) {
      shape.push_back(d.size);
      count *= d.size;
    }
    for (int64_t i = 0; i < count; ++i, advance(position, shape)) {
      int64_t read = -lowest, write = 0;
      for (auto [at, d] : llvm::zip_equal(position, dimensions)) {
        read += at * d.from;
        write += at * d.to;
      }
      std::memcpy(&expected[write * width], &from[read * width], width);
    }
    copyStrided(actual.data(), from.data() - lowest * int64_t(width),
                dimensions, width);
    ASSERT_EQ(expected, actual) << "trial " << trial;
  }
}

TEST(StridedCopy, NothingOfAnEmptyDimension) {
  char to = 1, from = 2;
  copyStrided(&to, &from, {{0, 1, 1}, {3, 1, 1}}, 1);
  EXPECT_EQ(to, 1);
  copyStrided(&to, &from, {}, 1);
  EXPECT_EQ(to, 2);
}

} // namespace
