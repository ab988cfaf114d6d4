//===- Constants.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Dialect/Octet/IR/StridedCopy.h"

using namespace mlir;
using namespace octet;

bool octet::mayFold(RankedTensorType type, ArrayRef<Attribute> sources) {
  constexpr int64_t large = 1 << 26;
  return type.getNumElements() <= large ||
         llvm::any_of(sources, [&](Attribute source) {
           ConstantView constant = source;
           return constant &&
                  constant.getNumElements() >= type.getNumElements();
         });
}

ElementsAttr octet::makeIntegers(RankedTensorType type,
                                 ArrayRef<int64_t> values) {
  unsigned width = type.getElementTypeBitWidth();
  return makeOfBits(type, [&](int64_t i) {
    return APInt(width, values[i], /*isSigned=*/true, /*implicitTrunc=*/true);
  });
}

ElementsAttr octet::makeOfBits(RankedTensorType type,
                               llvm::function_ref<APInt(int64_t)> body) {
  int64_t count = type.getNumElements();
  if (!isOfWholeBytes(type.getElementType()))
    return makeConstant<APInt>(
        type, llvm::map_to_vector(llvm::seq<int64_t>(0, count), body));
  size_t width = type.getElementTypeBitWidth() / 8;
  ConstantBuffer result(type);
  char *to = result.data();
  for (int64_t i = 0; i < count; ++i, to += width) {
    uint64_t bits = body(i).getZExtValue();
    std::memcpy(to, &bits, width);
  }
  return result.finish();
}

void octet::copyBox(ConstantBuffer &target, ArrayRef<int64_t> shape,
                    ArrayRef<int64_t> low, ArrayRef<int64_t> sizes,
                    ConstantView source, int64_t offset,
                    ArrayRef<int64_t> strides) {
  auto to = computeStrides(shape);
  size_t width = source.getElementType().getIntOrFloatBitWidth() / 8;
  SmallVector<CopyDimension> dimensions;
  for (auto [d, size] : llvm::enumerate(sizes))
    dimensions.push_back({size, source.isSplat() ? 0 : strides[d], to[d]});
  copyStrided(target.data() + linearize(low, to) * width,
              source.getRawData().data() +
                  (source.isSplat() ? 0 : offset * width),
              std::move(dimensions), width);
}

ElementsAttr octet::stridedConstant(ConstantView source, RankedTensorType type,
                                    int64_t offset, ArrayRef<int64_t> strides) {
  if (!mayFold(type, source.getAttr()))
    return {};
  if (source.isSplat())
    return source.reshape(type.getShape());
  if (!isOfWholeBytes(type.getElementType()))
    return gatherConstant(source, type, [&](ArrayRef<int64_t> position) {
      return offset + linearize(position, strides);
    });
  ConstantBuffer result(type);
  copyBox(result, type.getShape(), Shape(type.getRank(), 0), type.getShape(),
          source, offset, strides);
  return result.finish();
}

SmallVector<int64_t> octet::broadcastStrides(ArrayRef<int64_t> shape,
                                             int64_t rank) {
  auto strides = computeStrides(shape);
  for (auto [size, stride] : llvm::zip_equal(shape, strides))
    if (size == 1)
      stride = 0;
  strides.insert(strides.begin(), rank - strides.size(), 0);
  return strides;
}

ElementsAttr
octet::gatherConstant(ConstantView source, RankedTensorType type,
                      llvm::function_ref<int64_t(ArrayRef<int64_t>)> locate) {
  if (!mayFold(type, source.getAttr()))
    return {};
  Shape position(type.getRank(), 0);
  int64_t count = type.getNumElements();
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values;
    for (int64_t i = 0; i < count; ++i, advance(position, type.getShape()))
      values.push_back(source.getValue<bool>(locate(position)));
    return makeConstant<bool>(type, values);
  }
  if (!isOfWholeBytes(type.getElementType()))
    return {};
  size_t width = type.getElementTypeBitWidth() / 8;
  const char *from = source.getRawData().data();
  ConstantBuffer result(type);
  char *to = result.data();
  for (int64_t i = 0; i < count; ++i, advance(position, type.getShape())) {
    int64_t at = source.isSplat() ? 0 : locate(position);
    std::memcpy(to + i * width, from + at * width, width);
  }
  return result.finish();
}

void octet::forEachBroadcast(
    ArrayRef<int64_t> shape, ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs,
    llvm::function_ref<void(int64_t, int64_t, int64_t)> body) {
  auto index = [&](ArrayRef<int64_t> source, ArrayRef<int64_t> position) {
    int64_t offset = 0;
    size_t skip = shape.size() - source.size();
    for (auto [d, size] : llvm::enumerate(source))
      offset = offset * size + (size == 1 ? 0 : position[skip + d]);
    return offset;
  };
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  // Along the last dimension, operands go on or stay where they are.
  int64_t row = shape.empty() ? 1 : shape.back();
  auto step = [](ArrayRef<int64_t> source) -> int64_t {
    return !source.empty() && source.back() != 1;
  };
  int64_t left = step(lhs), right = step(rhs);
  Shape position(shape.size(), 0);
  auto rows = MutableArrayRef(position).drop_back(shape.empty() ? 0 : 1);
  for (int64_t i = 0; i < count; i += row) {
    int64_t l = index(lhs, position), r = index(rhs, position);
    for (int64_t j = 0; j < row; ++j)
      body(i + j, l + j * left, r + j * right);
    advance(rows, shape.drop_back(shape.empty() ? 0 : 1));
  }
}
