//===- ShapeInference.h -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes of the results of octet operations, used by the verifiers and by
// whoever builds operations. All sizes are static.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_SHAPEINFERENCE_H
#define OCTET_DIALECT_OCTET_IR_SHAPEINFERENCE_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>

namespace octet {

using Shape = llvm::SmallVector<int64_t>;

/// No tensor of a model may have more elements: indices into it and its sizes
/// in bytes are far from overflowing.
constexpr int64_t maxElements = int64_t(1) << 31;

/// Number of elements, or none if a size is negative or there are more than
/// `maxElements`.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// Moves `position` to the next element of `shape`, the last dimension fastest;
/// behind the last element back to the first.
void advance(llvm::MutableArrayRef<int64_t> position,
             llvm::ArrayRef<int64_t> shape);

/// Number of windows along one dimension, or none if the window does not fit:
/// floor((size + low + high - dilation·(kernel - 1) - 1) / stride) + 1.
std::optional<int64_t> inferWindows(int64_t size, int64_t kernel,
                                    int64_t stride, int64_t dilation,
                                    int64_t low, int64_t high);

/// Shape of NumPy broadcasting, or none if the shapes do not agree.
std::optional<Shape> inferBroadcast(llvm::ArrayRef<int64_t> lhs,
                                    llvm::ArrayRef<int64_t> rhs);

/// [N, H, W, C] windows of `kernel` -> [N, OH, OW, channels].
std::optional<Shape>
inferWindowed(llvm::ArrayRef<int64_t> input, llvm::ArrayRef<int64_t> kernel,
              llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> pads,
              llvm::ArrayRef<int64_t> dilations, int64_t channels);

/// Shape of a batched matrix product, or none if the operands do not agree.
std::optional<Shape> inferMatMul(llvm::ArrayRef<int64_t> lhs,
                                 llvm::ArrayRef<int64_t> rhs);

/// shape[permutation[i]] for each i.
Shape permute(llvm::ArrayRef<int64_t> shape,
              llvm::ArrayRef<int64_t> permutation);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_SHAPEINFERENCE_H
