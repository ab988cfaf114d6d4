//===- Commands.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The commands of the `octet` driver. Each returns an exit status: 0 done, 1
// the input was refused (a sentence is on stderr).
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DRIVER_COMMANDS_H
#define OCTET_DRIVER_COMMANDS_H

#include "octet/Pipelines/Pipelines.h"
#include <optional>
#include <string>
#include <vector>

namespace octet {

/// Options that commands share; each reads those it documents.
struct CommandOptions {
  std::vector<std::string> inputs;
  std::string output, calibration, ranges, data, json, input;
  std::string target = "host", precision, method, weights;
  std::string compileTo, dumpFolder;
  /// Above 50 and at most 100; none where it was not given.
  std::optional<double> percentile;
  /// In dB; none where it was not given.
  std::optional<double> leastSqnr;
  /// Batch, shapes and outputs of .onnx models.
  OnnxImportOptions model;
  int64_t runs = 0;
  /// None where it was not given.
  std::optional<int64_t> threads;
  IRForm form;
  /// Calibrate on a part of the data; join what was found of parts.
  bool part = false, merge = false;
  /// Time the layers of one program.
  bool layers = false;
  /// Compile all kernels anew, and keep none.
  bool noCache = false;
};

/// Prints the names of the ONNX operators that `import` takes.
int runOperators(const CommandOptions &options);
int runImport(const CommandOptions &options);
int runCalibrate(const CommandOptions &options);
int runQuantize(const CommandOptions &options);
int runCompile(const CommandOptions &options);

/// `run`, `bench --layers`, and `inspect` of a program: hands over to the
/// program, compiled first if need be.
int runProgram(llvm::StringRef command, const CommandOptions &options);
/// What an .onnx model needs and what would become of it, before anything is
/// compiled; 1 if something is in the way, which the report says. Else as
/// runProgram.
int runInspect(const CommandOptions &options);
/// Accuracy of several models or programs side by side.
int runEval(const CommandOptions &options);
/// Speed of several models or programs side by side, interleaved.
int runBench(const CommandOptions &options);

} // namespace octet

#endif // OCTET_DRIVER_COMMANDS_H
