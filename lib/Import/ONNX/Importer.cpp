//===- Importer.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models as a whole.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "Compositions.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Support/InputFile.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

Location Importer::nameLocation(StringRef node, StringRef value) {
  return getOnnxLocation(builder.getContext(), node, value);
}

InFlightDiagnostic Importer::emitModelError() {
  return emitError(NameLoc::get(builder.getStringAttr(path)));
}

const OnnxBuilders &onnx_import::onnxBuilders() {
  static const auto table = [] {
    OnnxBuilders result;
    addOnnxBuilders(result);
    addCompositions(result);
    return result;
  }();
  return table;
}

std::vector<std::string> octet::importedOperators() {
  std::vector<std::string> names{"If", "Loop", "Scan", "SequenceMap"};
  for (const auto &entry : onnxBuilders())
    names.push_back(entry.first().str());
  for (const auto &entry : itemBuilders())
    names.push_back(entry.first().str());
  llvm::sort(names);
  return names;
}

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

OnnxModel::OnnxModel(MLIRContext *context, StringRef path)
    : context(context), path(path), parsed(std::make_unique<ParsedModel>()) {
  context->loadDialect<OctetDialect, func::FuncDialect, arith::ArithDialect>();
}

OnnxModel::~OnnxModel() = default;

LogicalResult OnnxModel::parse(StringRef bytes) {
  auto fail = [&] {
    return emitError(NameLoc::get(StringAttr::get(context, path)));
  };
  if (bytes.size() > INT_MAX)
    return fail() << "the model has more than 2 GiB; keep its weights as "
                     "external data";
  auto &proto = parsed->proto;
  if (!proto.ParseFromArray(bytes.data(), bytes.size()) || !proto.has_graph())
    return fail() << "not an ONNX model, or cut short; export it again";
  parsed->hash = llvm::xxh3_64bits(bytes);
  for (const auto &import : proto.opset_import())
    if (isOnnxDomain(import.domain()))
      parsed->opset = import.version();
  if (parsed->opset == 0)
    return fail() << "the model imports no ONNX operator set";
  if (parsed->opset < 1)
    return fail() << "operator set " << parsed->opset
                  << " does not exist; export the model again";
  return success();
}

std::unique_ptr<OnnxModel> OnnxModel::read(StringRef path,
                                           MLIRContext *context) {
  auto buffer = readInputFile(path);
  if (buffer)
    return fromBytes((*buffer)->getBuffer(), path, context);
  emitError(NameLoc::get(StringAttr::get(context, path)))
      << "cannot read the model: " << buffer.getError().message();
  return nullptr;
}

std::unique_ptr<OnnxModel> OnnxModel::fromBytes(StringRef bytes, StringRef path,
                                                MLIRContext *context) {
  std::unique_ptr<OnnxModel> model(new OnnxModel(context, path));
  return succeeded(model->parse(bytes)) ? std::move(model) : nullptr;
}

OwningOpRef<ModuleOp>
OnnxModel::importModule(const OnnxImportOptions &options) {
  return Importer(context, path, *parsed, options).run();
}

std::optional<OnnxDescription>
OnnxModel::describe(const OnnxImportOptions &options) {
  return Importer(context, path, *parsed, options).describe();
}

//===----------------------------------------------------------------------===//
// Graph
//===----------------------------------------------------------------------===//

LogicalResult Importer::enterGraph() {
  graph = scopes.emplace_back(std::make_unique<Scope>()).get();
  graph->opset = model.opset;
  for (const FunctionProto &function : proto.functions())
    if (!functions
             .try_emplace(functionKey(function.domain(), function.name()),
                          &function)
             .second)
      return emitModelError()
             << "the model defines function '" << function.name() << "' twice";
  for (const auto &initializer : proto.graph().initializer())
    graph->initializers[initializer.name()] = &initializer;
  return pinInputs();
}

LogicalResult Importer::enterOutputs() {
  // Names of inputs are taken before there are values for them.
  for (const GraphInput &input : inputs)
    graph->values[input.proto->name()] = Value();
  if (failed(fill(*graph, pointers(proto.graph().node()))) ||
      failed(chooseOutputs()))
    return failure();
  SmallVector<std::string> names;
  for (const GraphOutput &output : outputs)
    names.push_back(output.name);
  return markLive(*graph, names);
}

LogicalResult Importer::importGraph() {
  Location location = NameLoc::get(builder.getStringAttr(path));
  module = ModuleOp::create(location);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, location, "main",
                                       builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());

  if (failed(checkPinned()) || failed(importInputs(function)) ||
      failed(judge()) ||
      failed(walkLive(*graph,
                      [&](Scope &scope, const NodeProto &node) {
                        return build(scope, node);
                      })) ||
      failed(importOutputs(function)))
    return failure();

  // What made constants, and what was read for its shape alone.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  auto setHash = [&](StringRef name, const std::string &value) {
    module->getOperation()->setAttr(name, builder.getStringAttr(value));
  };
  setHash(modelHashAttr, hash.finish());
  setHash(fileHashAttr, llvm::utohexstr(model.hash, /*LowerCase=*/true));
  return verify(*module);
}

OwningOpRef<ModuleOp> Importer::run() {
  if (failed(enterGraph()) || failed(enterOutputs()) || failed(importGraph()))
    return nullptr;
  return std::move(module);
}

void octet::registerOnnxTranslation() {
  static TranslateToMLIRRegistration registration(
      "import-onnx", "Import an ONNX model",
      [](llvm::SourceMgr &sources, MLIRContext *context) {
        // External data lies beside the model, so the path is what counts.
        StringRef path = sources.getMemoryBuffer(sources.getMainFileID())
                             ->getBufferIdentifier();
        auto model = OnnxModel::read(path, context);
        auto module = model ? model->importModule() : OwningOpRef<ModuleOp>();
        return OwningOpRef<Operation *>(module.release());
      },
      [](DialectRegistry &registry) {
        registry.insert<OctetDialect, func::FuncDialect>();
      });
}
