//===- Import.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX files to the octet dialect.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_IMPORT_ONNX_IMPORT_H
#define OCTET_IMPORT_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace octet {

struct OnnxImportOptions {
  /// Size given to a symbolic first dimension of an input.
  int64_t batch = 1;
};

/// Imports the ONNX model at `path` (any operator set) as a module that holds
/// one function `main` on tensors of static shape: what the outputs depend on,
/// calls of the model's functions and branches of constant conditions inlined,
/// and all that is known of constants and shapes computed. Argument and result
/// attributes `octet.name` carry the ONNX names, `octet.symbolic_batch` marks
/// inputs and outputs whose first dimension was symbolic. Inputs and outputs
/// have the element types that the model declares; float numbers of any width
/// are computed in f32. Every operation's location names its ONNX node and, as
/// child, the ONNX value it computes. The module's `octet.model_hash`
/// identifies what is computed, whatever the encoding and the shapes of inputs,
/// `octet.file_hash` the file's bytes. On failure an error is emitted that
/// names the node, and null is returned; a NaN among the weights is a warning.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnx(llvm::StringRef path, mlir::MLIRContext *context,
           const OnnxImportOptions &options = {});

/// The same for a model in memory; external data are looked for beside `path`.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnxBytes(llvm::StringRef bytes, llvm::StringRef path,
                mlir::MLIRContext *context,
                const OnnxImportOptions &options = {});

/// Names of the ONNX operators that are imported, sorted.
std::vector<std::string> importedOperators();

/// Registers `octet-translate --import-onnx`.
void registerOnnxTranslation();

} // namespace octet

#endif // OCTET_IMPORT_ONNX_IMPORT_H
