//===- OnnxNames.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ONNX names that locations carry from import to the last pass.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_ONNXNAMES_H
#define OCTET_DIALECT_OCTET_IR_ONNXNAMES_H

#include "mlir/IR/Location.h"

namespace octet {

/// The location of the node `node` that computes `value`.
mlir::Location getOnnxLocation(mlir::MLIRContext *context, llvm::StringRef node,
                               llvm::StringRef value);

/// The ONNX value that the operation at `location` computes: the key of its
/// range. Fused operations answer for the last of their parts.
llvm::StringRef getOnnxValueName(mlir::Location location);

/// The name of the ONNX node at `location`, or the value's where it has none.
llvm::StringRef getOnnxNodeName(mlir::Location location);

/// Lets a tool with MLIR's options print locations, and the names in them,
/// unless it is told --mlir-print-debuginfo=false. Called before it parses its
/// options.
void printOnnxNames();

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_ONNXNAMES_H
