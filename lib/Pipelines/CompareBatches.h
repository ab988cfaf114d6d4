//===- CompareBatches.h -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_PIPELINES_COMPAREBATCHES_H
#define OCTET_LIB_PIPELINES_COMPAREBATCHES_H

#include "mlir/IR/BuiltinOps.h"

namespace octet {

/// Refuses a model that computes with the number of its samples: `few` and
/// `several` are imports of it with batch `fewSamples` and `severalSamples`,
/// which may differ in sizes that follow from the batch, in nothing else.
mlir::LogicalResult compareBatches(mlir::ModuleOp few, int64_t fewSamples,
                                   mlir::ModuleOp several,
                                   int64_t severalSamples);

} // namespace octet

#endif // OCTET_LIB_PIPELINES_COMPAREBATCHES_H
