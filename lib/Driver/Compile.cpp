//===- Compile.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// import, calibrate, quantize, compile.
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Import/ONNX/Import.h"
#include "octet/Quantization/Calibration/Ranges.h"
#include "octet/Support/InputFile.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace octet;

/// Prints to the output file, or to stdout with large constants shortened.
static int print(ModuleOp module, const CommandOptions &options) {
  OpPrintingFlags flags;
  if (options.elide || options.output.empty())
    flags.elideLargeElementsAttrs(16);
  auto write = [&](llvm::raw_ostream &os) {
    module.print(os, flags);
    os << "\n";
  };
  if (!options.output.empty())
    return writeFile(options.output, write);
  write(llvm::outs());
  return 0;
}

int octet::runOperators(const CommandOptions &) {
  for (const std::string &name : importedOperators())
    llvm::outs() << name << "\n";
  return 0;
}

int octet::runImport(const CommandOptions &options) {
  Session session(options.inputs[0]);
  auto module = loadModel(options.inputs[0], &session.context, options.batch);
  return module ? print(*module, options) : 1;
}

/// Calibrates one sample at a time, whatever the batch: what fills a batch up
/// would be counted.
static FailureOr<std::string> calibrateSamples(const CommandOptions &options,
                                               MLIRContext *context,
                                               StringRef data) {
  auto module = loadModel(options.inputs[0], context, /*batch=*/1);
  if (!module)
    return failure();
  return calibrate(*module, data);
}

int octet::runCalibrate(const CommandOptions &options) {
  Session session(options.inputs[0]);
  auto pipeline = makePipeline(options);
  if (!pipeline)
    return 1;
  auto ranges = calibrateSamples(options, &session.context, options.data);
  if (failed(ranges))
    return 1;
  // The histograms serve every method; which one to use travels with them.
  if (pipeline->percentile > 0)
    setPercentile(*ranges, pipeline->percentile);
  return writeFile(options.output.empty() ? "ranges.json" : options.output,
                   [&](llvm::raw_ostream &os) { os << *ranges; });
}

/// Reads or computes the ranges that INT8 needs; false after an error.
static bool findRanges(const CommandOptions &options, ModuleOp module,
                       PipelineOptions &pipeline) {
  if (!options.ranges.empty()) {
    auto buffer = readInputFile(options.ranges);
    if (!buffer) {
      refuse(options.ranges +
             ": cannot be read: " + buffer.getError().message());
      return false;
    }
    pipeline.ranges = (*buffer)->getBuffer().str();
    return true;
  }
  if (options.calibration.empty()) {
    refuse("INT8 needs calibration: give --calib DATA.npz or --ranges "
           "RANGES.json, or --precision fp32");
    return false;
  }
  auto ranges =
      options.batch == 1
          ? calibrate(module, options.calibration)
          : calibrateSamples(options, module.getContext(), options.calibration);
  if (failed(ranges))
    return false;
  pipeline.ranges = std::move(*ranges);
  return true;
}

static int compileModel(const CommandOptions &options, bool printGraph) {
  Session session(options.inputs[0]);
  auto pipeline = makePipeline(options);
  if (!pipeline)
    return 1;
  bool calibrated = !options.calibration.empty() || !options.ranges.empty();
  std::string precision = options.precision;
  if (precision.empty())
    precision = calibrated || printGraph ? "int8" : "fp32";
  if (precision != "int8" && precision != "fp32")
    return refuse("precision '" + precision +
                  "' is unknown; choose int8 or fp32");
  auto module = loadModel(options.inputs[0], &session.context, options.batch);
  if (!module)
    return 1;
  if (precision == "int8") {
    pipeline->precision = Precision::Int8;
    if (!findRanges(options, *module, *pipeline))
      return 1;
  }
  if (printGraph) {
    pipeline->compileTo = "quantize";
    return failed(runPhases(*module, makeGraphPhases(*pipeline), *pipeline,
                            pipeline->dumpFolder))
               ? 1
               : print(*module, options);
  }
  std::string output = options.output;
  if (output.empty())
    output = llvm::sys::path::stem(options.inputs[0]).str();
  return failed(octet::compileTo(*module, *pipeline, output)) ? 1 : 0;
}

int octet::runQuantize(const CommandOptions &options) {
  return compileModel(options, /*printGraph=*/true);
}

int octet::runCompile(const CommandOptions &options) {
  return compileModel(options, /*printGraph=*/false);
}
