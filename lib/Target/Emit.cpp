//===- Emit.cpp ----------------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/Emit.h"
#include "KernelCode.h"
#include "ModelWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Threading.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"
#include "octet/Runtime/octet.h"
#include "llvm/IR/Constants.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"

using namespace mlir;
using namespace octet;

namespace {

/// What `name` calls, by the symbol that it is compiled as: what is no kernel
/// has its own name.
std::string symbolFor(const Variant &variant, StringRef name) {
  ModuleOp module = variant.module.get();
  auto kernel = module.lookupSymbol<func::FuncOp>(name);
  auto hash = kernel->getAttrOfType<StringAttr>(kernelHashAttr);
  return hash ? kernelSymbol(hash.getValue(), *variant.target) : name.str();
}

/// The function of a kernel's own module, in the LLVM dialect or not yet.
FunctionOpInterface findKernel(ModuleOp own) {
  for (auto function : own.getOps<FunctionOpInterface>())
    if (function->hasAttr(kernelAttr))
      return function;
  llvm_unreachable("a kernel's module has the kernel");
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

/// The symbol of the weights that belong to the octet_model `symbol`.
std::string weightsSymbol(StringRef symbol) {
  return (symbol + "_weights").str();
}

/// Puts what each variant does into its steps, and constants into an object
/// that belongs to the octet_model `symbol`. Fails after an error on the first
/// module.
FailureOr<WeightsFile> collect(MutableArrayRef<Variant> variants,
                               StringRef symbol) {
  ModuleOp first = *variants.front().module;
  if (failed(checkRanks(first, variants.front().info)))
    return failure();
  auto weights = WeightsFile::create();
  if (!weights)
    return first.emitError() << llvm::toString(weights.takeError());
  for (Variant &variant : variants) {
    auto steps = collectSteps(*variant.module, *weights);
    if (failed(steps))
      return failure();
    variant.steps = std::move(*steps);
    for (Step &step : variant.steps)
      step.kernel = symbolFor(variant, step.kernel);
  }
  if (auto error = weights->finish(weightsSymbol(symbol),
                                   variants.front().target->architecture))
    return first.emitError() << llvm::toString(std::move(error));
  return std::move(*weights);
}

/// Makes `code` for any machine of the architecture.
LogicalResult setMachine(ModuleOp module, llvm::Module &code,
                         StringRef architecture) {
  auto machine = makeMachine(module, *lookupTarget("generic", architecture));
  if (!machine)
    return failure();
  code.setTargetTriple(machine->getTargetTriple());
  code.setDataLayout(machine->createDataLayout());
  return success();
}

llvm::Error writeObject(StringRef bytes, StringRef path) {
  return writeWholeFile(path, [&](llvm::raw_ostream &os) { os << bytes; });
}

/// One archive of all kernels, of which the linker takes what steps call.
llvm::Error writeKernels(ArrayRef<Variant> variants, StringRef path) {
  std::map<StringRef, llvm::MemoryBuffer *> bySymbol;
  for (const Variant &variant : variants)
    for (const auto &kernel : variant.kernels)
      bySymbol[kernel.first()] = kernel.second.code.get();
  std::vector<llvm::NewArchiveMember> members;
  for (auto [symbol, code] : bySymbol)
    members.emplace_back(llvm::MemoryBufferRef(code->getBuffer(), symbol));
  return llvm::writeArchive(path, members,
                            llvm::SymtabWritingMode::NormalSymtab,
                            llvm::object::Archive::K_GNU,
                            /*Deterministic=*/true, /*Thin=*/false);
}

} // namespace

void octet::takeCached(Variant &variant, const ObjectCache &cache) {
  ModuleOp module = *variant.module;
  Builder builder(module.getContext());
  for (ModuleOp own : llvm::make_early_inc_range(module.getOps<ModuleOp>())) {
    auto declared =
        module.lookupSymbol<func::FuncOp>(findKernel(own).getName());
    std::string symbol = symbolFor(variant, declared.getSymName());
    auto found = cache.find(symbol);
    if (!found)
      continue;
    declared->setAttr(partsAttr, builder.getI64IntegerAttr(found->parts));
    declared->setAttr(scratchAttr, builder.getI64IntegerAttr(found->scratch));
    declared->setAttr(workAttr, builder.getI64IntegerAttr(found->work));
    variant.kernels[symbol] = std::move(*found);
    own.erase();
  }
}

LogicalResult octet::compileKernels(Variant &variant,
                                    const ObjectCache &cache) {
  auto modules = llvm::to_vector(variant.module->getOps<ModuleOp>());
  std::vector<std::pair<std::string, KernelObject>> compiled(modules.size());
  auto compile = [&](size_t i) -> LogicalResult {
    ModuleOp own = modules[i];
    auto kernel = findKernel(own);
    auto &[symbol, object] = compiled[i];
    symbol = symbolFor(variant, kernel.getName());
    object.parts = kernel->getAttrOfType<IntegerAttr>(partsAttr).getInt();
    object.scratch = kernel->getAttrOfType<IntegerAttr>(scratchAttr).getInt();
    object.work = kernel->getAttrOfType<IntegerAttr>(workAttr).getInt();
    llvm::LLVMContext context;
    auto code = translateKernel(own, *variant.target, symbol, context);
    if (!code)
      return failure();
    SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream os(bytes);
    if (failed(writeCode(own, *code, variant.target->architecture,
                         llvm::CodeGenFileType::ObjectFile, os)))
      return failure();
    object.code = std::make_shared<llvm::SmallVectorMemoryBuffer>(
        std::move(bytes), symbol, /*RequiresNullTerminator=*/false);
    cache.store(symbol, object);
    return success();
  };
  if (failed(failableParallelForEachN(variant.module->getContext(), 0,
                                      modules.size(), compile)))
    return failure();
  for (ModuleOp own : modules)
    own.erase();
  for (auto &[symbol, object] : compiled)
    variant.kernels[symbol] = std::move(object);
  return success();
}

FailureOr<ObjectFiles> octet::emitObjects(MutableArrayRef<Variant> variants,
                                          StringRef symbol) {
  ModuleOp first = *variants.front().module;
  StringRef architecture = variants.front().target->architecture;
  auto fail = [&](llvm::Error error) -> FailureOr<ObjectFiles> {
    return first.emitError() << llvm::toString(std::move(error));
  };
  auto weights = collect(variants, symbol);
  if (failed(weights))
    return failure();

  llvm::LLVMContext context;
  llvm::Module module("octet", context);
  if (failed(setMachine(first, module, architecture)))
    return failure();
  auto *bytes = new llvm::GlobalVariable(
      module, llvm::Type::getInt8Ty(context), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, nullptr, weightsSymbol(symbol));
  bytes->setVisibility(llvm::GlobalValue::HiddenVisibility);
  writeModel(module, variants, symbol, bytes);
  SmallVector<char, 0> code;
  llvm::raw_svector_ostream os(code);
  if (failed(writeCode(first, module, architecture,
                       llvm::CodeGenFileType::ObjectFile, os)))
    return failure();

  ObjectFiles files;
  for (StringRef extension : {"o", "a"}) {
    auto file = TemporaryFile::create("octet", extension);
    if (!file)
      return fail(file.takeError());
    files.push_back(std::move(*file));
  }
  if (auto error = writeObject(os.str(), files[0].path()))
    return fail(std::move(error));
  if (auto error = writeKernels(variants, files[1].path()))
    return fail(std::move(error));
  files.push_back(std::move(*weights).takeFile());
  return files;
}

LogicalResult octet::emitText(MutableArrayRef<Variant> variants, TextKind kind,
                              StringRef symbol, StringRef path) {
  ModuleOp first = *variants.front().module;
  StringRef architecture = variants.front().target->architecture;
  auto fail = [&](llvm::Error error) -> LogicalResult {
    return first.emitError() << llvm::toString(std::move(error));
  };
  auto weights = collect(variants, symbol);
  if (failed(weights))
    return failure();
  auto content = weights->readBytes();
  if (!content)
    return fail(content.takeError());

  llvm::LLVMContext context;
  llvm::Module joined("octet", context);
  if (failed(setMachine(first, joined, architecture)))
    return failure();
  for (Variant &variant : variants)
    for (ModuleOp own : variant.module->getOps<ModuleOp>()) {
      auto code = translateKernel(own, *variant.target,
                                  symbolFor(variant, findKernel(own).getName()),
                                  context);
      if (!code)
        return failure();
      if (llvm::Linker::linkModules(joined, std::move(code)))
        return first.emitError("the code of several kernels cannot be joined");
    }
  auto *value = llvm::ConstantDataArray::getString(
      context, (*content)->getBuffer(), /*AddNull=*/false);
  auto *bytes = new llvm::GlobalVariable(
      joined, value->getType(), /*isConstant=*/true,
      llvm::GlobalValue::InternalLinkage, value, weightsSymbol(symbol));
  bytes->setAlignment(llvm::Align(OCTET_ALIGNMENT));
  writeModel(joined, variants, symbol, bytes);

  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error && kind == TextKind::LLVM)
    joined.print(os, nullptr);
  else if (!error && failed(writeCode(first, joined, architecture,
                                      llvm::CodeGenFileType::AssemblyFile, os)))
    return failure();
  os.close();
  if (!error)
    error = os.error();
  os.clear_error();
  if (error)
    return first.emitError()
           << path << ": cannot be written: " << error.message();
  return success();
}
