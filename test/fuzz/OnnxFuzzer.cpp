//===- OnnxFuzzer.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "octet/Import/ONNX/Import.h"
#include <google/protobuf/stubs/logging.h>

/// Any bytes are imported, or refused with an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static google::protobuf::LogSilencer silencer;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  bool refused = false;
  context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
    refused |= diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
  });
  octet::OnnxImportOptions options;
  options.batch = 1 + size % 3;
  auto model = octet::OnnxModel::fromBytes(
      llvm::StringRef(reinterpret_cast<const char *>(data), size),
      "no-such-folder/fuzz.onnx", &context);
  auto module = model ? model->importModule(options)
                      : mlir::OwningOpRef<mlir::ModuleOp>();
  if (bool(module) == refused)
    __builtin_trap(); // a module with an error, or neither
  return 0;
}
