//===- Patterns.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Patterns, and ways to apply them, that several passes on the graph use.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_TRANSFORMS_PATTERNS_H
#define OCTET_DIALECT_OCTET_TRANSFORMS_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace octet {

/// f(reshape(x)) -> reshape(f(x)) for elementwise f of x and constants that do
/// not vary along what the reshape splits or joins: brings f to the operation
/// that computes x, and reshapes together. Not for what only prepares inputs.
void populateSinkReshapePatterns(mlir::RewritePatternSet &patterns);

/// Applies `patterns` within `op` until nothing changes any more; fails, after
/// an error, if there is no end to it. `fold` also folds operations.
mlir::LogicalResult applyToFixpoint(mlir::Operation *op,
                                    mlir::RewritePatternSet patterns,
                                    bool fold = true);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_TRANSFORMS_PATTERNS_H
