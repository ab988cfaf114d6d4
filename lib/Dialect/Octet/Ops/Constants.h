//===- Constants.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folding of constants, shared by operations.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_CONSTANTS_H
#define OCTET_LIB_DIALECT_OCTET_OPS_CONSTANTS_H

#include "octet/Dialect/Octet/IR/ConstantView.h"

namespace octet {

/// True where a constant of `type` may be made of constants `sources`: one that
/// is larger than each of them, and large, is left to the program. Few
/// operations may multiply a constant without bound.
bool mayFold(mlir::RankedTensorType type,
             llvm::ArrayRef<mlir::Attribute> sources);

/// A constant of `type` with integers `values` modulo its elements' width.
mlir::ElementsAttr makeIntegers(mlir::RankedTensorType type,
                                llvm::ArrayRef<int64_t> values);

/// Copies `source`'s elements at offset + Σ position · strides, for positions
/// within `sizes`, to positions of `target`, a constant of `shape`, that begin
/// at `low`. All elements are of whole bytes.
void copyBox(ConstantBuffer &target, llvm::ArrayRef<int64_t> shape,
             llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> sizes,
             ConstantView source, int64_t offset,
             llvm::ArrayRef<int64_t> strides);

/// A constant of `type` whose element at a position is `source`'s element
/// offset + Σ position · strides, row-major. Null where mayFold says so.
mlir::ElementsAttr stridedConstant(ConstantView source,
                                   mlir::RankedTensorType type, int64_t offset,
                                   llvm::ArrayRef<int64_t> strides);

/// Strides by which a tensor of `shape` is read at positions of `rank`
/// dimensions, into which it broadcasts.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> shape,
                                            int64_t rank);

/// A constant as stridedConstant makes it of element `locate(position)`. Null
/// also for elements that are no whole bytes, but i1.
mlir::ElementsAttr
gatherConstant(ConstantView source, mlir::RankedTensorType type,
               llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> locate);

/// A constant of `type` whose element i is body(i), in its bits.
mlir::ElementsAttr makeOfBits(mlir::RankedTensorType type,
                              llvm::function_ref<llvm::APInt(int64_t)> body);

/// A constant of `type` of body(i) for each element i of `source`, which has
/// the same shape; once for all if they all are the same. Elements of `type`
/// are as wide as T, or have any width, given by their bits, where that is
/// APInt.
template <typename T>
mlir::ElementsAttr mapConstant(ConstantView source, mlir::RankedTensorType type,
                               llvm::function_ref<T(int64_t)> body) {
  if (source.isSplat() && type.getNumElements() > 1) {
    auto one = mlir::RankedTensorType::get({1}, type.getElementType());
    return ConstantView(mapConstant(source, one, body))
        .reshape(type.getShape());
  }
  if constexpr (std::is_same_v<T, llvm::APInt>) {
    return makeOfBits(type, body);
  } else {
    ConstantBuffer result(type);
    for (auto [i, value] : llvm::enumerate(result.getValues<T>()))
      value = body(i);
    return result.finish();
  }
}

/// Calls body(i, l, r) for each element i of a result of `shape` and the
/// elements l and r of operands that broadcast into it.
void forEachBroadcast(llvm::ArrayRef<int64_t> shape,
                      llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs,
                      llvm::function_ref<void(int64_t, int64_t, int64_t)> body);

} // namespace octet

#endif // OCTET_LIB_DIALECT_OCTET_OPS_CONSTANTS_H
