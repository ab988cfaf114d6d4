//===- Emit.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/Emit.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Runtime/octet.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/ConstantMerge.h"

using namespace mlir;
using namespace octet;

namespace {

/// The function of a variant that unpacks arrays of tensors.
std::string invokeName(const TargetInfo &target) {
  return ("octet_invoke_" + target.name).str();
}

/// Builds the constants of an octet_model; the order of fields is
/// Runtime/octet.h's.
class ModelWriter {
public:
  explicit ModelWriter(llvm::Module &module)
      : module(module), builder(module.getContext()),
        pointer(builder.getPtrTy()), i32(builder.getInt32Ty()),
        i64(builder.getInt64Ty()) {}

  void write(ArrayRef<Variant> compiled, StringRef symbol) {
    const ModelInfo &info = compiled.front().info;
    auto number = [&](size_t n) { return builder.getInt32(n); };
    auto *model = structure(
        {number(OCTET_ABI_VERSION), number(info.inputs.size()),
         number(info.outputs.size()), number(compiled.size()),
         number(info.observed.size()), text(info.precision), text(info.hash),
         tensors(info.inputs), tensors(info.outputs), variants(compiled),
         texts(info.observed), function("octet_v3_choose"),
         function("octet_v3_context_size"), function("octet_v3_context_create"),
         function("octet_v3_run")});
    new llvm::GlobalVariable(module, model->getType(), /*isConstant=*/true,
                             llvm::GlobalValue::ExternalLinkage, model, symbol);
  }

private:
  llvm::Constant *structure(llvm::ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(module.getContext(), fields);
  }

  llvm::Constant *text(StringRef value) {
    return builder.CreateGlobalString(value, "octet_text", 0, &module);
  }

  /// A private array, or null for none.
  llvm::Constant *array(llvm::ArrayRef<llvm::Constant *> elements) {
    if (elements.empty())
      return llvm::ConstantPointerNull::get(pointer);
    auto *type =
        llvm::ArrayType::get(elements.front()->getType(), elements.size());
    return new llvm::GlobalVariable(
        module, type, /*isConstant=*/true, llvm::GlobalValue::PrivateLinkage,
        llvm::ConstantArray::get(type, elements), "octet_table");
  }

  llvm::Constant *texts(llvm::ArrayRef<std::string> values) {
    return array(llvm::map_to_vector(
        values, [&](const std::string &v) { return text(v); }));
  }

  llvm::Constant *sizes(llvm::ArrayRef<int64_t> values) {
    return array(llvm::map_to_vector(values, [&](int64_t v) {
      return static_cast<llvm::Constant *>(builder.getInt64(v));
    }));
  }

  llvm::Constant *tensors(llvm::ArrayRef<ModelInfo::Tensor> values) {
    SmallVector<llvm::Constant *> elements;
    for (const auto &t : values)
      elements.push_back(structure(
          {text(t.name), sizes(t.shape), builder.getInt32(t.shape.size()),
           builder.getInt32(t.dtype), builder.getInt32(t.symbolicBatch)}));
    return array(elements);
  }

  llvm::Constant *layers(llvm::ArrayRef<ModelInfo::Layer> values) {
    SmallVector<llvm::Constant *> elements;
    for (const auto &l : values)
      elements.push_back(structure(
          {text(l.node), text(l.op), text(l.kernel), text(l.precision),
           text(l.note), sizes(l.shape), builder.getInt32(l.shape.size()),
           builder.getInt64(l.macs), builder.getInt64(l.weightBytes)}));
    return array(elements);
  }

  llvm::Constant *variants(ArrayRef<Variant> compiled) {
    SmallVector<llvm::Constant *> elements;
    for (const Variant &v : compiled) {
      ModuleOp source = *v.module;
      auto arena = source->getAttrOfType<IntegerAttr>(arenaSizeAttr);
      elements.push_back(structure(
          {text(v.target->name), builder.getInt64(v.target->needs),
           builder.getInt64(arena.getInt()),
           builder.getInt64(v.info.layers.size()), layers(v.info.layers),
           module.getFunction(invokeName(*v.target))}));
    }
    return array(elements);
  }

  /// A function of the C run time; only its address is taken.
  llvm::Constant *function(StringRef name) {
    auto *type = llvm::FunctionType::get(builder.getVoidTy(), false);
    auto *result = cast<llvm::Function>(
        module.getOrInsertFunction(name, type).getCallee());
    result->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return result;
  }

  llvm::Module &module;
  llvm::IRBuilder<> builder;
  llvm::PointerType *pointer;
  llvm::Type *i32, *i64;
};

/// void invoke(arena, inputs[], outputs[]): unpacks the arrays.
void addInvoke(llvm::Module &module, const TargetInfo &target, size_t inputs,
               size_t outputs) {
  llvm::IRBuilder<> builder(module.getContext());
  auto *pointer = builder.getPtrTy();
  auto *type = llvm::FunctionType::get(builder.getVoidTy(),
                                       {pointer, pointer, pointer}, false);
  auto *invoke = llvm::Function::Create(
      type, llvm::GlobalValue::ExternalLinkage, invokeName(target), module);
  invoke->setVisibility(llvm::GlobalValue::HiddenVisibility);
  builder.SetInsertPoint(
      llvm::BasicBlock::Create(module.getContext(), "", invoke));
  SmallVector<llvm::Value *> arguments{invoke->getArg(0)};
  for (unsigned list : {1, 2})
    for (size_t i = 0; i < (list == 1 ? inputs : outputs); ++i)
      arguments.push_back(builder.CreateLoad(
          pointer,
          builder.CreateConstGEP1_64(pointer, invoke->getArg(list), i)));
  builder.CreateCall(module.getFunction(runFunction), arguments);
  builder.CreateRetVoid();
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
    if (function.getName() != invokeName(target)) {
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
      function.addFnAttr(llvm::Attribute::NoInline);
    }
  }
  // Variants share equal constants.
  for (llvm::GlobalVariable &global : module.globals())
    if (global.isConstant()) {
      global.setLinkage(llvm::GlobalValue::PrivateLinkage);
      global.setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    }
}

std::unique_ptr<llvm::TargetMachine> makeMachine(const TargetInfo &target) {
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  llvm::Triple triple(target.triple());
  std::string error;
  const auto *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// Keeps innermost loops that the loop vectorizer takes from being unrolled
/// before it sees them: it would gather along the loop around them instead.
struct KeepInnermostLoops : llvm::PassInfoMixin<KeepInnermostLoops> {
  /// The vectorizer leaves shorter loops alone.
  static constexpr unsigned shortest = 16;

  static llvm::PreservedAnalyses run(llvm::Function &function,
                                     llvm::FunctionAnalysisManager &analyses) {
    auto &evolution =
        analyses.getResult<llvm::ScalarEvolutionAnalysis>(function);
    for (llvm::Loop *loop : analyses.getResult<llvm::LoopAnalysis>(function)
                                .getLoopsInPreorder()) {
      bool isScalar = llvm::all_of(loop->blocks(), [](llvm::BasicBlock *block) {
        return llvm::none_of(*block, [](llvm::Instruction &op) {
          return op.getType()->isVectorTy();
        });
      });
      if (loop->isInnermost() && isScalar &&
          evolution.getSmallConstantTripCount(loop) >= shortest)
        loop->setLoopAlreadyUnrolled();
    }
    return llvm::PreservedAnalyses::all();
  }
};

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
        manager.addPass(
            llvm::createModuleToFunctionPassAdaptor(KeepInnermostLoops()));
      });
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(graphs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, graphs, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

/// Drops names of tensors and the like, whose use is over: the translation
/// warns of each, with the whole function printed beside.
void dropInterfaceAttributes(ModuleOp module) {
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (DictionaryAttr attributes = function.getArgAttrDict(i))
        for (NamedAttribute attribute : attributes)
          if (isa_and_nonnull<OctetDialect>(attribute.getNameDialect()))
            function.removeArgAttr(i, attribute.getName());
}

/// One variant, optimized for its target.
std::unique_ptr<llvm::Module> compileVariant(Variant &variant,
                                             llvm::LLVMContext &context) {
  ModuleOp module = *variant.module;
  auto machine = makeMachine(*variant.target);
  if (!machine) {
    module.emitError("LLVM has no back end for target ")
        << variant.target->name;
    return nullptr;
  }
  dropInterfaceAttributes(module);
  auto translated = translateModuleToLLVMIR(module, context);
  if (!translated) {
    module.emitError("cannot be translated to LLVM IR");
    return nullptr;
  }
  translated->setTargetTriple(machine->getTargetTriple());
  translated->setDataLayout(machine->createDataLayout());
  addInvoke(*translated, *variant.target, variant.info.inputs.size(),
            variant.info.outputs.size());
  prepareFunctions(*translated, *variant.target);
  optimize(*translated, *machine, *variant.target);
  return translated;
}

/// Callers hold shapes in arrays of OCTET_MAX_RANK.
LogicalResult checkRanks(ModuleOp module, const ModelInfo &info) {
  for (const auto *tensors : {&info.inputs, &info.outputs})
    for (const ModelInfo::Tensor &tensor : *tensors)
      if (tensor.shape.size() > OCTET_MAX_RANK)
        return module.emitError()
               << (tensors == &info.inputs ? "input '" : "output '")
               << tensor.name << "' has " << tensor.shape.size()
               << " dimensions; at most " << OCTET_MAX_RANK
               << " are possible, reshape it in the model";
  return success();
}

void mergeConstants(llvm::Module &module) {
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder().registerModuleAnalyses(modules);
  llvm::ConstantMergePass().run(module, modules);
}

} // namespace

LogicalResult octet::emitFile(MutableArrayRef<Variant> variants, FileKind kind,
                              StringRef symbol, StringRef path) {
  if (failed(checkRanks(*variants.front().module, variants.front().info)))
    return failure();
  // One context: equal constants of several variants are one object.
  llvm::LLVMContext context;
  ModuleOp first = *variants.front().module;
  std::unique_ptr<llvm::Module> joined;
  for (Variant &variant : variants) {
    auto compiled = compileVariant(variant, context);
    if (!compiled)
      return failure();
    if (!joined)
      joined = std::move(compiled);
    else if (llvm::Linker::linkModules(*joined, std::move(compiled)))
      return first.emitError("the code of several targets cannot be joined");
  }
  for (const Variant &variant : variants) {
    llvm::Function *invoke = joined->getFunction(invokeName(*variant.target));
    invoke->setVisibility(llvm::GlobalValue::DefaultVisibility);
    invoke->setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  if (variants.size() > 1)
    mergeConstants(*joined);
  ModelWriter(*joined).write(variants, symbol);

  // Functions say which instructions they use; the rest is for any machine.
  auto machine = makeMachine(
      *lookupTarget("generic", variants.front().target->architecture));
  std::error_code error;
  llvm::ToolOutputFile file(path, error,
                            kind == FileKind::Object ? llvm::sys::fs::OF_None
                                                     : llvm::sys::fs::OF_Text);
  if (error)
    return first.emitError()
           << path << ": cannot be written: " << error.message();
  if (kind == FileKind::LLVM) {
    joined->print(file.os(), nullptr);
  } else {
    llvm::legacy::PassManager emitter;
    auto type = kind == FileKind::Object ? llvm::CodeGenFileType::ObjectFile
                                         : llvm::CodeGenFileType::AssemblyFile;
    if (machine->addPassesToEmitFile(emitter, file.os(), nullptr, type))
      return first.emitError("LLVM cannot emit this kind of file");
    emitter.run(*joined);
  }
  file.os().flush();
  if (file.os().has_error()) {
    error = file.os().error();
    file.os().clear_error();
    return first.emitError()
           << path << ": cannot be written: " << error.message();
  }
  file.keep();
  return success();
}
