//===- Session.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "mlir/IR/Diagnostics.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Quantization/Calibration/Ranges.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace octet;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Session::Session(StringRef file)
    : context(makeRegistry(), MLIRContext::Threading::ENABLED), file(file) {
  context.loadAllAvailableDialects();
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return success();
    llvm::errs() << "octet: " << this->file << ": ";
    StringRef node = getOnnxNodeName(diagnostic.getLocation());
    if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      llvm::errs() << place.getLine() << ":" << place.getColumn() << ": ";
    else if (!node.empty() && node != this->file)
      llvm::errs() << "node '" << node << "': ";
    llvm::errs() << diagnostic.str() << "\n";
    return success();
  });
}

int octet::refuse(const Twine &message) {
  llvm::errs() << "octet: " << message << "\n";
  return 1;
}

/// Reads `names`, "a,b,c", into the pipeline; false after an error.
static bool findTargets(StringRef names, PipelineOptions &pipeline) {
  SmallVector<StringRef> parts;
  names.split(parts, ',');
  // `generic` goes along with the others' architecture.
  StringRef architecture;
  for (StringRef name : parts)
    if (const TargetInfo *target = lookupTarget(name);
        target && name != "generic" && architecture.empty())
      architecture = target->architecture;
  for (StringRef name : parts) {
    const TargetInfo *target = lookupTarget(name);
    if (!target) {
      std::string all = "host";
      for (const TargetInfo &known : allTargets())
        if (known.architecture == "x86_64" || known.name != "generic")
          all += ", " + known.name.str();
      refuse("target '" + name + "' is unknown; choose one of " + all +
             ", or several separated by commas");
      return false;
    }
    if (name != "host")
      target = lookupTarget(name, architecture);
    if (!target ||
        (!architecture.empty() && target->architecture != architecture)) {
      refuse("targets '" + names +
             "' are of several architectures; compile one file for each");
      return false;
    }
    if (!llvm::is_contained(pipeline.targets, target))
      pipeline.targets.push_back(target);
  }
  // The table's order is the order of preference.
  llvm::sort(pipeline.targets);
  return true;
}

std::optional<PipelineOptions>
octet::makePipeline(const CommandOptions &options) {
  PipelineOptions pipeline;
  if (!findTargets(options.target, pipeline))
    return std::nullopt;
  if (!isPercentile(options.percentile)) {
    refuse("the percentile must be above 50 and at most 100");
    return std::nullopt;
  }
  pipeline.compileTo = options.compileTo;
  pipeline.dumpFolder = options.dumpFolder;
  if (options.method == "percentile")
    pipeline.percentile = options.percentile;
  else if (options.method == "minmax")
    pipeline.percentile = 100.0;
  else if (!options.method.empty()) {
    refuse("calibration method '" + options.method +
           "' is unknown; choose minmax or percentile");
    return std::nullopt;
  }
  return pipeline;
}

std::optional<Program> Program::open(const std::string &path,
                                     const CommandOptions &options) {
  Program result;
  result.given = path;
  if (!llvm::sys::fs::exists(path)) {
    refuse(path + ": no such file");
    return std::nullopt;
  }
  StringRef extension = llvm::sys::path::extension(path);
  if (extension != ".onnx" && extension != ".mlir") {
    if (!llvm::sys::fs::can_execute(path)) {
      refuse(path + ": neither a model (.onnx, .mlir) nor a compiled program");
      return std::nullopt;
    }
    SmallString<128> absolute(path);
    llvm::sys::fs::make_absolute(absolute);
    result.program = absolute.str().str();
    return result;
  }
  auto program = TemporaryFile::create("octet-program", "");
  if (!program) {
    refuse(llvm::toString(program.takeError()));
    return std::nullopt;
  }
  result.program = program->path().str();
  result.temporary = std::make_shared<TemporaryFile>(std::move(*program));
  Session session(path);
  auto pipeline = makePipeline(options);
  auto module = loadModel(path, &session.context, options.batch);
  if (!pipeline || !module ||
      failed(octet::compileTo(*module, *pipeline, result.program)))
    return std::nullopt;
  return result;
}

int octet::writeFile(StringRef path,
                     llvm::function_ref<void(llvm::raw_ostream &)> write) {
  auto error = writeWholeFile(path, write);
  return error ? refuse(llvm::toString(std::move(error))) : 0;
}
