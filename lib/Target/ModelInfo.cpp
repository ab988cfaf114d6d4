//===- ModelInfo.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Runtime/octet.h"
#include "octet/Target/Emit.h"

using namespace mlir;
using namespace octet;

/// The dtype of a tensor of the graph; signless integers are signed.
static octet_dtype dtypeOf(Type type) {
  if (type.isF16())
    return OCTET_F16;
  if (type.isF64())
    return OCTET_F64;
  if (type.isInteger(1))
    return OCTET_BOOL;
  if (type.isInteger(8))
    return type.isUnsignedInteger() ? OCTET_U8 : OCTET_I8;
  if (type.isInteger(32))
    return OCTET_I32;
  if (type.isInteger(64))
    return OCTET_I64;
  assert(type.isF32() && "the graph's types have been checked");
  return OCTET_F32;
}

static ModelInfo::Tensor describeArgument(func::FuncOp run, unsigned index) {
  auto type = cast<MemRefType>(run.getArgument(index).getType());
  ModelInfo::Tensor tensor;
  if (auto name = run.getArgAttrOfType<StringAttr>(index, nameAttr))
    tensor.name = name.str();
  tensor.shape = llvm::to_vector(type.getShape());
  // Memory has lost the sign of integers: what the graph had is kept beside it.
  // Where nothing is, bytes are unsigned, as images and quantized values are.
  auto original = run.getArgAttrOfType<TypeAttr>(index, elementTypeAttr);
  if (original)
    tensor.dtype = dtypeOf(original.getValue());
  else if (type.getElementType().isInteger(8))
    tensor.dtype = OCTET_U8;
  else
    tensor.dtype = dtypeOf(type.getElementType());
  tensor.symbolicBatch = bool(run.getArgAttr(index, symbolicBatchAttr));
  return tensor;
}

static ModelInfo::Layer describeCall(func::CallOp call, DictionaryAttr layer) {
  ModelInfo::Layer result;
  auto text = [&](StringRef key) {
    auto value = layer.getAs<StringAttr>(key);
    return value ? value.str() : std::string();
  };
  auto number = [&](StringRef key) {
    return layer.getAs<IntegerAttr>(key).getInt();
  };
  result.node = text("node");
  result.op = text("op");
  result.precision = text("precision");
  result.note = text("note");
  result.kernel = call.getCallee().str();
  result.shape =
      llvm::to_vector(layer.getAs<DenseI64ArrayAttr>("output").asArrayRef());
  result.macs = number("macs");
  result.weightBytes = number("weight_bytes");
  return result;
}

namespace {

/// Counts the bytes of a layer's buffers; several of its calls may have one.
class BufferCounter {
public:
  int64_t add(func::CallOp call, func::FuncOp kernel) {
    OperandRange operands = call.getOperands();
    // Scratch memory and parts are no data of the layer's.
    if (kernel->hasAttr(partsAttr))
      operands = operands.drop_back(3);
    int64_t bytes = 0;
    for (Value operand : operands)
      if (auto type = dyn_cast<MemRefType>(operand.getType()))
        if (isNew(operand))
          bytes += type.getNumElements() *
                   llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    return bytes;
  }

private:
  bool isNew(Value buffer) {
    if (auto global = buffer.getDefiningOp<memref::GetGlobalOp>())
      return constants.insert(global.getName()).second;
    return buffers.insert(buffer).second;
  }

  llvm::SmallDenseSet<Value> buffers;
  llvm::SmallDenseSet<StringRef> constants;
};

} // namespace

ModelInfo octet::collectModelInfo(ModuleOp module) {
  ModelInfo info;
  auto run = module.lookupSymbol<func::FuncOp>(runFunction);
  assert(run && "kernels have been outlined");
  int64_t inputs = run->getAttrOfType<IntegerAttr>(numInputsAttr).getInt();
  for (unsigned i = 0; i < run.getNumArguments(); ++i)
    (i < inputs ? info.inputs : info.outputs)
        .push_back(describeArgument(run, i));
  bool hasIntegers = false;
  BufferCounter counter;
  run.walk([&](func::CallOp call) {
    if (auto layer = call->getAttrOfType<DictionaryAttr>(layerAttr)) {
      info.layers.push_back(describeCall(call, layer));
      hasIntegers |= info.layers.back().precision == "int8";
      counter = {};
    }
    // Observers are no part of a layer.
    auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
    if (!info.layers.empty() && kernel && kernel->hasAttr(kernelHashAttr))
      info.layers.back().bytes += counter.add(call, kernel);
  });
  info.precision = hasIntegers ? "int8" : "fp32";
  if (auto hash = module->getAttrOfType<StringAttr>(modelHashAttr))
    info.hash = hash.str();
  if (auto observed = module->getAttrOfType<ArrayAttr>(observedAttr))
    for (Attribute key : observed)
      info.observed.push_back(cast<StringAttr>(key).str());
  return info;
}
