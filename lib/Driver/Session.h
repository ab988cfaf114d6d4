//===- Session.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all commands need: a context, errors as sentences, compiled programs.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DRIVER_SESSION_H
#define OCTET_LIB_DRIVER_SESSION_H

#include "mlir/IR/MLIRContext.h"
#include "octet/Driver/Commands.h"
#include "octet/Support/OutputFile.h"
#include "llvm/Support/FileUtilities.h"

namespace octet {

/// Prints diagnostics as `octet: FILE: node 'N': message`.
class Session {
public:
  explicit Session(llvm::StringRef file);

  mlir::MLIRContext context;

private:
  std::string file;
};

/// Prints `octet: message`; returns 1.
int refuse(const llvm::Twine &message);

/// Fills in what compiling needs; null after an error.
std::optional<PipelineOptions> makePipeline(const CommandOptions &options);

/// The program for `path`: itself, or an .onnx or .mlir model compiled to FP32
/// into a temporary file that lives as long as this object.
class Program {
public:
  static std::optional<Program> open(const std::string &path,
                                     const CommandOptions &options);
  llvm::StringRef path() const { return program; }
  /// What the user called it.
  llvm::StringRef name() const { return given; }

private:
  std::string given, program;
  std::shared_ptr<TemporaryFile> temporary;
};

/// Writes `path` whole or not at all; returns the exit status.
int writeFile(llvm::StringRef path,
              llvm::function_ref<void(llvm::raw_ostream &)> write);

} // namespace octet

#endif // OCTET_LIB_DRIVER_SESSION_H
