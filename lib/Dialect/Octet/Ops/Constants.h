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

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace octet {

/// A constant of f32, or null.
inline mlir::DenseFPElementsAttr floatConstant(mlir::Attribute attribute) {
  auto elements = llvm::dyn_cast_or_null<mlir::DenseFPElementsAttr>(attribute);
  return elements && elements.getElementType().isF32()
             ? elements
             : mlir::DenseFPElementsAttr();
}

/// A constant of integers, or null.
inline mlir::DenseIntElementsAttr integerConstant(mlir::Attribute attribute) {
  return llvm::dyn_cast_or_null<mlir::DenseIntElementsAttr>(attribute);
}

/// True where a constant of `type` may be made of constants `sources`: one that
/// is larger than each of them, and large, is left to the program. Few
/// operations may multiply a constant without bound.
bool mayFold(mlir::RankedTensorType type,
             llvm::ArrayRef<mlir::Attribute> sources);

/// A constant of `type` whose element at a position is element `locate` of
/// `source`, row-major, or `absent` (of the same element type, of one element)
/// where that is negative. Null for elements that are no whole bytes, but i1,
/// and where mayFold says so.
mlir::DenseElementsAttr
gatherConstant(mlir::DenseElementsAttr source, mlir::RankedTensorType type,
               llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> locate,
               mlir::DenseElementsAttr absent = {});

/// Calls body(i, l, r) for each element i of a result of `shape` and the
/// elements l and r of operands that broadcast into it.
void forEachBroadcast(llvm::ArrayRef<int64_t> shape,
                      llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs,
                      llvm::function_ref<void(int64_t, int64_t, int64_t)> body);

} // namespace octet

#endif // OCTET_LIB_DIALECT_OCTET_OPS_CONSTANTS_H
