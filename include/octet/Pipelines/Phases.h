//===- Phases.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The phases a model goes through: one table, from which the driver compiles
// and octet-opt has a pipeline `octet-phase-NAME` for each.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_PIPELINES_PHASES_H
#define OCTET_PIPELINES_PHASES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "octet/Target/TargetInfo.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace octet {

/// On a module: the last phase it went through (a string); none for "import".
inline constexpr llvm::StringLiteral phaseAttr = "octet.phase";
/// On a module behind `layout`: its target, as qualifiedName gives it.
inline constexpr llvm::StringLiteral targetAttr = "octet.target";
/// What `octet.phase` is before the first phase.
inline constexpr llvm::StringLiteral importPhase = "import";

/// What the passes of a phase depend on beside the module.
struct PhaseOptions {
  /// Of the phases for a target.
  const TargetInfo *target = nullptr;
  /// Of `quantize`: the text of ranges.json, or the file's path.
  std::string ranges, rangesFile;
  /// Of `quantize`: percentage of values inside a range; 100 is min-max, 0 what
  /// the ranges say.
  double percentile = 0.0;
  /// Of `quantize`: ranges of the least squared error.
  bool leastError = false;
};

struct Phase {
  enum class Takes { Nothing, Ranges, Target };

  llvm::StringRef name, summary;
  /// The phases it may follow.
  llvm::SmallVector<llvm::StringRef, 3> follows;
  /// False for the graph phases, whose IR is free of any target.
  bool isForTarget;
  /// Which of PhaseOptions `add` reads.
  Takes takes;
  /// Appends its passes, octet-enter-phase not among them.
  void (*add)(mlir::OpPassManager &, const PhaseOptions &);
};

/// All phases in order.
llvm::ArrayRef<Phase> allPhases();
/// The phase `name`, or null.
const Phase *lookupPhase(llvm::StringRef name);
/// The names of all phases, "a, b, c".
std::string listPhases();

/// Adds the passes that give observers their final ranges.
void addRanges(mlir::OpPassManager &pm, const PhaseOptions &options);
/// Appends the pipeline of `phase` to a pass manager of modules.
void addPhase(mlir::OpPassManager &pm, const Phase &phase,
              const PhaseOptions &options);

/// The phase that `module` is behind.
llvm::StringRef getPhase(mlir::ModuleOp module);

/// "x86_64/avx2": some targets of different architectures share a name.
std::string qualifiedName(const TargetInfo &target);
/// The target called by its name or qualified name, or null.
const TargetInfo *lookupQualifiedTarget(llvm::StringRef name);

/// The names of all targets, "host, avx2, ...".
std::string listTargets();

/// Registers all phases as pipelines, and octet-enter-phase.
void registerPhases();

} // namespace octet

#endif // OCTET_PIPELINES_PHASES_H
