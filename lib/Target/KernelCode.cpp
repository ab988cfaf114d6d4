//===- KernelCode.cpp ----------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelCode.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace octet;

std::unique_ptr<llvm::TargetMachine>
octet::makeMachine(ModuleOp module, const TargetInfo &target) {
  static const bool initialized = [] {
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmParsers();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple(target.triple());
  std::string error;
  const auto *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend) {
    module.emitError("LLVM has no back end for target ") << target.name;
    return nullptr;
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

namespace {

/// void symbol(arguments, scratch, begin, end): takes the array apart and calls
/// `kernel`.
llvm::Function *addEntry(llvm::Function &kernel, StringRef symbol) {
  llvm::Module &module = *kernel.getParent();
  llvm::IRBuilder<> builder(module.getContext());
  auto *pointer = builder.getPtrTy();
  auto *word = builder.getInt64Ty();
  auto *type = llvm::FunctionType::get(builder.getVoidTy(),
                                       {pointer, pointer, word, word}, false);
  // Kernels of several models that are linked together may be the same.
  auto *entry = llvm::Function::Create(type, llvm::GlobalValue::WeakODRLinkage,
                                       symbol, module);
  entry->setVisibility(llvm::GlobalValue::HiddenVisibility);
  builder.SetInsertPoint(
      llvm::BasicBlock::Create(module.getContext(), "", entry));
  unsigned operands = kernel.arg_size() - 3;
  SmallVector<llvm::Value *> arguments;
  for (unsigned i = 0; i < operands; ++i) {
    llvm::Value *place =
        builder.CreateConstGEP1_64(pointer, entry->getArg(0), i);
    // Numbers are the low bits of what else is an address; both are little
    // endian.
    arguments.push_back(builder.CreateLoad(kernel.getArg(i)->getType(), place));
  }
  for (unsigned i : {1, 2, 3})
    arguments.push_back(entry->getArg(i));
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
  return entry;
}

/// Without a frame pointer and realignment, spills of 64-byte registers
/// straddle cache lines, by chance of the caller's stack.
void prepareFunctions(llvm::Module &module, const TargetInfo &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("frame-pointer", "all");
    function.addFnAttr("stackrealign");
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    if (target.architecture == "x86_64" && !target.isReference()) {
      std::string bits = std::to_string(target.width * 32);
      function.addFnAttr("prefer-vector-width", bits);
      function.addFnAttr("min-legal-vector-width", bits);
    }
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

/// True if all of the loop is for single values.
bool isScalar(const llvm::Loop &loop) {
  return llvm::all_of(loop.blocks(), [](llvm::BasicBlock *block) {
    return llvm::none_of(*block, [](llvm::Instruction &op) {
      return op.getType()->isVectorTy();
    });
  });
}

/// True if the loop only fills or copies ranges, each in an innermost loop that
/// becomes a call or a few stores.
bool movesRanges(const llvm::Loop &loop, const llvm::LoopInfo &loops,
                 llvm::ScalarEvolution &evolution) {
  auto isInOrder = [&](llvm::Instruction &op) {
    const auto *place = dyn_cast<llvm::SCEVAddRecExpr>(
        evolution.getSCEV(llvm::getLoadStorePointerOperand(&op)));
    uint64_t size =
        op.getDataLayout().getTypeStoreSize(llvm::getLoadStoreType(&op));
    return place && place->getLoop() == loops.getLoopFor(op.getParent()) &&
           place->getStepRecurrence(evolution) ==
               evolution.getConstant(
                   place->getStepRecurrence(evolution)->getType(), size);
  };
  return llvm::all_of(loop.blocks(), [&](llvm::BasicBlock *block) {
    return llvm::all_of(*block, [&](llvm::Instruction &op) {
      if (isa<llvm::LoadInst>(op))
        return isInOrder(op);
      auto *store = dyn_cast<llvm::StoreInst>(&op);
      return !store || (isInOrder(op) &&
                        (isa<llvm::LoadInst>(store->getValueOperand()) ||
                         loop.isLoopInvariant(store->getValueOperand())));
    });
  });
}

/// Keeps innermost loops that the loop vectorizer takes from being unrolled
/// before it sees them: it would gather along the loop around them instead. And
/// loops around ranges that are moved: code for each of them is large, and no
/// faster.
struct KeepLoops : llvm::PassInfoMixin<KeepLoops> {
  static llvm::PreservedAnalyses run(llvm::Function &function,
                                     llvm::FunctionAnalysisManager &analyses) {
    auto &evolution =
        analyses.getResult<llvm::ScalarEvolutionAnalysis>(function);
    auto &loops = analyses.getResult<llvm::LoopAnalysis>(function);
    for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
      unsigned count = evolution.getSmallConstantTripCount(loop);
      // The vectorizer leaves shorter loops alone.
      if (loop->isInnermost()
              ? count >= 16 && isScalar(*loop)
              : count > 4 && movesRanges(*loop, loops, evolution))
        loop->setLoopAlreadyUnrolled();
    }
    return llvm::PreservedAnalyses::all();
  }
};

/// True if the kernel's vectors are chosen and scheduled already: it computes
/// some, and no loop could have more.
bool isScheduled(llvm::Module &module) {
  bool computesVectors = false;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    for (const llvm::Instruction &op : llvm::instructions(function))
      computesVectors |= op.getType()->isVectorTy() &&
                         isa<llvm::BinaryOperator, llvm::CallBase>(op);
    llvm::DominatorTree dominators(function);
    llvm::LoopInfo loops(dominators);
    for (llvm::Loop *loop : loops.getLoopsInPreorder())
      if (loop->isInnermost() && isScalar(*loop))
        return false;
  }
  return computesVectors;
}

/// What scheduled kernels need: values that do not change leave loops, and
/// addresses become simple. All else would cost half of the time to compile.
constexpr StringRef cleanUp =
    "function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,"
    "simplifycfg,loop-mssa(loop-rotate,licm),early-cse<memssa>,"
    "instcombine<no-verify-fixpoint>)";

void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              const TargetInfo &target) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  // Unrolling is half of the reference's compile time, which need not be fast.
  tuning.LoopUnrolling = !target.isReference();
  llvm::PassBuilder passes(&machine, tuning);
  passes.registerPipelineStartEPCallback(
      [](llvm::ModulePassManager &manager, llvm::OptimizationLevel) {
        manager.addPass(llvm::createModuleToFunctionPassAdaptor(KeepLoops()));
      });
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(graphs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, graphs, modules);
  llvm::ModulePassManager pipeline;
  if (!isScheduled(module))
    pipeline =
        passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
  else if (auto error = passes.parsePassPipeline(pipeline, cleanUp))
    llvm::report_fatal_error(std::move(error));
  pipeline.run(module, modules);
}

} // namespace

std::unique_ptr<llvm::Module>
octet::translateKernel(ModuleOp module, const TargetInfo &target,
                       StringRef symbol, llvm::LLVMContext &context) {
  auto machine = makeMachine(module, target);
  if (!machine)
    return nullptr;
  auto functions = module.getOps<LLVM::LLVMFuncOp>();
  auto kernel =
      llvm::find_if(functions, [](auto f) { return f->hasAttr(kernelAttr); });
  assert(kernel != functions.end() && "each kernel has a module of its own");
  std::string name = (*kernel).getSymName().str();
  auto translated = translateModuleToLLVMIR(module, context);
  if (!translated) {
    module.emitError("cannot be translated to LLVM IR");
    return nullptr;
  }
  translated->setTargetTriple(machine->getTargetTriple());
  translated->setDataLayout(machine->createDataLayout());
  llvm::Function *function = translated->getFunction(name);
  function->setLinkage(llvm::GlobalValue::InternalLinkage);
  function->addFnAttr(llvm::Attribute::NoInline);
  addEntry(*function, symbol);
  prepareFunctions(*translated, target);
  optimize(*translated, *machine, target);
  return translated;
}

LogicalResult octet::writeCode(ModuleOp module, llvm::Module &code,
                               StringRef architecture,
                               llvm::CodeGenFileType type,
                               llvm::raw_pwrite_stream &os) {
  // Functions say which instructions they use; the rest is for any machine.
  auto machine = makeMachine(module, *lookupTarget("generic", architecture));
  if (!machine)
    return failure();
  llvm::legacy::PassManager emitter;
  if (machine->addPassesToEmitFile(emitter, os, nullptr, type))
    return module.emitError("LLVM cannot emit this kind of file");
  emitter.run(code);
  return success();
}
