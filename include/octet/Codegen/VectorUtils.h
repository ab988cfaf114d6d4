//===- VectorUtils.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walking n-D vectors one register at a time, and cleaning up behind.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_CODEGEN_VECTORUTILS_H
#define OCTET_CODEGEN_VECTORUTILS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/PatternMatch.h"

namespace octet {

/// All positions of `shape` in row-major order; one empty position for none.
llvm::SmallVector<llvm::SmallVector<int64_t>>
positionsOf(llvm::ArrayRef<int64_t> shape);

/// A vector of `type` made of `parts`, one for each position of all but its
/// last `trailing` dimensions.
mlir::Value assembleVector(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::VectorType type,
                           llvm::ArrayRef<mlir::Value> parts,
                           unsigned trailing = 1);

/// index + offset, folded.
mlir::Value offsetIndex(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value index, int64_t offset);

/// What a value of memory is a view of: an argument, an allocation.
mlir::Value findMemory(mlir::Value value);

/// The patterns of the canonicalizer, to be applied together with others. They
/// are some thousand: collect them once for a pass, not for a kernel.
void populateCanonicalization(mlir::RewritePatternSet &patterns);

} // namespace octet

#endif // OCTET_CODEGEN_VECTORUTILS_H
