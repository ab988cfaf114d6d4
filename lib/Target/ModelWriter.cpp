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
#include <map>

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
  /// What tables of variants refer to by places.
  struct Pools {
    std::string texts;
    llvm::StringMap<uint32_t> places;
    SmallVector<int64_t> shapes, wide;
    std::map<std::vector<int64_t>, uint32_t> shapePlaces;

    /// Where `text` is among texts, each of which ends with a zero.
    uint32_t place(StringRef text) {
      auto [known, isNew] = places.try_emplace(text, texts.size());
      if (isNew)
        (texts += text) += '\0';
      return known->second;
    }

    /// Where `shape` is among shapes.
    uint32_t place(ArrayRef<int64_t> shape) {
      auto [known, isNew] = shapePlaces.try_emplace(shape.vec(), shapes.size());
      if (isNew)
        llvm::append_range(shapes, shape);
      return known->second;
    }
  };

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

  llvm::Constant *layers(llvm::ArrayRef<ModelInfo::Layer> values,
                         Pools &pools) {
    SmallVector<llvm::Constant *> elements;
    for (const auto &l : values) {
      SmallVector<llvm::Constant *> fields{builder.getInt64(l.macs),
                                           builder.getInt64(l.weightBytes),
                                           builder.getInt64(l.bytes)};
      for (StringRef text : {l.node, l.op, l.kernel, l.precision, l.note})
        fields.push_back(builder.getInt32(pools.place(text)));
      fields.push_back(builder.getInt32(pools.place(ArrayRef(l.shape))));
      fields.push_back(builder.getInt32(l.shape.size()));
      elements.push_back(structure(fields));
    }
    return array(elements);
  }

  llvm::Constant *variants(ArrayRef<Variant> compiled) {
    Pools pools;
    SmallVector<llvm::Constant *> described, given, elements;
    for (const Variant &v : compiled) {
      described.push_back(layers(v.info.layers, pools));
      given.push_back(arguments(v, pools));
    }
    auto *texts = text(pools.texts), *shapes = sizes(pools.shapes),
         *wide = sizes(pools.wide);
    for (auto [v, layers, arguments] :
         llvm::zip_equal(compiled, described, given)) {
      ModuleOp source = *v.module;
      auto arena = source->getAttrOfType<IntegerAttr>(arenaSizeAttr);
      int64_t scratch = 0;
      for (const Step &step : v.steps)
        scratch = std::max(scratch, step.scratchSize);
      elements.push_back(structure(
          {text(v.target->name), builder.getInt64(v.target->needs),
           builder.getInt64(arena.getInt()), builder.getInt64(scratch),
           builder.getInt64(v.info.layers.size()), layers, texts, shapes,
           builder.getInt64(v.steps.size()), steps(v), arguments, wide}));
    }
    return array(elements);
  }

  llvm::Constant *steps(const Variant &variant) {
    auto *f32 = builder.getFloatTy();
    auto *type = llvm::StructType::get(i32, i32, i32, i32, i32, f32);
    auto *all = llvm::ArrayType::get(type, variant.steps.size());
    auto *table = new llvm::GlobalVariable(module, all, /*isConstant=*/true,
                                           llvm::GlobalValue::PrivateLinkage,
                                           nullptr, "octet_table");
    SmallVector<llvm::Constant *> elements;
    for (auto [i, s] : llvm::enumerate(variant.steps)) {
      auto *own = llvm::ConstantExpr::getInBoundsGetElementPtr(
          all, table,
          ArrayRef<llvm::Constant *>{builder.getInt64(0), builder.getInt64(i)});
      auto *distance = llvm::ConstantExpr::getSub(
          llvm::ConstantExpr::getPtrToInt(function(s.kernel), i64),
          llvm::ConstantExpr::getPtrToInt(own, i64));
      elements.push_back(llvm::ConstantStruct::get(
          type, {llvm::ConstantExpr::getTrunc(distance, i32),
                 builder.getInt32(s.arguments.size()),
                 builder.getInt32(s.layer), builder.getInt32(s.parts),
                 builder.getInt32(s.scratchOffset / OCTET_ALIGNMENT),
                 llvm::ConstantFP::get(f32, static_cast<double>(s.work))}));
    }
    table->setInitializer(llvm::ConstantArray::get(all, elements));
    return table;
  }

  llvm::Constant *arguments(const Variant &variant, Pools &pools) {
    SmallVector<llvm::Constant *> elements;
    for (const Step &s : variant.steps)
      for (const Argument &a : s.arguments) {
        bool isWide = !llvm::isUInt<32>(a.offset);
        if (isWide)
          pools.wide.push_back(a.offset);
        elements.push_back(structure(
            {builder.getInt32(isWide ? pools.wide.size() - 1 : a.offset),
             builder.getInt32(a.base | (isWide ? OCTET_WIDE : 0))}));
      }
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
