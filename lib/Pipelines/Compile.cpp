//===- Compile.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/PassManager.h"
#include "octet/Dialect/Octet/IR/ConstantScope.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Harness/harness.h"
#include "octet/Pipelines/Pipelines.h"
#include "octet/Quantization/Passes.h"
#include "octet/Support/OutputFile.h"
#include "octet/Target/Emit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace octet;

/// To stdout for `-`; the caller sees whether it could be written.
static LogicalResult writeText(ModuleOp module, StringRef path,
                               const IRForm &form) {
  if (path == "-") {
    printIR(module, llvm::outs(), form);
    return success();
  }
  if (auto error = writeWholeFile(
          path, [&](llvm::raw_ostream &os) { printIR(module, os, form); }))
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}

/// The C symbol of the model in `path`: its stem, as an identifier.
static std::string symbolFor(StringRef path) {
  std::string name;
  for (char c : llvm::sys::path::stem(path))
    name += llvm::isAlnum(c) ? c : '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(0, "_");
  return name + "_model";
}

/// What is linked for `path`, by its extension; none for text.
static std::optional<LinkKind> linkKindFor(StringRef path) {
  StringRef extension = llvm::sys::path::extension(path);
  if (extension == ".s" || extension == ".ll")
    return std::nullopt;
  return extension == ".so"  ? LinkKind::SharedLibrary
         : extension == ".o" ? LinkKind::Object
                             : LinkKind::Program;
}

/// Links, and writes the header that belongs to libraries and objects.
static llvm::Error linkWithHeader(ArrayRef<std::string> objects,
                                  StringRef symbol, StringRef architecture,
                                  LinkKind kind, StringRef path) {
  if (auto error = link(objects, symbol, architecture, kind, path))
    return error;
  if (kind != LinkKind::SharedLibrary && kind != LinkKind::Object)
    return llvm::Error::success();
  SmallString<128> header(path);
  llvm::sys::path::replace_extension(header, "h");
  return writeWholeFile(
      header, [&](llvm::raw_ostream &os) { os << makeHeader(symbol); });
}

static bool isText(StringRef path) {
  StringRef extension = llvm::sys::path::extension(path);
  return extension == ".s" || extension == ".ll";
}

/// Writes the file at `path` by its extension; a program `isInstrumented` or
/// not. Calls `release` once what it is
/// made of lies in files: the linker maps as much again.
static LogicalResult emit(MutableArrayRef<Variant> variants, StringRef path,
                          bool isInstrumented, llvm::function_ref<void()> step,
                          llvm::function_ref<void()> release) {
  Location location = variants.front().module->getLoc();
  StringRef architecture = variants.front().target->architecture;
  StringRef extension = llvm::sys::path::extension(path);
  bool isLibrary = extension == ".so" || extension == ".o";
  std::string symbol = isLibrary ? symbolFor(path) : "octet_compiled_model";
  if (isText(path)) {
    auto kind = extension == ".s" ? TextKind::Assembly : TextKind::LLVM;
    auto error = replaceFile(path, [&](StringRef part) -> llvm::Error {
      // emitText has said what is wrong.
      if (failed(emitText(variants, kind, symbol, part)))
        return llvm::createStringError("");
      return llvm::Error::success();
    });
    if (!error)
      return success();
    std::string message = llvm::toString(std::move(error));
    return message.empty() ? failure() : emitError(location) << message;
  }
  auto files = emitObjects(variants, symbol);
  if (failed(files))
    return failure();
  release();
  step();
  auto objects = llvm::map_to_vector(
      *files, [](const TemporaryFile &file) { return file.path().str(); });
  LinkKind kind = *linkKindFor(path);
  if (isInstrumented && kind == LinkKind::Program)
    kind = LinkKind::InstrumentedProgram;
  if (auto error = linkWithHeader(objects, symbol, architecture, kind, path))
    return emitError(location) << llvm::toString(std::move(error));
  return success();
}

llvm::Error octet::linkObject(StringRef object, StringRef path) {
  auto kind = linkKindFor(path);
  if (!kind || *kind == LinkKind::Object || path.ends_with(".mlir"))
    return llvm::createStringError(
        path + ": an object becomes a library, NAME.so, or a program; give the "
               "model to write anything else");
  auto compiled = readObject(object);
  if (!compiled)
    return compiled.takeError();
  return linkWithHeader(object.str(), compiled->symbol, compiled->architecture,
                        *kind, path);
}

template <typename OpTy> static bool contains(ModuleOp module) {
  return module.walk([](OpTy) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// True for a contraction of 8-bit values.
static bool isIntegerContraction(Operation *op) {
  auto scales = dyn_cast<ScaleOpInterface>(op);
  return scales && scales.getScaleRole() == ScaleRole::Integer &&
         countMacs(op) > 0;
}

/// True if an operation computes in 8 bits, or will: between the casts of a
/// quantized graph.
static bool hasQuantizedLayer(ModuleOp module) {
  auto isQuantized = [](Type type) {
    return isa<quant::QuantizedType>(getElementTypeOrSelf(type));
  };
  return module
      .walk([&](Operation *op) {
        bool found = isIntegerContraction(op) ||
                     (isa_and_nonnull<OctetDialect>(op->getDialect()) &&
                      llvm::any_of(op->getResultTypes(), isQuantized));
        return found ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

bool octet::impliesInt8(StringRef phase) {
  return phase == "quantize" || phase == "fold-scales";
}

/// Checks that `module` can go on to what `options` ask for.
static LogicalResult checkEntry(ModuleOp module,
                                const PipelineOptions &options) {
  StringRef behind = getPhase(module);
  bool laidOut = module->hasAttr(targetAttr);
  if (options.observe && (impliesInt8(behind) || laidOut))
    return module.emitError() << "a graph behind phase '" << behind
                              << "' cannot be calibrated; calibrate the model "
                                 "that it was made of";
  if (behind == "observe" && !options.observe &&
      options.precision != Precision::Int8)
    return module.emitError("an observed graph becomes INT8 code; compile it "
                            "with --calib DATA.npz or --ranges RANGES.json");
  auto target = module->getAttrOfType<StringAttr>(targetAttr);
  if (laidOut && (options.targets.size() != 1 || !target ||
                  qualifiedName(*options.targets.front()) != target.getValue()))
    return module.emitError("the graph was laid out for ")
           << module->getAttr(targetAttr) << "; give that --target alone";
  if (options.compileTo.empty() || options.compileTo == behind)
    return success();
  auto phases = graphPhases(options);
  llvm::append_range(phases, targetPhases());
  std::string left;
  for (const Phase *phase : llvm::reverse(phases)) {
    if (phase->name == behind || (laidOut && phase->name == "layout"))
      break;
    if (phase->name == options.compileTo)
      return success();
    left = (phase->name + (left.empty() ? "" : ", ") + left).str();
  }
  return module.emitError()
         << "phase '" << options.compileTo << "' is not ahead of this graph in "
         << (options.precision == Precision::Int8 ? "INT8" : "FP32")
         << "; ahead are " << left;
}

/// True if there are layers whose rows are quantized at run time.
static bool hasRows(ModuleOp module) {
  return module
      .walk([](Conv2DOp op) {
        return op->hasAttr(rowsAttr) ? WalkResult::interrupt()
                                     : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Fails if, behind `phase`, a graph on its way to INT8 has nothing to gain.
static LogicalResult checkGain(ModuleOp module, StringRef phase) {
  bool gains = phase == "observe"
                   ? contains<ObserveOp>(module) || hasRows(module)
               : phase == "quantize" ? hasQuantizedLayer(module)
                                     : true;
  if (gains)
    return success();
  return module.emitError("no layer can run in INT8: nothing would be gained; "
                          "compile with --precision fp32");
}

LogicalResult octet::compileTo(ModuleOp module, const PipelineOptions &given,
                               StringRef path, ModelInfo *info) {
  PipelineOptions options = given;
  StringRef entry = getPhase(module);
  if (impliesInt8(entry))
    options.precision = Precision::Int8;
  if (failed(checkEntry(module, options)) || failed(checkGain(module, entry)))
    return failure();
  auto phases = graphPhases(options);
  bool isGraph = options.compileTo == importPhase ||
                 llvm::any_of(phases, [&](const Phase *phase) {
                   return phase->name == options.compileTo;
                 });
  bool writesIR = !options.compileTo.empty() || path.ends_with(".mlir");
  if (writesIR && !isGraph && options.targets.size() > 1)
    return module.emitError(
        "IR behind the graph phases is for one target; give one --target");
  // Before the long part.
  if (linkKindFor(path) && !writesIR)
    if (auto error = checkLinker(options.targets.front()->architecture))
      return module.emitError() << llvm::toString(std::move(error));
  if (options.compileTo == entry)
    return writeText(module, path, options.form);

  // Behind a target's phases its kernels become machine code; at the end all is
  // linked.
  int64_t done = 0;
  int64_t steps =
      phases.size() + 1 + options.targets.size() * (targetPhases().size() + 1);
  auto step = [&] { octet_progress("compiling", ++done, steps); };
  if (!module->hasAttr(targetAttr) &&
      failed(runPhases(
          module, phases, options, /*target=*/nullptr, options.dumpFolder,
          [&](StringRef phase) {
            step();
            return checkGain(module, phase);
          },
          ConstantUse::Sole)))
    return failure();
  ConstantScope scope(module.getContext());
  scope.takeOver(module);
  if (options.roundWeights) {
    PassManager pm(module.getContext());
    pm.addNestedPass<func::FuncOp>(createQuantizeRows({/*all=*/true}));
    pm.addNestedPass<func::FuncOp>(createRoundWeights());
    if (failed(pm.run(module)))
      return failure();
    scope.collect(module);
    if (!hasQuantizedLayer(module))
      module.emitRemark(
          "weights are rounded to 8 bits; activations and arithmetic stay f32, "
          "and with them the program's size and speed: calibration makes a "
          "smaller and faster one");
  }
  if (isGraph)
    return writeText(module, path, options.form);

  // What is cached is code, of which there is no IR to show.
  bool needsIR = writesIR || isText(path) || !options.dumpFolder.empty();
  std::vector<Variant> variants;
  for (const TargetInfo *target : options.targets) {
    Variant &variant = variants.emplace_back();
    variant.target = target;
    variant.module = module.clone();
    SmallString<128> folder(options.dumpFolder);
    if (!folder.empty())
      llvm::sys::path::append(folder, target->name);
    auto status = runPhases(
        *variant.module, targetPhases(), options, target, folder,
        [&](StringRef phase) {
          if (phase == "lower") {
            variant.info = collectModelInfo(*variant.module);
            if (!needsIR)
              takeCached(variant, options.cache);
          }
          step();
          return success();
        },
        options.targets.size() == 1 ? ConstantUse::Sole : ConstantUse::Shared);
    if (failed(status))
      return failure();
    if (writesIR)
      return writeText(*variant.module, path, options.form);
    if (!isText(path) && failed(compileKernels(variant, options.cache)))
      return failure();
    step();
  }
  options.cache.prune();
  if (info)
    *info = variants.front().info;
  auto emitted = emit(variants, path, options.observe, step, [&] {
    for (Variant &variant : variants)
      variant.module = nullptr;
    scope.collect(ModuleOp());
  });
  octet_progress("compiling", steps, steps);
  return emitted;
}
