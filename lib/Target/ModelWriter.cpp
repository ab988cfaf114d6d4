//===- ModelWriter.cpp ---------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelWriter.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"
#include "octet/Runtime/octet.h"
#include "llvm/IR/IRBuilder.h"

using namespace mlir;
using namespace octet;

namespace {

/// Builds the constants of an octet_model; the order of fields is
/// Runtime/octet.h's.
class ModelWriter {
public:
  explicit ModelWriter(llvm::Module &module)
      : module(module), builder(module.getContext()),
        pointer(builder.getPtrTy()), i32(builder.getInt32Ty()),
        i64(builder.getInt64Ty()) {}

  void write(ArrayRef<Variant> compiled, StringRef symbol,
             llvm::Constant *weights) {
    const ModelInfo &info = compiled.front().info;
    auto number = [&](size_t n) { return builder.getInt32(n); };
    auto *model = structure(
        {number(OCTET_ABI_VERSION), number(info.inputs.size()),
         number(info.outputs.size()), number(compiled.size()),
         number(info.observed.size()), text(info.precision), text(info.hash),
         tensors(info.inputs), tensors(info.outputs), variants(compiled),
         weights, texts(info.observed), function("octet_v4_choose"),
         function("octet_v4_context_size"), function("octet_v4_context_create"),
         function("octet_v4_run")});
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
           builder.getInt64(l.macs), builder.getInt64(l.weightBytes),
           builder.getInt64(l.bytes)}));
    return array(elements);
  }

  llvm::Constant *variants(ArrayRef<Variant> compiled) {
    SmallVector<llvm::Constant *> elements;
    for (const Variant &v : compiled) {
      ModuleOp source = *v.module;
      auto arena = source->getAttrOfType<IntegerAttr>(arenaSizeAttr);
      int64_t scratch = 0;
      for (const Step &step : v.steps)
        scratch = std::max(scratch, step.scratchSize);
      elements.push_back(structure(
          {text(v.target->name), builder.getInt64(v.target->needs),
           builder.getInt64(arena.getInt()), builder.getInt64(scratch),
           builder.getInt64(v.info.layers.size()), layers(v.info.layers),
           builder.getInt64(v.steps.size()), steps(v), arguments(v)}));
    }
    return array(elements);
  }

  llvm::Constant *steps(const Variant &variant) {
    SmallVector<llvm::Constant *> elements;
    int32_t first = 0;
    for (const Step &s : variant.steps) {
      int32_t count = s.arguments.size();
      elements.push_back(structure(
          {function(s.kernel), builder.getInt32(first), builder.getInt32(count),
           builder.getInt32(s.layer), builder.getInt32(s.parts),
           builder.getInt64(s.scratchOffset), builder.getInt64(s.work)}));
      first += count;
    }
    return array(elements);
  }

  llvm::Constant *arguments(const Variant &variant) {
    SmallVector<llvm::Constant *> elements;
    for (const Step &s : variant.steps)
      for (const Argument &a : s.arguments)
        elements.push_back(
            structure({builder.getInt64(a.offset), builder.getInt32(a.base)}));
    return array(elements);
  }

  /// A function of the C run time or a kernel; only its address is taken.
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

} // namespace

void octet::writeModel(llvm::Module &module, ArrayRef<Variant> variants,
                       StringRef symbol, llvm::Constant *weights) {
  ModelWriter(module).write(variants, symbol, weights);
}
