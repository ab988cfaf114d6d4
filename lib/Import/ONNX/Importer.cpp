//===- Importer.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models, their inputs and their outputs.
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
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

Location Importer::nameLocation(StringRef node, StringRef value) {
  return getOnnxLocation(builder.getContext(), node, value);
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
  std::vector<std::string> names{"If"};
  for (const auto &entry : onnxBuilders())
    names.push_back(entry.first().str());
  llvm::sort(names);
  return names;
}

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

LogicalResult Importer::parse(StringRef bytes) {
  auto where = NameLoc::get(builder.getStringAttr(path));
  if (bytes.size() > INT_MAX)
    return emitError(where) << "the model has more than 2 GiB; keep its "
                               "weights as external data";
  if (!model.ParseFromArray(bytes.data(), bytes.size()) || !model.has_graph())
    return emitError(where)
           << "not an ONNX model, or cut short; export it again";
  fileHash = llvm::xxh3_64bits(bytes);
  return checkOpsets();
}

LogicalResult Importer::checkOpsets() {
  auto where = NameLoc::get(builder.getStringAttr(path));
  for (const auto &import : model.opset_import())
    if (import.domain().empty() || import.domain() == "ai.onnx")
      opsetVersion = import.version();
  if (opsetVersion == 0)
    return emitError(where) << "the model imports no ONNX operator set";
  if (opsetVersion < 1)
    return emitError(where) << "operator set " << opsetVersion
                            << " does not exist; export the model again";
  return success();
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

Type Importer::computedType(int64_t onnxType) {
  switch (onnxType) {
  case TensorProto::FLOAT:
  case TensorProto::DOUBLE:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    return builder.getF32Type();
  case TensorProto::INT8:
    return builder.getIntegerType(8);
  case TensorProto::INT16:
    return builder.getIntegerType(16);
  case TensorProto::INT32:
    return builder.getIntegerType(32);
  case TensorProto::INT64:
    return builder.getIntegerType(64);
  case TensorProto::UINT8:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case TensorProto::UINT16:
    return builder.getIntegerType(16, /*isSigned=*/false);
  case TensorProto::UINT32:
    return builder.getIntegerType(32, /*isSigned=*/false);
  case TensorProto::UINT64:
    return builder.getIntegerType(64, /*isSigned=*/false);
  case TensorProto::BOOL:
    return builder.getIntegerType(1);
  default:
    return {};
  }
}

Type Importer::interfaceType(int64_t onnxType) {
  switch (onnxType) {
  case TensorProto::DOUBLE:
    return builder.getF64Type();
  case TensorProto::FLOAT16:
    return builder.getF16Type();
  case TensorProto::BFLOAT16:
    return {};
  default:
    Type element = computedType(onnxType);
    return element && isInterfaceType(element) ? element : Type();
  }
}

/// ONNX's name of an element type, in lower case.
static std::string typeName(int64_t onnxType) {
  if (!TensorProto::DataType_IsValid(onnxType))
    return std::to_string(onnxType);
  return StringRef(TensorProto::DataType_Name(
                       static_cast<TensorProto::DataType>(onnxType)))
      .lower();
}

Attribute Importer::interfaceAttributes(StringRef name, bool symbolic) {
  SmallVector<NamedAttribute> entries{
      {builder.getStringAttr(nameAttr), builder.getStringAttr(name)}};
  if (symbolic)
    entries.emplace_back(builder.getStringAttr(symbolicBatchAttr),
                         builder.getUnitAttr());
  return builder.getDictionaryAttr(entries);
}

LogicalResult Importer::importInputs(func::FuncOp function) {
  llvm::StringSet<> seen;
  SmallVector<Attribute> attributes;
  SmallVector<std::pair<std::string, Value>> floats;
  Block *body = &function.getBody().front();
  for (const auto &graphInput : model.graph().input()) {
    StringRef name = graphInput.name();
    if (graph->initializers.contains(name))
      continue;
    Location location = nameLocation(name, name);
    if (!seen.insert(name).second)
      return emitError(location) << "two inputs have this name";
    if (!graphInput.type().has_tensor_type() ||
        !graphInput.type().tensor_type().has_shape())
      return emitError(location)
             << "input is not a tensor with a known rank; export the model "
                "with static shapes";
    const auto &tensor = graphInput.type().tensor_type();
    Type element = interfaceType(tensor.elem_type());
    if (!element)
      return emitError(location)
             << "input has element type " << typeName(tensor.elem_type())
             << ", which is not supported";
    Shape shape;
    bool symbolic = false;
    for (const auto &[i, dim] : llvm::enumerate(tensor.shape().dim())) {
      if (dim.has_dim_value() && dim.dim_value() > 0) {
        shape.push_back(dim.dim_value());
        continue;
      }
      if (i != 0 || (dim.has_dim_value() && dim.dim_value() == 0))
        return emitError(location)
               << "dimension " << i
               << " of the input is not a positive number; only the first "
                  "dimension (batch) may be symbolic, so export the model with "
                  "static shapes";
      shape.push_back(options.batch);
      symbolic = symbolicBatch = true;
    }
    auto type = RankedTensorType::get(shape, element);
    if (std::string why = explainUnusable(type); !why.empty())
      return emitError(location) << "input has " << why;
    Value argument = body->addArgument(type, location);
    graph->values[name] = argument;
    if (isa<FloatType>(element) && !element.isF32())
      floats.emplace_back(name, argument);
    attributes.push_back(interfaceAttributes(name, symbolic));
    hash.add(GraphHash::Entry().add("input").add(name).add(
        uint64_t(tensor.elem_type())));
  }
  function.setFunctionType(
      builder.getFunctionType(body->getArgumentTypes(), {}));
  function.setArgAttrsAttr(builder.getArrayAttr(attributes));
  // Float numbers of any width are computed in f32.
  for (auto &[name, argument] : floats)
    graph->values[name] =
        CastOp::create(builder, argument.getLoc(),
                       RankedTensorType::get(typeOf(argument).getShape(),
                                             builder.getF32Type()),
                       argument);
  return success();
}

LogicalResult Importer::importOutputs(func::FuncOp function) {
  SmallVector<Value> results;
  SmallVector<Attribute> attributes;
  for (const auto &output : model.graph().output()) {
    StringRef name = output.name();
    Location location = nameLocation(name, name);
    Source source = resolve(*graph, name);
    if (source.kind == Source::Node) {
      if (failed(build(*source.scope, *source.node)))
        return failure();
      source = resolve(*graph, name);
    }
    if (source.kind == Source::Initializer) {
      if (failed(materialize(source)))
        return failure();
      source = resolve(*graph, name);
    }
    if (source.kind == Source::Failed)
      return failure();
    if (source.kind == Source::Node)
      return emitError(location)
             << source.node->op_type() << ": this output is not supported";
    if (source.kind != Source::Known)
      return emitError(location) << "no node computes this output";
    Value value = source.scope->values.lookup(source.name);
    int64_t declared = output.type().tensor_type().elem_type();
    if (declared != TensorProto::UNDEFINED) {
      if (computedType(declared) != typeOf(value).getElementType() ||
          !interfaceType(declared))
        return emitError(location)
               << "output is declared as " << typeName(declared)
               << ", which is not supported for values of "
               << typeOf(value).getElementType();
      Type element = interfaceType(declared);
      if (element != typeOf(value).getElementType())
        value = CastOp::create(
            builder, location,
            RankedTensorType::get(typeOf(value).getShape(), element), value);
    }
    if (!isInterfaceType(typeOf(value).getElementType()))
      return emitError(location)
             << "output has element type " << typeOf(value).getElementType()
             << ", which is not supported";
    if (std::string why = explainUnusable(typeOf(value)); !why.empty())
      return emitError(location) << "output has " << why;
    results.push_back(value);
    attributes.push_back(interfaceAttributes(name, symbolicBatch));
    hash.add(GraphHash::Entry()
                 .add("output")
                 .add(results.size())
                 .add(name)
                 .add(source.scope->prefix + source.name));
  }
  if (results.empty())
    return emitError(function.getLoc()) << "the graph has no output";
  func::ReturnOp::create(builder, function.getLoc(), results);
  function.setFunctionType(builder.getFunctionType(
      function.getBody().front().getArgumentTypes(),
      llvm::map_to_vector(results, [](Value v) { return v.getType(); })));
  function.setResAttrsAttr(builder.getArrayAttr(attributes));
  return success();
}

LogicalResult Importer::importGraph() {
  Location location = NameLoc::get(builder.getStringAttr(path));
  module = ModuleOp::create(location);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, location, "main",
                                       builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());

  graph = scopes.emplace_back(std::make_unique<Scope>()).get();
  graph->opset = opsetVersion;
  for (const FunctionProto &function : model.functions())
    if (!functions
             .try_emplace(functionKey(function.domain(), function.name()),
                          &function)
             .second)
      return emitError(location)
             << "the model defines function '" << function.name() << "' twice";
  for (const auto &initializer : model.graph().initializer())
    graph->initializers[initializer.name()] = &initializer;
  if (failed(importInputs(function)) ||
      failed(fill(*graph, model.graph().node())))
    return failure();
  SmallVector<std::string> outputs;
  for (const auto &output : model.graph().output())
    outputs.push_back(output.name());
  if (failed(judge(*graph, outputs)) ||
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
  setHash(fileHashAttr, llvm::utohexstr(fileHash, /*LowerCase=*/true));
  return verify(*module);
}

OwningOpRef<ModuleOp> Importer::run(StringRef bytes) {
  if (failed(parse(bytes)) || failed(importGraph()))
    return nullptr;
  return std::move(module);
}

OwningOpRef<ModuleOp> octet::importOnnxBytes(StringRef bytes, StringRef path,
                                             MLIRContext *context,
                                             const OnnxImportOptions &options) {
  context->loadDialect<OctetDialect, func::FuncDialect, arith::ArithDialect>();
  return Importer(context, path, options).run(bytes);
}

OwningOpRef<ModuleOp> octet::importOnnx(StringRef path, MLIRContext *context,
                                        const OnnxImportOptions &options) {
  auto buffer = readInputFile(path);
  if (!buffer) {
    emitError(NameLoc::get(StringAttr::get(context, path)))
        << "cannot read the model: " << buffer.getError().message();
    return nullptr;
  }
  return importOnnxBytes((*buffer)->getBuffer(), path, context, options);
}

void octet::registerOnnxTranslation() {
  static TranslateToMLIRRegistration registration(
      "import-onnx", "Import an ONNX model",
      [](llvm::SourceMgr &sources, MLIRContext *context) {
        // External data lies beside the model, so the path is what counts.
        StringRef path = sources.getMemoryBuffer(sources.getMainFileID())
                             ->getBufferIdentifier();
        return OwningOpRef<Operation *>(importOnnx(path, context).release());
      },
      [](DialectRegistry &registry) {
        registry.insert<OctetDialect, func::FuncDialect>();
      });
}
