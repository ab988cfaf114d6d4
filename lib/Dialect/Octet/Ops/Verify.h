//===- Verify.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What verifiers and shape inference of operations share.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_VERIFY_H
#define OCTET_LIB_DIALECT_OCTET_OPS_VERIFY_H

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Diagnostics.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

namespace octet {

/// Infers a result of `shape` with the element type of `like`; none is an
/// error.
inline mlir::LogicalResult inferAs(std::optional<mlir::Location> location,
                                   const std::optional<Shape> &shape,
                                   mlir::Value like,
                                   llvm::SmallVectorImpl<mlir::Type> &types) {
  if (!shape)
    return mlir::emitOptionalError(
        location, "operand shapes and attributes do not fit together");
  types.push_back(
      mlir::RankedTensorType::get(*shape, typeOf(like).getElementType()));
  return mlir::success();
}

/// Infers `input`'s type with its dimensions in the order of `permutation`.
inline mlir::LogicalResult
inferPermuted(std::optional<mlir::Location> location,
              llvm::ArrayRef<int64_t> permutation, mlir::Value input,
              llvm::SmallVectorImpl<mlir::Type> &types) {
  auto shape = typeOf(input).getShape();
  if (permutation.size() != shape.size() ||
      !mlir::isPermutationVector(permutation))
    return mlir::emitOptionalError(location,
                                   "permutation must name each dimension once");
  return inferAs(location, permute(shape, permutation), input, types);
}

inline mlir::LogicalResult verifySameElementType(mlir::Operation *op) {
  if (typeOf(op->getOperand(0)).getElementType() !=
      typeOf(op->getResult(0)).getElementType())
    return op->emitOpError("input and result must have one element type");
  return mlir::success();
}

/// [dimension of the input that each of the result's follows]: dimensions stay
/// where they are, except those of which `keeps` says no.
inline llvm::SmallVector<int64_t>
sameDimensions(int64_t rank, llvm::function_ref<bool(int64_t)> keeps) {
  llvm::SmallVector<int64_t> sources;
  for (int64_t d = 0; d < rank; ++d)
    sources.push_back(keeps(d) ? d : -1);
  return sources;
}

} // namespace octet

#endif // OCTET_LIB_DIALECT_OCTET_OPS_VERIFY_H
