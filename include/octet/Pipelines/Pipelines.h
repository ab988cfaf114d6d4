//===- Pipelines.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The phases a model goes through, and what tools do with them.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_PIPELINES_PIPELINES_H
#define OCTET_PIPELINES_PIPELINES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "octet/Target/TargetInfo.h"

namespace octet {

/// Which form of the network a pipeline ends in.
enum class Precision { FP32, Int8 };

struct PipelineOptions {
  /// At least one, all of one architecture, best first.
  llvm::SmallVector<const TargetInfo *, 2> targets;
  Precision precision = Precision::FP32;
  /// Insert observers (the instrumented program of calibration).
  bool observe = false;
  /// Ranges for quantization: the text of ranges.json.
  std::string ranges;
  /// Percentage of values inside a range; 100 is min-max, 0 what `ranges` says.
  double percentile = 0.0;
  /// Stop after this phase; empty for none.
  std::string compileTo;
  /// Write each phase's IR into this folder; empty for none.
  std::string dumpFolder;
};

/// One named step of the journey; `add` appends its passes.
struct Phase {
  llvm::StringRef name;
  std::function<void(mlir::OpPassManager &)> add;
};

/// The phases from imported ONNX to where the IR still is free of any target.
std::vector<Phase> makeGraphPhases(const PipelineOptions &options);
/// The phases from there to the LLVM dialect.
std::vector<Phase> makeTargetPhases(const TargetInfo &target);

/// Runs phases over `module` until `options.compileTo`; each one's IR is
/// written to `dumpFolder` if that is not empty. `after` is called behind each
/// phase. Fails after an error.
mlir::LogicalResult
runPhases(mlir::ModuleOp module, llvm::ArrayRef<Phase> phases,
          const PipelineOptions &options, llvm::StringRef dumpFolder,
          llvm::function_ref<void(llvm::StringRef phase)> after = {});

/// All dialects and extensions that the phases need.
void registerDialects(mlir::DialectRegistry &registry);
/// All of Octet's passes, for octet-opt.
void registerPasses();

/// Reads an .onnx or .mlir file.
mlir::OwningOpRef<mlir::ModuleOp>
loadModel(llvm::StringRef path, mlir::MLIRContext *context, int64_t batch = 1);

/// Runs all phases and links the program `path`; by its extension (.o, .s, .ll,
/// .mlir) something less.
mlir::LogicalResult compileTo(mlir::ModuleOp module,
                              const PipelineOptions &options,
                              llvm::StringRef path);

/// Compiles `module` with observers, runs it over the .npz file `data` and
/// returns the text of ranges.json.
mlir::FailureOr<std::string> calibrate(mlir::ModuleOp module,
                                       llvm::StringRef data);

} // namespace octet

#endif // OCTET_PIPELINES_PIPELINES_H
