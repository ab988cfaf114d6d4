//===- Recurrence.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes of recurrent cells.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_RECURRENCE_H
#define OCTET_LIB_DIALECT_OCTET_OPS_RECURRENCE_H

#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet::recurrence {

/// Gates of a cell: blocks of columns of its projection.
int64_t numGates(RecurrenceKind kind);
/// Activation functions that ONNX names for each direction.
int64_t numActivations(RecurrenceKind kind);
/// Vectors that go from step to step.
int64_t numStates(RecurrenceKind kind);

} // namespace octet::recurrence

#endif // OCTET_LIB_DIALECT_OCTET_OPS_RECURRENCE_H
