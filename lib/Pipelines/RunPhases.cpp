//===- RunPhases.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "octet/Dialect/Octet/IR/ConstantScope.h"
#include "octet/Pipelines/Pipelines.h"
#include "octet/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace octet;

std::vector<const Phase *> octet::graphPhases(const PipelineOptions &options) {
  bool quantize = options.precision == Precision::Int8;
  std::vector<const Phase *> phases{lookupPhase("simplify")};
  if (options.observe || quantize)
    phases.push_back(lookupPhase("observe"));
  if (quantize)
    phases.insert(phases.end(),
                  {lookupPhase("quantize"), lookupPhase("fold-scales")});
  return phases;
}

std::vector<const Phase *> octet::targetPhases() {
  std::vector<const Phase *> phases;
  for (const Phase &phase : allPhases())
    if (phase.isForTarget)
      phases.push_back(&phase);
  return phases;
}

void octet::printIR(ModuleOp module, llvm::raw_ostream &os,
                    const IRForm &form) {
  OpPrintingFlags flags;
  if (form.elide)
    // A limit of zero asks for no resource's text, which is long.
    flags.elideLargeElementsAttrs(16).elideLargeResourceString(0);
  flags.printGenericOpForm(form.generic);
  flags.enableDebugInfo(form.locations, /*prettyForm=*/false);
  module.print(os, flags);
  os << "\n";
}

/// One file for each phase, large constants elided.
static LogicalResult dump(ModuleOp module, StringRef folder, unsigned index,
                          StringRef phase) {
  if (auto error = llvm::sys::fs::create_directories(folder))
    return module.emitError()
           << folder << ": cannot be created: " << error.message();
  SmallString<128> path(folder);
  llvm::sys::path::append(path, Twine(index) + "-" + phase + ".mlir");
  auto error = writeWholeFile(path, [&](llvm::raw_ostream &os) {
    printIR(module, os, {/*elide=*/true});
  });
  if (error)
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}

namespace {
/// Frees what a pass leaves behind before the next one asks for more.
class CollectConstants : public PassInstrumentation {
public:
  CollectConstants(ConstantScope &scope, ModuleOp module)
      : scope(scope), module(module) {}
  void runAfterPass(Pass *, Operation *) override { scope.collect(module); }

private:
  ConstantScope &scope;
  ModuleOp module;
};
} // namespace

LogicalResult
octet::runPhases(ModuleOp module, ArrayRef<const Phase *> phases,
                 const PipelineOptions &options, const TargetInfo *target,
                 StringRef dumpFolder,
                 llvm::function_ref<LogicalResult(StringRef)> after,
                 ConstantUse use) {
  ConstantScope scope(module.getContext());
  if (use == ConstantUse::Sole)
    scope.takeOver(module);
  PhaseOptions phaseOptions;
  phaseOptions.target = target;
  phaseOptions.ranges = options.ranges;
  phaseOptions.percentile = options.percentile;
  phaseOptions.leastError = options.leastError;
  // What the module is behind already is not done again.
  auto behind = llvm::find_if(phases, [&](const Phase *phase) {
    return phase->name == getPhase(module);
  });
  unsigned index = behind == phases.end() ? 0 : behind - phases.begin() + 1;
  for (; index < phases.size(); ++index) {
    const Phase &phase = *phases[index];
    PassManager pm(module.getContext());
    addPhase(pm, phase, phaseOptions);
    // Behind a phase is often enough for a user; octet-opt verifies behind each
    // pass.
    pm.enableVerifier(false);
    // Behind these phases constants are what they are, and there are functions
    // that passes work on at the same time.
    if (!phase.isForTarget || phase.name == "layout")
      pm.addInstrumentation(std::make_unique<CollectConstants>(scope, module));
    if (failed(pm.run(module)) || failed(verify(module)))
      return failure();
    if (!dumpFolder.empty() &&
        failed(dump(module, dumpFolder, index, phase.name)))
      return failure();
    if (after && failed(after(phase.name)))
      return failure();
    if (phase.name == options.compileTo)
      break;
  }
  return success();
}
