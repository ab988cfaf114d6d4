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
#include <charconv>

using namespace mlir;
using namespace octet;

/// Prints to the output file, so that it reads back, or to stdout to be read
/// by people: without locations, large constants shortened.
static int print(ModuleOp module, const CommandOptions &options) {
  if (!options.output.empty())
    return writeFile(options.output, [&](llvm::raw_ostream &os) {
      printIR(module, os, options.elide);
    });
  printIR(module, llvm::outs(), /*elide=*/true, /*locations=*/false);
  return finishStdout();
}

int octet::runOperators(const CommandOptions &) {
  for (const std::string &name : importedOperators())
    llvm::outs() << name << "\n";
  return finishStdout();
}

int octet::runImport(const CommandOptions &options) {
  Session session(options.inputs[0]);
  auto module = loadModel(options.inputs[0], &session.context, options.model);
  return module ? print(*module, options) : 1;
}

/// Calibrates one sample at a time, whatever the batch: what fills a batch up
/// would be counted.
static FailureOr<std::string> calibrateSamples(const CommandOptions &options,
                                               MLIRContext *context,
                                               StringRef data,
                                               const PipelineOptions &method) {
  OnnxImportOptions one = options.model;
  one.batch = 1;
  auto module = loadModel(options.inputs[0], context, one);
  if (!module)
    return failure();
  return calibrate(*module, data, method);
}

int octet::runCalibrate(const CommandOptions &options) {
  Session session(options.inputs[0]);
  auto pipeline = makePipeline(options);
  if (!pipeline)
    return 1;
  auto ranges =
      calibrateSamples(options, &session.context, options.data, *pipeline);
  if (failed(ranges))
    return 1;
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
  auto ranges = options.model.batch == 1
                    ? calibrate(module, options.calibration, pipeline)
                    : calibrateSamples(options, module.getContext(),
                                       options.calibration, pipeline);
  if (failed(ranges))
    return false;
  pipeline.ranges = std::move(*ranges);
  return true;
}

/// Chooses the precision and finds the ranges it needs; false after an error.
static bool choosePrecision(const CommandOptions &options, ModuleOp module,
                            PipelineOptions &pipeline) {
  StringRef behind = getPhase(module);
  bool calibrated = !options.calibration.empty() || !options.ranges.empty();
  if (impliesInt8(behind) || behind == "layout") {
    std::string unused =
        calibrated                 ? "--calib and --ranges"
        : pipeline.choosesRanges() ? "--method and --percentile"
        : !options.precision.empty() &&
                (options.precision == "fp32" || behind == "layout")
            ? "--precision " + options.precision
            : "";
    if (unused.empty())
      return true;
    refuse(options.inputs[0] + ": " + unused +
           " cannot change a graph behind phase '" + behind +
           "'; leave them out, or go on from an earlier phase");
    return false;
  }
  if (options.precision == "int8" || (options.precision.empty() && calibrated))
    pipeline.precision = Precision::Int8;
  if (pipeline.precision == Precision::Int8)
    return findRanges(options, module, pipeline);
  if (calibrated || !pipeline.choosesRanges())
    return true;
  refuse("--method and --percentile are for INT8: give --calib DATA.npz or "
         "--ranges RANGES.json");
  return false;
}

int octet::runQuantize(const CommandOptions &options) {
  Session session(options.inputs[0]);
  auto pipeline = makePipeline(options);
  if (!pipeline)
    return 1;
  auto module = loadModel(options.inputs[0], &session.context, options.model);
  if (!module)
    return 1;
  StringRef behind = getPhase(*module);
  if (behind == "fold-scales" || behind == "layout")
    return refuse(options.inputs[0] + ": is behind phase '" + behind +
                  "', which comes after quantize");
  CommandOptions int8 = options;
  if (behind != "quantize")
    int8.precision = "int8";
  if (!choosePrecision(int8, *module, *pipeline))
    return 1;
  pipeline->compileTo = "quantize";
  if (behind != "quantize" &&
      failed(runPhases(*module, graphPhases(*pipeline), *pipeline,
                       /*target=*/nullptr, pipeline->dumpFolder)))
    return 1;
  return print(*module, options);
}

int octet::runCompile(const CommandOptions &options) {
  Session session(options.inputs[0]);
  auto pipeline = makePipeline(options);
  if (!pipeline)
    return 1;
  std::string output = options.output;
  bool writesIR = !options.compileTo.empty() ||
                  llvm::sys::path::extension(output) == ".mlir";
  if (output.empty())
    output =
        (llvm::sys::path::stem(options.inputs[0]) + (writesIR ? ".mlir" : ""))
            .str();
  if (options.elide && !writesIR)
    return refuse("--elide shortens constants in IR: give --compile-to or a "
                  "name with .mlir");
  if (output == "-" && !writesIR)
    return refuse("a program is not written to stdout: give -o the name of a "
                  "file (./- for one called so)");
  auto module = loadModel(options.inputs[0], &session.context, options.model);
  if (!module || !choosePrecision(options, *module, *pipeline))
    return 1;
  adoptTarget(options, *module, *pipeline);
  if (failed(octet::compileTo(*module, *pipeline, output)))
    return 1;
  return output == "-" ? finishStdout() : 0;
}
