//===- Load.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads models and checks that they are what the phases expect.
//
//===----------------------------------------------------------------------===//

#include "CompareBatches.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "octet/Dialect/Octet/IR/ConstantScope.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "octet/Import/ONNX/Import.h"
#include "octet/Pipelines/Pipelines.h"
#include "octet/Support/InputFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace octet;

void octet::registerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<OctetDialect>();
}

/// Checks that compiling can go on from where `module` says it is.
static LogicalResult checkPhase(ModuleOp module) {
  Attribute attribute = module->getAttr(phaseAttr);
  auto name = dyn_cast_or_null<StringAttr>(attribute);
  const Phase *phase = name ? lookupPhase(name.getValue()) : nullptr;
  bool isGraph = !attribute || (name && name.getValue() == importPhase) ||
                 (phase && !phase->isForTarget);
  bool laidOut = phase && phase->name == "layout";
  if (!isGraph && !laidOut)
    return module.emitError()
           << phaseAttr << " is " << attribute
           << "; graphs are compiled from behind import, simplify, observe, "
              "quantize, fold-scales or layout";
  auto target = module->getAttrOfType<StringAttr>(targetAttr);
  if (laidOut != module->hasAttr(targetAttr) ||
      (laidOut && (!target || !lookupQualifiedTarget(target.getValue()))))
    return module.emitError() << targetAttr << " names the target of a graph "
                              << "behind layout, and is on no other";
  return success();
}

/// True for the types of a quantized graph that QuantSpec has: activations in
/// u8, filters in i8.
static bool isQuantSpecType(Type element) {
  auto type = dyn_cast<quant::QuantizedType>(element);
  return type && type.getExpressedType().isF32() &&
         type.getStorageTypeIntegralWidth() == 8 &&
         isa<quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(
             type);
}

/// Checks what importing an ONNX file guarantees: one function `main` with a
/// body of graph operations on ranked tensors of static shape.
static LogicalResult checkGraph(ModuleOp module) {
  if (failed(checkPhase(module)))
    return failure();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !llvm::hasSingleElement(main.getBody()))
    return module.emitError("has no function main with one block");
  for (Operation &op : *module.getBody())
    if (&op != main)
      return op.emitError("a model has no other operation beside main");
  auto isTensor = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getRank() <= 16 &&
           countElements(tensor.getShape()).value_or(0) > 0;
  };
  for (Type type : llvm::concat<const Type>(main.getArgumentTypes(),
                                            main.getResultTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !isInterfaceType(tensor.getElementType()))
      return main.emitError("inputs and results are tensors of f32, f16, f64, "
                            "ui8, i8, i32, i64 or i1; ")
             << type << " is not";
  }
  bool isQuantized = getPhase(module) == "quantize";
  auto result = main.walk([&](Operation *op) {
    if (op == main)
      return WalkResult::advance();
    bool known = isa<arith::ConstantOp, func::ReturnOp>(op) ||
                 isa<OctetDialect>(op->getDialect()) ||
                 (isQuantized &&
                  isa<quant::QuantizeCastOp, quant::DequantizeCastOp>(op));
    // The body of an operation is what its verifier says it is.
    if (op->getParentOp() != main)
      return WalkResult::advance();
    if (!known) {
      op->emitError("is no operation of a model's graph: octet, "
                    "arith.constant or func.return");
      return WalkResult::interrupt();
    }
    auto constant = dyn_cast<arith::ConstantOp>(op);
    if (constant && isTensor(constant.getType()) &&
        !ConstantView(constant.getValue())) {
      op->emitError("this constant has no data; write the graph without "
                    "--elide");
      return WalkResult::interrupt();
    }
    bool scalars = isa<arith::ConstantOp>(op);
    for (Type type : op->getResultTypes()) {
      if (!isTensor(type) && !(scalars && type.isIntOrFloat())) {
        op->emitError("every tensor of a graph has a static shape of 1 to "
                      "2^31 elements; this one is ")
            << type;
        return WalkResult::interrupt();
      }
      Type element = getElementTypeOrSelf(type);
      if (isa<quant::QuantizedType>(element) &&
          !(isQuantized && isQuantSpecType(element))) {
        op->emitError("a quantized type is of 8 bits and f32, behind phase "
                      "quantize; this one is ")
            << type;
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  for (Type type : main.getArgumentTypes())
    if (!isTensor(type))
      return main.emitError("every input has a static shape of 1 to 2^31 "
                            "elements; this one is ")
             << type;
  return failure(result.wasInterrupted());
}

/// Refuses a graph in which samples meet. What is behind a phase was checked
/// when it was imported.
static LogicalResult checkSamples(ModuleOp module) {
  if (getPhase(module) != importPhase)
    return success();
  PassManager pm(module.getContext());
  pm.addNestedPass<func::FuncOp>(createCheckSamples());
  return pm.run(module);
}

/// Drops the file's path from `module`: what is made of a model does not depend
/// on where it lies.
static void forgetPath(ModuleOp module) {
  auto path = dyn_cast<NameLoc>(module->getLoc());
  Location unknown = UnknownLoc::get(module.getContext());
  module->walk([&](Operation *op) {
    if (path && op->getLoc() == Location(path))
      op->setLoc(unknown);
  });
}

/// Refuses options that a graph has chosen already.
static LogicalResult checkGraphOptions(StringRef path, MLIRContext *context,
                                       const OnnxImportOptions &options) {
  StringRef flag = options.batch != 1         ? "--batch"
                   : !options.shapes.empty()  ? "--shape"
                   : !options.dims.empty()    ? "--dim"
                   : !options.outputs.empty() ? "--output"
                                              : "";
  if (flag.empty())
    return success();
  StringRef has = flag == "--batch"    ? "batch"
                  : flag == "--output" ? "outputs"
                                       : "shapes";
  return emitError(NameLoc::get(StringAttr::get(context, path)))
         << flag << " is for .onnx models: a graph has its " << has
         << " already; give " << flag << " when it is imported";
}

static OwningOpRef<ModuleOp> loadOnnx(StringRef path, MLIRContext *context,
                                      const OnnxImportOptions &options) {
  auto model = OnnxModel::read(path, context);
  auto module = model ? model->importModule(options) : OwningOpRef<ModuleOp>();
  if (!module)
    return nullptr;
  forgetPath(*module);
  (*module)->setAttr(phaseAttr, StringAttr::get(context, importPhase));
  auto main = module->lookupSymbol<func::FuncOp>("main");
  bool symbolic = false;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    symbolic |= bool(main.getArgAttr(i, symbolicBatchAttr));
  // With one sample, a dimension of one may or may not be the batch. What a
  // model does with several shows in the graph for a number that no other
  // dimension is likely to have.
  if (!symbolic)
    return module;
  OnnxImportOptions more = options;
  more.batch = options.batch == 13 ? 17 : 13;
  OwningOpRef<ModuleOp> several;
  std::optional<Location> where;
  std::string why;
  {
    ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
        where = diagnostic.getLocation();
        why = diagnostic.str();
      }
      return success();
    });
    several = model->importModule(more);
  }
  if (!several) {
    emitError(where.value_or(module->getLoc()))
        << "the model's first dimension is symbolic, but it does not take "
           "several samples: "
        << why << "; fix its first dimension by --shape or --dim";
    return nullptr;
  }
  if (failed(checkSamples(*several)) ||
      failed(compareBatches(*module, options.batch, *several, more.batch)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> octet::loadModel(StringRef path, MLIRContext *context,
                                       const OnnxImportOptions &options) {
  if (path.ends_with(".mlir")) {
    if (failed(checkGraphOptions(path, context, options)))
      return nullptr;
    auto buffer = readInputFile(path);
    if (!buffer) {
      emitError(NameLoc::get(StringAttr::get(context, path)))
          << "cannot read the graph: " << buffer.getError().message();
      return nullptr;
    }
    // MLIR's lexer wants text that ends in a null.
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(
        llvm::MemoryBuffer::getMemBufferCopy((*buffer)->getBuffer(), path),
        llvm::SMLoc());
    auto module = parseSourceFile<ModuleOp>(sources, context);
    if (!module || failed(checkGraph(*module)) || failed(checkSamples(*module)))
      return nullptr;
    forgetPath(*module);
    return module;
  }
  ConstantScope scope(context);
  auto module = loadOnnx(path, context, options);
  // What was read, or computed on the way, and is no part of the graph.
  scope.collect(module ? *module : ModuleOp());
  return module;
}
