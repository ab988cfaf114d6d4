//===- ShapeInference.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace octet;

std::optional<int64_t> octet::countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(count, size, count) ||
        count > maxElements)
      return std::nullopt;
  return count;
}

void octet::advance(MutableArrayRef<int64_t> position,
                    ArrayRef<int64_t> shape) {
  for (size_t d = shape.size(); d-- > 0;) {
    if (++position[d] < shape[d])
      return;
    position[d] = 0;
  }
}

std::optional<int64_t> octet::inferWindows(int64_t size, int64_t kernel,
                                           int64_t stride, int64_t dilation,
                                           int64_t low, int64_t high) {
  if (kernel < 1 || stride < 1 || dilation < 1 || low < 0 || high < 0)
    return std::nullopt;
  int64_t extent;
  if (llvm::MulOverflow(dilation, kernel - 1, extent))
    return std::nullopt;
  int64_t room = size + low + high - extent - 1;
  if (room < 0)
    return std::nullopt;
  return room / stride + 1;
}

std::optional<Shape> octet::inferBroadcast(ArrayRef<int64_t> lhs,
                                           ArrayRef<int64_t> rhs) {
  Shape result(std::max(lhs.size(), rhs.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t l = i < lhs.size() ? lhs[lhs.size() - 1 - i] : 1;
    int64_t r = i < rhs.size() ? rhs[rhs.size() - 1 - i] : 1;
    if (l != r && l != 1 && r != 1)
      return std::nullopt;
    result[result.size() - 1 - i] = l == 1 ? r : l;
  }
  return result;
}

std::optional<Shape>
octet::inferWindowed(ArrayRef<int64_t> input, ArrayRef<int64_t> kernel,
                     ArrayRef<int64_t> strides, ArrayRef<int64_t> pads,
                     ArrayRef<int64_t> dilations, int64_t channels) {
  if (input.size() != 4 || kernel.size() != 2 || strides.size() != 2 ||
      pads.size() != 4 || dilations.size() != 2)
    return std::nullopt;
  auto height = inferWindows(input[1], kernel[0], strides[0], dilations[0],
                             pads[0], pads[2]);
  auto width = inferWindows(input[2], kernel[1], strides[1], dilations[1],
                            pads[1], pads[3]);
  if (!height || !width)
    return std::nullopt;
  return Shape{input[0], *height, *width, channels};
}

std::optional<Shape> octet::inferMatMul(ArrayRef<int64_t> lhs,
                                        ArrayRef<int64_t> rhs) {
  if (lhs.size() < 2 || rhs.size() < 2 || lhs.back() != rhs[rhs.size() - 2])
    return std::nullopt;
  auto batch = inferBroadcast(lhs.drop_back(2), rhs.drop_back(2));
  if (!batch)
    return std::nullopt;
  batch->push_back(lhs[lhs.size() - 2]);
  batch->push_back(rhs.back());
  return batch;
}

Shape octet::permute(ArrayRef<int64_t> shape, ArrayRef<int64_t> permutation) {
  return llvm::map_to_vector(permutation, [&](int64_t i) { return shape[i]; });
}
