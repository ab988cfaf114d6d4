//===- InputSource.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a contraction's input lies in memory that a kernel only reads: what an
// instruction set needs that prepares inputs once for many uses.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_CODEGEN_INPUTSOURCE_H
#define OCTET_CODEGEN_INPUTSOURCE_H

#include "octet/Codegen/ContractionRewriter.h"

namespace octet {

/// The left operand of a contraction, one group of `pack` bytes for each of its
/// positions, in a view [height, width, groups, pack] of bytes.
struct InputSource {
  /// Defined outside of all loops; its groups and bytes are contiguous.
  mlir::Value view;
  /// Of the operand's first element, and the distance to the next, in each
  /// dimension.
  llvm::SmallVector<mlir::OpFoldResult, 4> indices;
  llvm::SmallVector<int64_t, 4> strides;

  mlir::MemRefType type() const {
    return llvm::cast<mlir::MemRefType>(view.getType());
  }
  /// What `shape` makes of the index along `dim`, `steps` elements behind the
  /// operand's first.
  mlir::Value
  indexOf(mlir::OpBuilder &builder, mlir::Location loc, unsigned dim,
          int64_t steps,
          llvm::function_ref<mlir::AffineExpr(mlir::AffineExpr)> shape) const;
  /// A divisor of the operand's first index along `dim` in every run; 0 where
  /// the index always is.
  int64_t divisor(unsigned dim) const;
  /// The view as [height, width, channels].
  mlir::Value rows(mlir::OpBuilder &builder) const;
};

/// None where the operand is not read that way.
std::optional<InputSource> findInputSource(const LaneContraction &contraction);

/// How often a kernel takes a group of bytes for `contraction`; none if that is
/// not known.
std::optional<int64_t> countInputUses(const LaneContraction &contraction);

} // namespace octet

#endif // OCTET_CODEGEN_INPUTSOURCE_H
