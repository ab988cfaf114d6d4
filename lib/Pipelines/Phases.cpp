//===- Phases.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "octet/Codegen/Passes.h"
#include "octet/Conversion/Passes.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "octet/Pipelines/Pipelines.h"
#include "octet/Quantization/Passes.h"
#include "octet/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace octet;

static void addSimplify(OpPassManager &pm) {
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createCanonicalizerPass());
  function.addPass(createToChannelsLast());
  function.addPass(createCanonicalizerPass());
  function.addPass(createLinearToConv());
  function.addPass(createCanonicalizerPass());
  function.addPass(createFoldBatchNorm());
  function.addPass(createFuseEpilogue());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
}

static void addLayout(OpPassManager &pm, const TargetInfo &target) {
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createMaterializePads());
  if (target.signedStorage)
    function.addPass(createSignedStorage());
  AssignLayoutsOptions layouts;
  layouts.channelAlignment = std::max<int64_t>(1, target.lanes());
  function.addPass(createAssignLayouts(layouts));
  if (target.isReference())
    return;
  PackConstantsOptions pack;
  pack.lanes = target.lanes();
  pack.pack = target.pack;
  pack.step = target.step;
  function.addPass(createPackConstants(pack));
}

static void addLower(OpPassManager &pm) {
  pm.addPass(createOutlineKernels());
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createOctetToLinalg());
}

static void addSchedule(OpPassManager &pm, const TargetInfo &target) {
  auto &function = pm.nest<func::FuncOp>();
  TileAndFuseOptions tile;
  tile.registers = target.registers;
  tile.floatRegisters = target.floatRegisters;
  tile.dotCost = target.dotCost;
  tile.splatCost = target.splatCost;
  tile.loadCost = target.loadCost;
  tile.width = target.width;
  tile.step = target.step;
  tile.rows = target.rows;
  function.addPass(createTileAndFuse(tile));
  function.addPass(createVectorizeKernels());
  function.addPass(createExpandMath());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
}

/// Accumulators of one position stay on the stack; what is larger, a map of
/// sums over one axis say, goes to the arena.
static constexpr int64_t stackBytes = 1 << 16;

static void addMemory(OpPassManager &pm) {
  HoistTemporariesOptions temporaries;
  temporaries.maxStackBytes = stackBytes;
  pm.addPass(createHoistTemporaries(temporaries));
  pm.addPass(createPlanArena());
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
  function.addPass(createConvertLinalgToLoopsPass());
  bufferization::PromoteBuffersToStackPassOptions promote;
  promote.maxAllocSizeInBytes = stackBytes;
  promote.maxRankOfAllocatedMemRef = 8;
  function.addPass(bufferization::createPromoteBuffersToStackPass(promote));
  function.addPass(memref::createFoldMemRefAliasOpsPass());
  function.addPass(createCanonicalizerPass());
}

static void addDot(OpPassManager &pm, const TargetInfo &target) {
  pm.addPass(createBufferize());
  if (target.isReference())
    return;
  auto &function = pm.nest<func::FuncOp>();
  if (target.architecture == "aarch64") {
    ArmDotOptions dot;
    dot.isa = target.name.str();
    function.addPass(createArmDot(dot));
  } else {
    X86DotOptions dot;
    dot.isa = target.name.str();
    function.addPass(createX86Dot(dot));
  }
  function.addPass(createContractToFma());
}

static void addUnroll(OpPassManager &pm, const TargetInfo &target) {
  auto &function = pm.nest<func::FuncOp>();
  if (!target.isReference()) {
    function.addPass(createUnrollVectors());
    if (target.architecture == "x86_64")
      function.addPass(createX86Round());
  }
  function.addPass(createFuseMultiplyAdd());
}

static void addLLVM(OpPassManager &pm) {
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createLoopInvariantCodeMotionPass());
  function.addPass(memref::createExpandStridedMetadataPass());
  function.addPass(createLowerAffinePass());
  function.addPass(createConvertVectorToSCFPass());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

std::vector<Phase> octet::makeGraphPhases(const PipelineOptions &options) {
  std::vector<Phase> phases;
  phases.push_back({"simplify", addSimplify});
  if (options.observe || options.precision == Precision::Int8)
    phases.push_back({"observe", [](OpPassManager &pm) {
                        pm.addNestedPass<func::FuncOp>(createInsertObservers());
                      }});
  if (options.precision == Precision::Int8) {
    phases.push_back({"quantize", [&options](OpPassManager &pm) {
                        ApplyRangesOptions ranges;
                        ranges.ranges = options.ranges;
                        ranges.percentile = options.percentile;
                        pm.addPass(createApplyRanges(ranges));
                        pm.addNestedPass<func::FuncOp>(createQuantize());
                        pm.addNestedPass<func::FuncOp>(
                            createPropagateQuantization());
                        pm.addNestedPass<func::FuncOp>(createCSEPass());
                      }});
    phases.push_back({"fold-scales", [](OpPassManager &pm) {
                        pm.addNestedPass<func::FuncOp>(createFoldScales());
                        pm.addNestedPass<func::FuncOp>(
                            createCanonicalizerPass());
                      }});
  }
  return phases;
}

std::vector<Phase> octet::makeTargetPhases(const TargetInfo &target) {
  return {
      {"layout", [&](OpPassManager &pm) { addLayout(pm, target); }},
      {"lower", addLower},
      {"schedule", [&](OpPassManager &pm) { addSchedule(pm, target); }},
      {"dot", [&](OpPassManager &pm) { addDot(pm, target); }},
      {"memory", addMemory},
      {"unroll", [&](OpPassManager &pm) { addUnroll(pm, target); }},
      {"llvm", addLLVM},
  };
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
    module.print(os, OpPrintingFlags().elideLargeElementsAttrs(16));
  });
  if (error)
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}

LogicalResult octet::runPhases(ModuleOp module, ArrayRef<Phase> phases,
                               const PipelineOptions &options,
                               StringRef dumpFolder,
                               llvm::function_ref<void(StringRef)> after) {
  unsigned index = 0;
  for (const Phase &phase : phases) {
    PassManager pm(module.getContext());
    phase.add(pm);
    // Behind a phase is often enough for a user; octet-opt verifies behind each
    // pass.
    pm.enableVerifier(false);
    if (failed(pm.run(module)) || failed(verify(module)))
      return failure();
    if (!dumpFolder.empty() &&
        failed(dump(module, dumpFolder, index++, phase.name)))
      return failure();
    if (after)
      after(phase.name);
    if (phase.name == options.compileTo)
      break;
  }
  return success();
}

void octet::registerPasses() {
  registerOctetTransformsPasses();
  registerOctetQuantizationPasses();
  registerOctetConversionPasses();
  registerOctetCodegenPasses();
}
