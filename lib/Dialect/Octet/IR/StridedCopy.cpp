//===- StridedCopy.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/StridedCopy.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace octet;
using Dimensions = llvm::SmallVector<CopyDimension>;

/// Elements of a square that is read and written while it is in the cache.
static constexpr int64_t tile = 16;

/// Copies `inner` innermost and `outer` around it; strides are in bytes.
template <size_t width>
static void copyPlane(char *to, const char *from, CopyDimension outer,
                      CopyDimension inner) {
  if (inner.from == width && inner.to == width) {
    for (int64_t i = 0; i < outer.size; ++i)
      std::memcpy(to + i * outer.to, from + i * outer.from, inner.size * width);
    return;
  }
  for (int64_t i = 0; i < outer.size; i += tile)
    for (int64_t j = 0; j < inner.size; j += tile) {
      int64_t rows = std::min(tile, outer.size - i);
      int64_t columns = std::min(tile, inner.size - j);
      for (int64_t r = i; r < i + rows; ++r)
        for (int64_t c = j; c < j + columns; ++c)
          std::memcpy(to + r * outer.to + c * inner.to,
                      from + r * outer.from + c * inner.from, width);
    }
}

template <size_t width>
static void copyElements(char *to, const char *from,
                         llvm::ArrayRef<CopyDimension> around,
                         CopyDimension outer, CopyDimension inner) {
  if (around.empty())
    return copyPlane<width>(to, from, outer, inner);
  for (int64_t i = 0; i < around.front().size; ++i)
    copyElements<width>(to + i * around.front().to,
                        from + i * around.front().from, around.drop_front(),
                        outer, inner);
}

/// Joins dimensions that follow one another without a gap on both sides.
static void join(Dimensions &dimensions) {
  llvm::erase_if(dimensions,
                 [](const CopyDimension &d) { return d.size == 1; });
  // Dense in what is written: from the farthest apart to the closest.
  llvm::sort(dimensions, [](const CopyDimension &a, const CopyDimension &b) {
    return a.to > b.to;
  });
  for (size_t i = 1; i < dimensions.size();) {
    CopyDimension &wide = dimensions[i - 1], &narrow = dimensions[i];
    if (wide.to == narrow.to * narrow.size &&
        wide.from == narrow.from * narrow.size) {
      wide = {wide.size * narrow.size, narrow.from, narrow.to};
      dimensions.erase(dimensions.begin() + i);
    } else {
      ++i;
    }
  }
}

/// Takes a few neighbours that stay neighbours for one wider element.
static size_t widen(Dimensions &dimensions, size_t width) {
  if (dimensions.empty())
    return width;
  CopyDimension last = dimensions.back();
  if (last.from != 1 || last.to != 1)
    return width;
  int64_t factor = last.size;
  if (factor * width > 8 || !llvm::isPowerOf2_64(factor) ||
      llvm::any_of(llvm::ArrayRef(dimensions).drop_back(),
                   [&](const CopyDimension &d) {
                     return d.from % factor != 0 || d.to % factor != 0;
                   }))
    return width;
  dimensions.pop_back();
  for (CopyDimension &d : dimensions) {
    d.from /= factor;
    d.to /= factor;
  }
  return width * factor;
}

void octet::copyStrided(char *to, const char *from, Dimensions dimensions,
                        size_t width) {
  if (llvm::any_of(dimensions,
                   [](const CopyDimension &d) { return d.size == 0; }))
    return;
  join(dimensions);
  width = widen(dimensions, width);
  // Writes go along the last dimension, reads along the other one of the plane.
  CopyDimension inner{1, 1, 1}, outer{1, 0, 0};
  if (!dimensions.empty())
    inner = dimensions.pop_back_val();
  if (!dimensions.empty()) {
    auto *closest = llvm::min_element(
        dimensions, [](const CopyDimension &a, const CopyDimension &b) {
          return std::abs(a.from) < std::abs(b.from);
        });
    // A run is copied as it is; then rows are best taken in order.
    if (inner.from == 1 && inner.to == 1)
      closest = &dimensions.back();
    outer = *closest;
    dimensions.erase(closest);
  }
  auto inBytes = [&](CopyDimension &d) {
    d.from *= width;
    d.to *= width;
  };
  llvm::for_each(dimensions, inBytes);
  inBytes(outer);
  inBytes(inner);
  switch (width) {
  case 1:
    return copyElements<1>(to, from, dimensions, outer, inner);
  case 2:
    return copyElements<2>(to, from, dimensions, outer, inner);
  case 4:
    return copyElements<4>(to, from, dimensions, outer, inner);
  case 8:
    return copyElements<8>(to, from, dimensions, outer, inner);
  }
  llvm_unreachable("elements of another width");
}
