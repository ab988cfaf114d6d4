//===- Patterns.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Patterns that several passes of this library use.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_TRANSFORMS_PATTERNS_H
#define OCTET_LIB_DIALECT_OCTET_TRANSFORMS_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace octet {

/// f(reshape(x)) -> reshape(f(x)) for functions of one operand: brings f to
/// the operation that computes x, and reshapes together.
void populateSinkReshapePatterns(mlir::RewritePatternSet &patterns);

} // namespace octet

#endif // OCTET_LIB_DIALECT_OCTET_TRANSFORMS_PATTERNS_H
