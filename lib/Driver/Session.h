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
#include "llvm/Support/JSON.h"

namespace octet {

/// Prints diagnostics as `octet: FILE: node 'N': message`.
class Session {
public:
  explicit Session(llvm::StringRef file);

  mlir::MLIRContext context;

  /// What is printed of a diagnostic behind the file: `node 'N': message`.
  std::string sentence(mlir::Diagnostic &diagnostic) const;

private:
  std::string file;
};

/// What is said on stderr.
struct Message {
  /// "error", "misuse" of the command line, "warning" or "note".
  llvm::StringRef kind = "error";
  /// The file and the node of it that the message is about, where there are
  /// any.
  std::string file, node;
  /// What is printed behind the file.
  std::string text;
};

/// Prints `octet: FILE: kind: text`, or a line of JSON where the environment
/// asks for messages to other programs.
void print(const Message &message);

/// Prints `octet: message`; returns 1.
int refuse(const llvm::Twine &message);

/// The targets called `names`, "a,b,c", in order of preference; the error says
/// what may be given.
llvm::Expected<llvm::SmallVector<const TargetInfo *, 2>>
findTargets(llvm::StringRef names);

/// Fills in what compiling needs; null after an error.
std::optional<PipelineOptions> makePipeline(const CommandOptions &options);

/// Compiles a graph that was laid out for a target to that one, unless another
/// was asked for.
void adoptTarget(const CommandOptions &options, mlir::ModuleOp module,
                 PipelineOptions &pipeline);

/// The program for `path`: itself, or an .onnx or .mlir model compiled to FP32,
/// or INT8 where it is quantized, into a temporary file that lives as long as
/// this object.
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

/// Writes out what is on its way to stdout; the exit status, 1 with a sentence
/// if it cannot be written.
int finishStdout();

/// Writes `path` whole or not at all, or stdout for "-"; the exit status.
int writeFile(llvm::StringRef path,
              llvm::function_ref<void(llvm::raw_ostream &)> write);

/// Text of a model or a file's name, which may be any bytes.
llvm::json::Value jsonText(llvm::StringRef text);

/// The same for a report; nothing is written if `path` is empty.
int writeJson(llvm::StringRef path, llvm::json::Value value);

} // namespace octet

#endif // OCTET_LIB_DRIVER_SESSION_H
