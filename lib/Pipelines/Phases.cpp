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
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "octet/Codegen/Passes.h"
#include "octet/Conversion/Passes.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "octet/Pipelines/Passes.h"
#include "octet/Pipelines/Pipelines.h"
#include "octet/Quantization/Calibration/Ranges.h"
#include "octet/Quantization/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace octet;

static void addSimplify(OpPassManager &pm, const PhaseOptions &) {
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createCanonicalizerPass());
  function.addPass(createFuseAttention());
  function.addPass(createCanonicalizerPass());
  function.addPass(createToChannelsLast());
  function.addPass(createCanonicalizerPass());
  function.addPass(createFuseNormalization());
  function.addPass(createLinearToConv());
  function.addPass(createCanonicalizerPass());
  function.addPass(createFoldBatchNorm());
  function.addPass(createAffineToConv());
  function.addPass(createFoldBatchNorm());
  function.addPass(createFuseEpilogue());
  function.addPass(createFuseFunctions());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
}

static void addObserve(OpPassManager &pm, const PhaseOptions &) {
  pm.addNestedPass<func::FuncOp>(createChooseRows());
  pm.addNestedPass<func::FuncOp>(createInsertObservers());
}

void octet::addRanges(OpPassManager &pm, const PhaseOptions &options) {
  ApplyRangesOptions ranges;
  ranges.ranges = options.ranges;
  ranges.rangesFile = options.rangesFile;
  ranges.percentile = options.percentile;
  ranges.leastError = options.leastError;
  pm.addPass(createApplyRanges(ranges));
  pm.addNestedPass<func::FuncOp>(createJoinRanges());
}

static void addQuantize(OpPassManager &pm, const PhaseOptions &options) {
  addRanges(pm, options);
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createQuantize());
  function.addPass(createPropagateQuantization());
  function.addPass(createQuantizeRows());
  function.addPass(createCSEPass());
}

static void addFoldScales(OpPassManager &pm, const PhaseOptions &) {
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createFoldScales());
  function.addPass(createCanonicalizerPass());
}

static void addLayout(OpPassManager &pm, const PhaseOptions &options) {
  const TargetInfo &target = *options.target;
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
  pack.floatRegisters =
      target.floatRegisters ? target.floatRegisters : target.registers;
  function.addPass(createPackConstants(pack));
}

/// Each kernel is in a module of its own; only the last phase needs to know
/// more of it than its functions.
static OpPassManager &nestInKernels(OpPassManager &pm) {
  return pm.nest<ModuleOp>().nest<func::FuncOp>();
}

static void addLower(OpPassManager &pm, const PhaseOptions &) {
  pm.addPass(createOutlineKernels());
  auto &function = nestInKernels(pm);
  function.addPass(createOctetToLinalg());
}

static void addSchedule(OpPassManager &pm, const PhaseOptions &options) {
  const TargetInfo &target = *options.target;
  auto &function = nestInKernels(pm);
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

static void addMemory(OpPassManager &pm, const PhaseOptions &) {
  auto &kernel = nestInKernels(pm);
  HoistTemporariesOptions temporaries;
  temporaries.maxStackBytes = stackBytes;
  kernel.addPass(createHoistTemporaries(temporaries));
  // Views that are one are known to be, so that copies onto themselves go.
  kernel.addPass(createCSEPass());
  kernel.addPass(createCanonicalizerPass());
  kernel.addPass(createConvertLinalgToParallelLoopsPass());
  kernel.addPass(createSplitKernels());
  // A temporary of each iteration, now that they follow one another, is one: on
  // the stack, memory that a loop takes is only given back when its kernel
  // ends.
  kernel.addPass(bufferization::createBufferLoopHoistingPass());
  bufferization::PromoteBuffersToStackPassOptions promote;
  promote.maxAllocSizeInBytes = stackBytes;
  // Of any rank that a tensor may have, and a dimension of lanes.
  promote.maxRankOfAllocatedMemRef = 17;
  kernel.addPass(bufferization::createPromoteBuffersToStackPass(promote));
  kernel.addPass(memref::createFoldMemRefAliasOpsPass());
  kernel.addPass(createCanonicalizerPass());
  pm.addPass(createCompleteCalls());
  pm.addPass(createPlanArena());
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
}

static void addDot(OpPassManager &pm, const PhaseOptions &options) {
  const TargetInfo &target = *options.target;
  auto &function = nestInKernels(pm);
  function.addPass(createBufferize());
  // What a loop computes into is one buffer, not one for each iteration.
  function.addPass(bufferization::createBufferLoopHoistingPass());
  if (target.isReference())
    return;
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
  VectorizeLookupsOptions lookups;
  lookups.isa = target.name.str();
  function.addPass(createVectorizeLookups(lookups));
  VectorizeTransposesOptions transposes;
  transposes.width = target.width;
  function.addPass(createVectorizeTransposes(transposes));
}

static void addUnroll(OpPassManager &pm, const PhaseOptions &options) {
  const TargetInfo &target = *options.target;
  auto &function = nestInKernels(pm);
  if (!target.isReference()) {
    function.addPass(createUnrollVectors());
    if (target.architecture == "x86_64")
      function.addPass(createX86Round());
  }
  function.addPass(createFuseMultiplyAdd());
}

static void addLLVM(OpPassManager &pm, const PhaseOptions &) {
  auto &module = pm.nest<ModuleOp>();
  auto &function = module.nest<func::FuncOp>();
  function.addPass(createLoopInvariantCodeMotionPass());
  function.addPass(memref::createExpandStridedMetadataPass());
  function.addPass(createLowerAffinePass());
  function.addPass(createConvertVectorToSCFPass());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
  module.addPass(createConvertVectorToLLVMPass());
  module.addPass(createSCFToControlFlowPass());
  module.addPass(createConvertMathToLLVMPass());
  module.addPass(createFinalizeMemRefToLLVMConversionPass());
  module.addPass(createArithToLLVMConversionPass());
  module.addPass(createConvertIndexToLLVMPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  module.addPass(createConvertFuncToLLVMPass(functions));
  module.addPass(createConvertControlFlowToLLVMPass());
  module.addPass(createUBToLLVMConversionPass());
  module.addPass(createReconcileUnrealizedCastsPass());
  module.addPass(createCanonicalizerPass());
  module.addPass(createCSEPass());
}

ArrayRef<Phase> octet::allPhases() {
  using Takes = Phase::Takes;
  static const Phase table[] = {
      {"simplify",
       "Put channels last; fold constants and batch norms; attach clamps and "
       "sums.",
       {importPhase},
       false,
       Takes::Nothing,
       addSimplify},
      {"observe",
       "Put octet.observe behind every value that gets a scale of its own.",
       {"simplify"},
       false,
       Takes::Nothing,
       addObserve},
      {"quantize",
       "Give values quantized types by calibrated ranges.",
       {"observe"},
       false,
       Takes::Ranges,
       addQuantize},
      {"fold-scales",
       "Fold scales into integer operations; the last phase free of any "
       "target.",
       {"quantize"},
       false,
       Takes::Nothing,
       addFoldScales},
      {"layout",
       "Lay tensors out for a target: borders, padded channels, blocked "
       "filters.",
       {"simplify", "observe", "fold-scales"},
       true,
       Takes::Target,
       addLayout},
      {"lower",
       "Turn operations into calls of kernels, and kernels into linalg.",
       {"layout"},
       true,
       Takes::Nothing,
       addLower},
      {"schedule",
       "Tile kernels so that they fill the registers, and make them vectors.",
       {"lower"},
       true,
       Takes::Target,
       addSchedule},
      {"dot",
       "Put tensors in memory and make dot products the target's instructions.",
       {"schedule"},
       true,
       Takes::Target,
       addDot},
      {"memory",
       "Put every buffer into one arena.",
       {"dot"},
       true,
       Takes::Nothing,
       addMemory},
      {"unroll",
       "Take vectors apart into registers.",
       {"memory"},
       true,
       Takes::Target,
       addUnroll},
      {"llvm",
       "Lower what is left to the LLVM dialect.",
       {"unroll"},
       true,
       Takes::Nothing,
       addLLVM},
  };
  return table;
}

const Phase *octet::lookupPhase(StringRef name) {
  for (const Phase &phase : allPhases())
    if (phase.name == name)
      return &phase;
  return nullptr;
}

std::string octet::listPhases() {
  return llvm::join(
      llvm::map_range(allPhases(), [](const Phase &p) { return p.name; }),
      ", ");
}

StringRef octet::getPhase(ModuleOp module) {
  auto phase = module->getAttrOfType<StringAttr>(phaseAttr);
  return phase ? phase.getValue() : StringRef(importPhase);
}

std::string octet::qualifiedName(const TargetInfo &target) {
  return (target.architecture + "/" + target.name).str();
}

const TargetInfo *octet::lookupQualifiedTarget(StringRef name) {
  auto [architecture, rest] = name.split('/');
  return rest.empty() ? lookupTarget(name) : lookupTarget(rest, architecture);
}

std::string octet::listTargets() {
  std::string all = "host";
  for (const TargetInfo &known : allTargets())
    if (known.architecture == "x86_64" || known.name != "generic")
      all += ", " + known.name.str();
  return all;
}

void octet::addPhase(OpPassManager &pm, const Phase &phase,
                     const PhaseOptions &options) {
  EnterPhaseOptions enter;
  enter.phase = phase.name.str();
  if (phase.takes == Phase::Takes::Target)
    enter.target = qualifiedName(*options.target);
  pm.addPass(createEnterPhase(enter));
  phase.add(pm, options);
}

namespace {
struct NoOptions : PassPipelineOptions<NoOptions> {};

struct RangesOptions : PassPipelineOptions<RangesOptions> {
  Option<std::string> rangesFile{*this, "ranges-file",
                                 llvm::cl::desc("The file ranges.json")};
  Option<double> percentile{
      *this, "percentile",
      llvm::cl::desc("Percentage of values inside a range; 0 for the file's"),
      llvm::cl::init(0.0)};
  Option<bool> leastError{
      *this, "least-error",
      llvm::cl::desc("Narrow each range to that of the least squared error"),
      llvm::cl::init(false)};
};

struct TargetOptions : PassPipelineOptions<TargetOptions> {
  Option<std::string> target{*this, "target",
                             llvm::cl::desc("A name as octet --target takes"),
                             llvm::cl::init("host")};
};
} // namespace

static LogicalResult read(const NoOptions &, PhaseOptions &, std::string &) {
  return success();
}

static LogicalResult read(const RangesOptions &given, PhaseOptions &options,
                          std::string &error) {
  if (given.rangesFile.empty())
    error = "ranges-file=FILE is needed: what `octet calibrate` wrote";
  else if (given.percentile != 0.0 && !isPercentile(given.percentile))
    error = "percentile must be above 50 and at most 100";
  if (!error.empty())
    return failure();
  options.rangesFile = given.rangesFile;
  options.percentile = given.percentile;
  options.leastError = given.leastError;
  return success();
}

static LogicalResult read(const TargetOptions &given, PhaseOptions &options,
                          std::string &error) {
  options.target = lookupQualifiedTarget(given.target);
  if (!options.target)
    error = "target '" + given.target + "' is unknown; choose one of " +
            listTargets();
  return success(options.target != nullptr);
}

template <typename Given> static void registerPhase(const Phase &phase) {
  registerPassPipeline(
      "octet-phase-" + phase.name.str(), phase.summary,
      [&phase](OpPassManager &pm, StringRef text,
               function_ref<LogicalResult(const Twine &)> fail) {
        Given given;
        PhaseOptions options;
        std::string error;
        if (failed(given.parseFromString(text)))
          return failure();
        if (failed(read(given, options, error)))
          return fail(error);
        addPhase(pm, phase, options);
        return success();
      },
      [](function_ref<void(const mlir::detail::PassOptions &)> handle) {
        handle(Given());
      });
}

void octet::registerPhases() {
  registerOctetPipelinesPasses();
  for (const Phase &phase : allPhases())
    switch (phase.takes) {
    case Phase::Takes::Nothing:
      registerPhase<NoOptions>(phase);
      break;
    case Phase::Takes::Ranges:
      registerPhase<RangesOptions>(phase);
      break;
    case Phase::Takes::Target:
      registerPhase<TargetOptions>(phase);
      break;
    }
}

void octet::registerPasses() {
  registerOctetTransformsPasses();
  registerOctetQuantizationPasses();
  registerOctetConversionPasses();
  registerOctetCodegenPasses();
  registerPhases();
}
