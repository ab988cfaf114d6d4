//===- LayerInfo.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `inspect` and `bench` say of one operation of the graph.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_LAYERINFO_H
#define OCTET_DIALECT_OCTET_IR_LAYERINFO_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace octet {

/// The attribute that carries describeLayer's dictionary on a kernel's call.
inline constexpr llvm::StringLiteral layerAttr = "octet.layer";

/// Why an operation was left in f32, where there is a reason to say.
inline constexpr llvm::StringLiteral noteAttr = "octet.note";

/// On a linear layer: its rows are quantized at run time (QS-15).
inline constexpr llvm::StringLiteral rowsAttr = "octet.rows";

/// Logical multiply-accumulates of `op` (zero for what is no contraction).
int64_t countMacs(mlir::Operation *op);

/// What reports and kernels call `op`.
llvm::StringRef labelOf(mlir::Operation *op);

/// {node, op, output (shape), macs, weight_bytes, precision, note} of `op`.
mlir::DictionaryAttr describeLayer(mlir::Operation *op);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_LAYERINFO_H
