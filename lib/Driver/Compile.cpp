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
#include "octet/Dialect/Octet/IR/ConstantScope.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Harness/array.h"
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
static int printGraph(ModuleOp module, const CommandOptions &options) {
  if (!options.output.empty())
    return writeFile(options.output, [&](llvm::raw_ostream &os) {
      printIR(module, os, options.form);
    });
  printIR(module, llvm::outs(),
          {/*elide=*/true, options.form.generic, /*locations=*/false});
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
  return module ? printGraph(*module, options) : 1;
}

/// Calibrates one sample at a time, whatever the batch: what fills a batch up
/// would be counted.
static FailureOr<std::string> calibrateSamples(const CommandOptions &options,
                                               MLIRContext *context,
                                               StringRef data,
                                               const PipelineOptions &method) {
  OnnxImportOptions one = options.model;
  one.batch = 1;
  // Another import of the model may be compiled afterwards.
  ConstantScope scope(context);
  auto module = loadModel(options.inputs[0], context, one);
  if (!module)
    return failure();
  auto ranges = calibrate(*module, data, method);
  module = nullptr;
  scope.collect(ModuleOp());
  return ranges;
}

/// Joins files of ranges; fails after a message. Without `weighed`, what they
/// ask for themselves is joined too.
static FailureOr<std::string> mergeFiles(ArrayRef<std::string> paths,
                                         const PipelineOptions &method,
                                         bool weighed) {
  std::vector<RangesFile> parts;
  for (const std::string &path : paths) {
    auto buffer = readInputFile(path);
    if (!buffer) {
      refuse(path + ": cannot be read: " + buffer.getError().message());
      return failure();
    }
    parts.push_back({path, (*buffer)->getBuffer().str()});
  }
  auto merged = mergeRanges(parts);
  if (!merged) {
    refuse(llvm::toString(merged.takeError()));
    return failure();
  }
  if (weighed)
    return std::move(merged->text);
  if (!merged->unrounded.empty())
    setUnrounded(merged->text, llvm::to_vector(merged->unrounded));
  bool chosen = method.choosesRanges();
  if (!merged->agreed && !chosen)
    print({"note", "", "",
           "the parts ask for different methods; the one of most samples is "
           "kept, --method or a model and --data choose another"});
  double percentile = chosen ? method.percentile : merged->percentile;
  if (chosen ? method.leastError : merged->leastError)
    setLeastError(merged->text);
  else if (percentile < 100)
    setPercentile(merged->text, percentile);
  return std::move(merged->text);
}

/// What `calibrate` writes; fails after a message.
static FailureOr<std::string> calibrateParts(const CommandOptions &options,
                                             const PipelineOptions &method,
                                             MLIRContext *context) {
  if (!options.merge && !options.part)
    return calibrateSamples(options, context, options.data, method);
  ArrayRef<std::string> parts(options.inputs);
  // Where there are data, there is a model in front.
  bool hasModel = !options.data.empty();
  OwningOpRef<ModuleOp> module;
  if (hasModel) {
    OnnxImportOptions one = options.model;
    one.batch = 1;
    module = loadModel(parts.front(), context, one);
    if (!module)
      return failure();
    parts = parts.drop_front();
  }
  if (options.part)
    return observe(*module, options.data, method);
  auto merged = mergeFiles(parts, method, hasModel);
  if (failed(merged))
    return failure();
  return hasModel ? chooseRanges(*module, *merged, options.data, method)
                  : FailureOr<std::string>(std::move(*merged));
}

int octet::runCalibrate(const CommandOptions &options) {
  Session session(options.inputs[0]);
  auto pipeline = makePipeline(options);
  if (!pipeline)
    return 1;
  auto ranges = calibrateParts(options, *pipeline, &session.context);
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
  return printGraph(*module, options);
}

/// What `compile --json` writes: what the program says of itself.
static llvm::json::Value describe(const ModelInfo &info,
                                  ArrayRef<const TargetInfo *> targets) {
  auto tensors = [](ArrayRef<ModelInfo::Tensor> list) {
    llvm::json::Array result;
    for (const ModelInfo::Tensor &tensor : list)
      result.push_back(
          llvm::json::Object{{"name", jsonText(tensor.name)},
                             {"dtype", octet_dtype_name(tensor.dtype)},
                             {"shape", llvm::json::Array(tensor.shape)},
                             {"symbolic_batch", tensor.symbolicBatch}});
    return result;
  };
  llvm::json::Array names, layers;
  for (const TargetInfo *target : targets)
    names.push_back(target->name);
  for (const ModelInfo::Layer &layer : info.layers)
    layers.push_back(
        llvm::json::Object{{"node", jsonText(layer.node)},
                           {"op", layer.op},
                           {"kernel", layer.kernel},
                           {"precision", layer.precision},
                           {"macs", layer.macs},
                           {"weight_bytes", layer.weightBytes},
                           {"note", jsonText(layer.note)},
                           {"output", llvm::json::Array(layer.shape)}});
  return llvm::json::Object{{"architecture", targets.front()->architecture},
                            {"targets", std::move(names)},
                            {"precision", info.precision},
                            {"model_hash", info.hash},
                            {"inputs", tensors(info.inputs)},
                            {"outputs", tensors(info.outputs)},
                            {"layers", std::move(layers)}};
}

/// Goes on from an object that `compile` wrote.
static int runLink(const CommandOptions &options) {
  const std::string &object = options.inputs[0];
  if (!options.calibration.empty() || !options.ranges.empty() ||
      !options.precision.empty() || !options.json.empty() ||
      !options.compileTo.empty() || options.target != "host")
    return refuse(object + ": is compiled; flags cannot change it any more, "
                           "leave them out or give the model");
  if (options.output.empty())
    return refuse(object + ": is compiled; give -o the name of a library or a "
                           "program to link it to");
  auto error = linkObject(object, options.output);
  return error ? refuse(llvm::toString(std::move(error))) : 0;
}

int octet::runCompile(const CommandOptions &options) {
  if (llvm::sys::path::extension(options.inputs[0]) == ".o")
    return runLink(options);
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
  if ((options.form.elide || options.form.generic) && !writesIR)
    return refuse(StringRef(options.form.elide ? "--elide" : "--generic") +
                  " is how IR is written: give --compile-to or a name with "
                  ".mlir");
  if (output == "-" && !writesIR)
    return refuse("a program is not written to stdout: give -o the name of a "
                  "file (./- for one called so)");
  if (writesIR && !options.json.empty())
    return refuse(
        "--json describes a program: leave it out where IR is written");
  auto module = loadModel(options.inputs[0], &session.context, options.model);
  if (!module || !choosePrecision(options, *module, *pipeline))
    return 1;
  if (pipeline->roundWeights &&
      (pipeline->precision == Precision::Int8 ||
       getPhase(*module) == "layout" || impliesInt8(getPhase(*module))))
    return refuse(
        "--weights is for FP32 programs: INT8's weights have 8 bits; "
        "leave it out, or give --precision fp32 and an earlier phase");
  adoptTarget(options, *module, *pipeline);
  ModelInfo info;
  if (failed(octet::compileTo(*module, *pipeline, output, &info)))
    return 1;
  if (int status = writeJson(options.json, describe(info, pipeline->targets)))
    return status;
  return output == "-" ? finishStdout() : 0;
}
