//===- Pipelines.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What tools do with the phases: load, calibrate, compile.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_PIPELINES_PIPELINES_H
#define OCTET_PIPELINES_PIPELINES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "octet/Import/ONNX/Import.h"
#include "octet/Pipelines/Phases.h"
#include "octet/Target/Emit.h"
#include "octet/Target/TargetInfo.h"
#include "llvm/Support/raw_ostream.h"

namespace octet {

/// Which form of the network a pipeline ends in.
enum class Precision { FP32, Int8 };

/// How IR is printed. With `locations`, which carry ONNX names, and without
/// `elide` it reads back the same.
struct IRForm {
  /// Shorten large constants.
  bool elide = false;
  /// MLIR's generic form, which does not depend on operations' own.
  bool generic = false;
  bool locations = true;
};

struct PipelineOptions {
  /// At least one, all of one architecture, best first.
  llvm::SmallVector<const TargetInfo *, 2> targets;
  Precision precision = Precision::FP32;
  /// Round the weights of an FP32 program to 8 bits.
  bool roundWeights = false;
  /// Insert observers (the instrumented program of calibration).
  bool observe = false;
  /// Ranges for quantization: the text of ranges.json.
  std::string ranges;
  /// Percentage of values inside a range; 100 is min-max, 0 what `ranges` says.
  double percentile = 0.0;
  /// Ranges of the least squared error.
  bool leastError = false;
  /// The dB that every output is to stand above what rounding does to it,
  /// whatever that costs.
  std::optional<double> leastSqnr;
  /// Threads to calibrate on; without, one for each CPU.
  std::optional<int64_t> threads;
  /// Says how ranges are found, whatever `ranges` say.
  bool choosesRanges() const { return leastError || percentile > 0; }
  /// Stop after this phase; empty for none.
  std::string compileTo;
  /// How IR is written.
  IRForm form;
  /// Where compiled kernels are kept.
  ObjectCache cache;
  /// Write each phase's IR into this folder; empty for none.
  std::string dumpFolder;
};

/// The phases from imported ONNX to where the IR still is free of any target.
std::vector<const Phase *> graphPhases(const PipelineOptions &options);
/// The phases from there to the LLVM dialect.
std::vector<const Phase *> targetPhases();

/// Whether other modules of the context need constants that a module has, such
/// as those that it was cloned from (ConstantScope::takeOver).
enum class ConstantUse { Shared, Sole };

/// Runs those of `phases` that `module` is not behind, until
/// `options.compileTo`; each one's IR is written to `dumpFolder` if that is not
/// empty. `after` is called behind each phase and may stop the rest by a
/// failure. Large constants that are made and needed no longer are freed, and
/// those that the module has, if it is their sole user. Fails after an error.
mlir::LogicalResult runPhases(
    mlir::ModuleOp module, llvm::ArrayRef<const Phase *> phases,
    const PipelineOptions &options, const TargetInfo *target,
    llvm::StringRef dumpFolder,
    llvm::function_ref<mlir::LogicalResult(llvm::StringRef phase)> after = {},
    ConstantUse use = ConstantUse::Shared);

/// Prints `module`.
void printIR(mlir::ModuleOp module, llvm::raw_ostream &os,
             const IRForm &form = {});

/// All dialects and extensions that the phases need.
void registerDialects(mlir::DialectRegistry &registry);
/// All of Octet's passes and phases, for octet-opt.
void registerPasses();

/// Reads an .onnx file, or an .mlir file of a graph behind any phase up to
/// `layout` (`octet.phase` says which). `options` are for .onnx files: a graph
/// has its shapes and outputs.
mlir::OwningOpRef<mlir::ModuleOp>
loadModel(llvm::StringRef path, mlir::MLIRContext *context,
          const OnnxImportOptions &options = {});

/// True if a graph behind `phase` can only become INT8 code.
bool impliesInt8(llvm::StringRef phase);

/// Runs the phases that `module` is not behind and links the program `path`; by
/// its extension (.o, .s, .ll, .mlir) something less. A quantized graph is
/// compiled to INT8 whatever `options.precision`. Where code is written, `info`
/// receives what the program says of itself on the first target. `module` is
/// used up: its constants may be gone.
mlir::LogicalResult compileTo(mlir::ModuleOp module,
                              const PipelineOptions &options,
                              llvm::StringRef path, ModelInfo *info = nullptr);

/// Links the relocatable object `object` that compileTo wrote to the library or
/// program `path`.
llvm::Error linkObject(llvm::StringRef object, llvm::StringRef path);

// What follows simplifies `module`, which must be the only one that has come
// since the innermost ConstantScope began.

/// Compiles `module` with observers, runs it over the .npz file `data` and
/// returns the text of ranges.json with histograms alone. What of `method` says
/// how ranges are chosen is not looked at.
mlir::FailureOr<std::string> observe(mlir::ModuleOp module,
                                     llvm::StringRef data,
                                     const PipelineOptions &method);

/// Completes `ranges`, the text of ranges.json with histograms alone, as
/// `calibrate` does, by what they do to the samples of `data`. Where these are
/// the samples that `calibrate` would weigh, the text is the same.
mlir::FailureOr<std::string> chooseRanges(mlir::ModuleOp module,
                                          llvm::StringRef ranges,
                                          llvm::StringRef data,
                                          const PipelineOptions &method);

/// Observes `module` on `data` and returns the text of ranges.json. It asks for
/// the ranges that `method`
/// chooses or, where that chooses none, for those among min-max and least
/// squared error whose rounding values and outputs survive better; and for what
/// outputs lose most by to stay in f32, until each is `method.leastSqnr` dB
/// above its error. Where that is not given, a quarter of the values may, and
/// outputs below 20 dB get a warning. All this is measured on up to 16 samples.
mlir::FailureOr<std::string> calibrate(mlir::ModuleOp module,
                                       llvm::StringRef data,
                                       const PipelineOptions &method);

} // namespace octet

#endif // OCTET_PIPELINES_PIPELINES_H
