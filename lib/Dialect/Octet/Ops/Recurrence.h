//===- Recurrence.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes of recurrent cells, and the products of their lowering.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_RECURRENCE_H
#define OCTET_LIB_DIALECT_OCTET_OPS_RECURRENCE_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet::recurrence {

/// Gates of a cell: blocks of columns of its projection.
int64_t numGates(RecurrenceKind kind);
/// Activation functions that ONNX names for each direction.
int64_t numActivations(RecurrenceKind kind);
/// Vectors that go from step to step.
int64_t numStates(RecurrenceKind kind);

/// `weight` [rows, columns] as addProduct takes it beside that many sequences:
/// blocks of columns outermost, so that it is read in the order of memory.
mlir::Value packWeight(mlir::ImplicitLocOpBuilder &b, mlir::Value weight,
                       int64_t sequences);

/// `start` + `left` · (the packed weight), computed into `into`, which may be
/// `start`: for each element one contractible chain, in ascending order.
mlir::Value addProduct(mlir::ImplicitLocOpBuilder &b, mlir::Value left,
                       mlir::Value packed, mlir::Value start, mlir::Value into);

} // namespace octet::recurrence

#endif // OCTET_LIB_DIALECT_OCTET_OPS_RECURRENCE_H
