//===- StridedCopy.h -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves elements of constants in memory: transposes, slices, blocks.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_STRIDEDCOPY_H
#define OCTET_DIALECT_OCTET_IR_STRIDEDCOPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace octet {

/// A dimension of elements that are copied: how many there are, and how far
/// apart they lie, in elements, where they are read and where they are written.
struct CopyDimension {
  int64_t size, from, to;
};

/// Copies elements of `width` bytes (1, 2, 4 or 8), whose positions are sums of
/// one position in each of `dimensions`, from `from` to `to`. Strides where
/// elements are read may be zero or negative; writes do not overlap each other
/// or what is read.
void copyStrided(char *to, const char *from,
                 llvm::SmallVector<CopyDimension> dimensions, size_t width);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_STRIDEDCOPY_H
