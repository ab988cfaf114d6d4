//===- Compile.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Import/ONNX/Import.h"
#include "octet/Pipelines/Pipelines.h"
#include "octet/Runtime/harness.h"
#include "octet/Target/Emit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace octet;

void octet::registerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<OctetDialect>();
}

OwningOpRef<ModuleOp> octet::loadModel(StringRef path, MLIRContext *context,
                                       int64_t batch) {
  if (!path.ends_with(".mlir")) {
    OnnxImportOptions options;
    options.batch = batch;
    return importOnnx(path, context, options);
  }
  auto module = parseSourceFile<ModuleOp>(path, context);
  if (module && !module->lookupSymbol("main")) {
    module->emitError("has no function main");
    return nullptr;
  }
  return module;
}

static LogicalResult writeText(ModuleOp module, StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (error)
    return module.emitError()
           << path << ": cannot be written: " << error.message();
  file << module;
  return success();
}

LogicalResult octet::compileTo(ModuleOp module, const PipelineOptions &options,
                               StringRef path) {
  ModelInfo info;
  // Two more steps follow the phases: LLVM, by far the longest, and the linker.
  int64_t done = 0, steps = makePhases(options).size() + 2;
  bool nothingToObserve = false;
  auto status = runPhases(module, options, [&](StringRef phase) {
    if (phase == "observe")
      nothingToObserve =
          !module.walk([](ObserveOp) { return WalkResult::interrupt(); })
               .wasInterrupted();
    if (phase == "lower")
      info = collectModelInfo(module);
    octet_progress("compiling", ++done, steps);
  });
  if (failed(status))
    return failure();
  if (!options.compileTo.empty() || path.ends_with(".mlir"))
    return writeText(module, path);
  if (nothingToObserve ||
      (options.precision == Precision::Int8 && info.precision != "int8"))
    return module.emitError("no layer can run in INT8: nothing would be "
                            "gained; compile with --precision fp32");
  for (auto [extension, kind] :
       {std::pair(".o", FileKind::Object), std::pair(".s", FileKind::Assembly),
        std::pair(".ll", FileKind::LLVM)})
    if (path.ends_with(extension))
      return emitFile(module, info, *options.target, kind, path);
  SmallString<128> object;
  if (llvm::sys::fs::createTemporaryFile("octet", "o", object))
    return module.emitError("cannot create a temporary file");
  llvm::FileRemover remover(object);
  if (failed(emitFile(module, info, *options.target, FileKind::Object, object)))
    return failure();
  octet_progress("compiling", ++done, steps);
  auto linked = linkProgram(module, object, path);
  octet_progress("compiling", steps, steps);
  return linked;
}

FailureOr<std::string> octet::calibrate(ModuleOp module, StringRef data) {
  SmallString<128> program, ranges;
  if (llvm::sys::fs::createTemporaryFile("octet-calibrate", "", program) ||
      llvm::sys::fs::createTemporaryFile("octet-ranges", "json", ranges))
    return module.emitError("cannot create a temporary file");
  llvm::FileRemover removeProgram(program), removeRanges(ranges);
  OwningOpRef<ModuleOp> copy = module.clone();
  PipelineOptions options;
  options.target = lookupTarget("host");
  options.observe = true;
  if (failed(compileTo(*copy, options, program)))
    return failure();
  StringRef arguments[] = {program, "calibrate", "--data", data, "-o", ranges};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(program, arguments, std::nullopt, {},
                                         0, 0, &message);
  if (status != 0)
    return module.emitError() << data << ": calibration failed"
                              << (message.empty() ? "" : ": ") << message;
  auto text = llvm::MemoryBuffer::getFile(ranges);
  if (!text)
    return module.emitError("the ranges cannot be read back");
  return (*text)->getBuffer().str();
}
