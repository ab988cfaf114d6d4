//===- Constants.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

using namespace mlir;
using namespace octet;

bool octet::mayFold(RankedTensorType type, ArrayRef<Attribute> sources) {
  constexpr int64_t large = 1 << 26;
  return type.getNumElements() <= large ||
         llvm::any_of(sources, [&](Attribute source) {
           auto elements = dyn_cast_or_null<ElementsAttr>(source);
           return elements &&
                  elements.getNumElements() >= type.getNumElements();
         });
}

DenseElementsAttr
octet::gatherConstant(DenseElementsAttr source, RankedTensorType type,
                      llvm::function_ref<int64_t(ArrayRef<int64_t>)> locate,
                      DenseElementsAttr absent) {
  if (!mayFold(type, source))
    return {};
  Shape position(type.getRank(), 0);
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values;
    auto from = source.getValues<bool>();
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      int64_t at = locate(position);
      values.push_back(at < 0 ? absent.getSplatValue<bool>() : from[at]);
      advance(position, type.getShape());
    }
    return DenseElementsAttr::get(type, values);
  }
  if (type.getElementTypeBitWidth() % 8 != 0)
    return {};
  size_t width = type.getElementTypeBitWidth() / 8;
  const char *from = source.getRawData().data();
  bool isSplat = source.isSplat();
  std::vector<char> to(type.getNumElements() * width);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t at = locate(position);
    const char *element =
        at < 0 ? absent.getRawData().data() : from + (isSplat ? 0 : at * width);
    std::copy_n(element, width, to.data() + i * width);
    advance(position, type.getShape());
  }
  return DenseElementsAttr::getFromRawBuffer(type, to);
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
  Shape position(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i, advance(position, shape))
    body(i, index(lhs, position), index(rhs, position));
}
