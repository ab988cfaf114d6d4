//===- Emit.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/Emit.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "octet/Codegen/Passes.h"
#include "octet/Runtime/model.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace octet;

namespace {

/// Builds the constants of `octet_compiled_model`; the field order is
/// Runtime/model.h's.
class ModelWriter {
public:
  explicit ModelWriter(llvm::Module &module)
      : module(module), builder(module.getContext()),
        pointer(builder.getPtrTy()), i32(builder.getInt32Ty()),
        i64(builder.getInt64Ty()) {}

  void write(const ModelInfo &info, const TargetInfo &target, int64_t arena) {
    llvm::Function *invoke =
        makeInvoke(info.inputs.size(), info.outputs.size());
    auto number = [&](size_t n) { return builder.getInt32(n); };
    auto *model =
        structure({number(OCTET_ABI_VERSION), number(info.inputs.size()),
                   number(info.outputs.size()), number(info.layers.size()),
                   number(info.observed.size()), text(target.name),
                   text(info.precision), text(info.hash), tensors(info.inputs),
                   tensors(info.outputs), layers(info.layers),
                   texts(info.observed), builder.getInt64(arena), invoke});
    new llvm::GlobalVariable(module, model->getType(), /*isConstant=*/true,
                             llvm::GlobalValue::ExternalLinkage, model,
                             "octet_compiled_model");
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
           builder.getInt32(t.isByte ? OCTET_U8 : OCTET_F32),
           builder.getInt32(t.symbolicBatch)}));
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

  /// void invoke(arena, inputs[], outputs[]): unpacks the arrays.
  llvm::Function *makeInvoke(size_t inputs, size_t outputs) {
    auto *type = llvm::FunctionType::get(builder.getVoidTy(),
                                         {pointer, pointer, pointer}, false);
    auto *invoke = llvm::Function::Create(
        type, llvm::GlobalValue::InternalLinkage, "octet_invoke", module);
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
    return invoke;
  }

  llvm::Module &module;
  llvm::IRBuilder<> builder;
  llvm::PointerType *pointer;
  llvm::Type *i32, *i64;
};

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
    if (target.lanes == 16)
      function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    if (function.getName() != "octet_invoke") {
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
      function.addFnAttr(llvm::Attribute::NoInline);
    }
  }
}

std::unique_ptr<llvm::TargetMachine> makeMachine(const TargetInfo &target) {
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  llvm::Triple triple(target.triple);
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

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(&machine);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(graphs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, graphs, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

} // namespace

LogicalResult octet::emitFile(ModuleOp module, const ModelInfo &info,
                              const TargetInfo &target, FileKind kind,
                              StringRef path) {
  llvm::LLVMContext context;
  auto translated = translateModuleToLLVMIR(module, context);
  if (!translated)
    return module.emitError("cannot be translated to LLVM IR");
  auto machine = makeMachine(target);
  if (!machine)
    return module.emitError("LLVM has no back end for target ") << target.name;
  translated->setTargetTriple(machine->getTargetTriple());
  translated->setDataLayout(machine->createDataLayout());
  auto arena = module->getAttrOfType<IntegerAttr>("octet.arena_size");
  ModelWriter(*translated).write(info, target, arena.getInt());
  prepareFunctions(*translated, target);
  optimize(*translated, *machine);

  std::error_code error;
  llvm::ToolOutputFile file(path, error,
                            kind == FileKind::Object ? llvm::sys::fs::OF_None
                                                     : llvm::sys::fs::OF_Text);
  if (error)
    return module.emitError()
           << path << ": cannot be written: " << error.message();
  if (kind == FileKind::LLVM) {
    translated->print(file.os(), nullptr);
  } else {
    llvm::legacy::PassManager emitter;
    auto type = kind == FileKind::Object ? llvm::CodeGenFileType::ObjectFile
                                         : llvm::CodeGenFileType::AssemblyFile;
    if (machine->addPassesToEmitFile(emitter, file.os(), nullptr, type))
      return module.emitError("LLVM cannot emit this kind of file");
    emitter.run(*translated);
  }
  file.os().flush();
  if (file.os().has_error())
    return module.emitError()
           << path << ": cannot be written: " << file.os().error().message();
  file.keep();
  return success();
}
