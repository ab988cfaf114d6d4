//===- Importer.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Tools/mlir-translate/Translation.h"
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

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

const ONNX_NAMESPACE::AttributeProto *Node::attribute(StringRef name) const {
  for (const auto &attribute : proto.attribute())
    if (name == attribute.name())
      return &attribute;
  return nullptr;
}

int64_t Node::getInt(StringRef name, int64_t fallback) const {
  const auto *a = attribute(name);
  return a ? a->i() : fallback;
}

float Node::getFloat(StringRef name, float fallback) const {
  const auto *a = attribute(name);
  return a ? a->f() : fallback;
}

std::string Node::getString(StringRef name, StringRef fallback) const {
  const auto *a = attribute(name);
  return a ? a->s() : fallback.str();
}

std::optional<Shape> Node::getInts(StringRef name) const {
  const auto *a = attribute(name);
  if (!a)
    return std::nullopt;
  return Shape(a->ints().begin(), a->ints().end());
}

LogicalResult Importer::fail(const Node &node, const Twine &message) {
  return emitError(node.location) << node.type() << ": " << message;
}

Value Importer::input(const Node &node, int i) {
  if (!node.hasInput(i)) {
    (void)fail(node, "input " + Twine(i) + " is missing");
    return {};
  }
  StringRef name = node.proto.input(i);
  if (Value value = values.lookup(name))
    return value;
  if (DenseElementsAttr constant = constants.lookup(name)) {
    Value value =
        arith::ConstantOp::create(builder, nameLocation(name, name), constant);
    return values[name] = value;
  }
  (void)fail(node, "input '" + name +
                       "' is not computed before this node: the graph has a "
                       "cycle, is not sorted, or lacks an initializer");
  return {};
}

Value Importer::floatInput(const Node &node, int i) {
  Value value = input(node, i);
  if (value && !typeOf(value).getElementType().isF32()) {
    (void)fail(node, "input '" + Twine(node.proto.input(i)) +
                         "' is not float32; only float32 networks are taken");
    return {};
  }
  return value;
}

DenseElementsAttr Importer::constantInput(const Node &node, int i) {
  return node.hasInput(i) ? constants.lookup(node.proto.input(i))
                          : DenseElementsAttr();
}

FailureOr<std::optional<Shape>>
Importer::intsFrom(const Node &node, StringRef name, int i, int64_t since) {
  if (opset() < since)
    return node.getInts(name);
  if (!node.hasInput(i))
    return std::optional<Shape>();
  auto constant = constantInput(node, i);
  if (!constant || !isa<IntegerType>(constant.getElementType()))
    return fail(node, "input '" + Twine(node.proto.input(i)) + "' (" + name +
                          ") must be a constant of integers");
  Shape result;
  for (const APInt &x : constant.getValues<APInt>())
    result.push_back(x.getSExtValue());
  return std::optional(result);
}

LogicalResult Importer::setOutput(const Node &node, Value value) {
  if (!value)
    return failure();
  if (!countElements(typeOf(value).getShape()))
    return fail(node, "its result has more than 2^31 elements");
  if (Operation *op = value.getDefiningOp(); op && failed(verify(op)))
    return failure();
  for (int i = 1; i < node.proto.output_size(); ++i)
    if (!node.proto.output(i).empty() && node.type() != "Dropout" &&
        node.type() != "BatchNormalization")
      return fail(node, "output '" + Twine(node.proto.output(i)) +
                            "' is not supported, only the first output is");
  if (node.proto.output_size() < 1)
    return fail(node, "has no output");
  if (!values.try_emplace(node.proto.output(0), value).second ||
      constants.contains(node.proto.output(0)))
    return fail(node, "value '" + Twine(node.proto.output(0)) +
                          "' is computed twice");
  return success();
}

Value Importer::constant(const Node &node, ArrayRef<float> data,
                         ArrayRef<int64_t> shape) {
  return create<arith::ConstantOp>(node,
                                   DenseElementsAttr::get(f32(shape), data));
}

Value Importer::reshape(const Node &node, Value value,
                        ArrayRef<int64_t> shape) {
  if (typeOf(value).getShape() == shape)
    return value;
  return create<ReshapeOp>(
      node, RankedTensorType::get(shape, typeOf(value).getElementType()),
      value);
}

Value Importer::transpose(const Node &node, Value value,
                          ArrayRef<int64_t> permutation) {
  auto type = typeOf(value);
  return create<TransposeOp>(
      node,
      RankedTensorType::get(permute(type.getShape(), permutation),
                            type.getElementType()),
      value, permutation);
}

Value Importer::toChannelsLast(const Node &node, Value value) {
  if (typeOf(value).getRank() == 4)
    return transpose(node, value, {0, 2, 3, 1});
  Value moved = transpose(node, value, {0, 2, 1});
  auto shape = typeOf(moved).getShape();
  return reshape(node, moved, {shape[0], 1, shape[1], shape[2]});
}

Value Importer::fromChannelsLast(const Node &node, Value value, int64_t rank) {
  if (rank == 4)
    return transpose(node, value, {0, 3, 1, 2});
  auto shape = typeOf(value).getShape();
  return transpose(node, reshape(node, value, {shape[0], shape[2], shape[3]}),
                   {0, 2, 1});
}

//===----------------------------------------------------------------------===//
// Graph
//===----------------------------------------------------------------------===//

static const llvm::StringMap<OperatorBuilder> &builderTable() {
  static const auto table = [] {
    llvm::StringMap<OperatorBuilder> result;
    addContractionBuilders(result);
    addPoolBuilders(result);
    addElementwiseBuilders(result);
    addMovementBuilders(result);
    return result;
  }();
  return table;
}

std::vector<std::string> octet::importedOperators() {
  std::vector<std::string> names;
  for (const auto &entry : builderTable())
    names.push_back(entry.first().str());
  llvm::sort(names);
  return names;
}

LogicalResult Importer::parse(StringRef bytes) {
  auto where = NameLoc::get(builder.getStringAttr(path));
  if (bytes.size() > INT_MAX)
    return emitError(where) << "the model has more than 2 GiB; keep its "
                               "weights as external data";
  if (!model.ParseFromArray(bytes.data(), bytes.size()) || !model.has_graph())
    return emitError(where)
           << "not an ONNX model, or cut short; export it again";
  hash = llvm::xxh3_64bits(bytes);
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

Attribute Importer::interfaceAttributes(StringRef name, bool symbolic) {
  SmallVector<NamedAttribute> entries{
      {builder.getStringAttr("octet.name"), builder.getStringAttr(name)}};
  if (symbolic)
    entries.emplace_back(builder.getStringAttr("octet.symbolic_batch"),
                         builder.getUnitAttr());
  return builder.getDictionaryAttr(entries);
}

LogicalResult Importer::importInputs(func::FuncOp function) {
  llvm::StringSet<> seen;
  SmallVector<Attribute> attributes;
  Block *body = &function.getBody().front();
  for (const auto &graphInput : model.graph().input()) {
    StringRef name = graphInput.name();
    if (constants.contains(name))
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
    Type element;
    switch (tensor.elem_type()) {
    case ONNX_NAMESPACE::TensorProto::FLOAT:
      element = builder.getF32Type();
      break;
    case ONNX_NAMESPACE::TensorProto::UINT8:
      element = builder.getIntegerType(8, /*isSigned=*/false);
      break;
    default:
      return emitError(location) << "input has an element type other than "
                                    "float32 and uint8, which is not supported";
    }
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
    if (!countElements(shape))
      return emitError(location) << "input has more than 2^31 elements";
    values[name] =
        body->addArgument(RankedTensorType::get(shape, element), location);
    attributes.push_back(interfaceAttributes(name, symbolic));
  }
  function.setFunctionType(
      builder.getFunctionType(body->getArgumentTypes(), {}));
  function.setArgAttrsAttr(builder.getArrayAttr(attributes));
  return success();
}

LogicalResult Importer::importNode(const ONNX_NAMESPACE::NodeProto &proto) {
  StringRef output = proto.output_size() ? proto.output(0) : proto.name();
  Node node{proto, nameLocation(proto.name(), output)};
  if (!proto.domain().empty() && proto.domain() != "ai.onnx")
    return fail(node, "operators of domain '" + Twine(proto.domain()) +
                          "' are not supported");
  OperatorBuilder build = builderTable().lookup(proto.op_type());
  if (!build)
    return fail(node, "operator is not supported");
  // Before operator set 7, operands broadcast by attributes, and batch
  // normalization was in training unless it said otherwise.
  if (opset() < 7 &&
      (node.getInt("broadcast", 0) ||
       (node.type() == "BatchNormalization" && !node.getInt("is_test", 0))))
    return fail(node, "works otherwise in operator set " + Twine(opset()) +
                          "; convert the model to operator set 7 or newer");
  return build(*this, node);
}

LogicalResult Importer::importOutputs(func::FuncOp function) {
  SmallVector<Value> results;
  SmallVector<Attribute> attributes;
  for (const auto &output : model.graph().output()) {
    StringRef name = output.name();
    Location location = nameLocation(name, name);
    Value value = values.lookup(name);
    if (!value) {
      if (DenseElementsAttr constant = constants.lookup(name))
        value = arith::ConstantOp::create(builder, location, constant);
      else
        return emitError(location) << "no node computes this output";
    }
    if (!typeOf(value).getElementType().isF32())
      return emitError(location)
             << "output is not float32, which is not supported";
    results.push_back(value);
    attributes.push_back(interfaceAttributes(name, symbolicBatch));
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
  module->getOperation()->setAttr(
      "octet.model_hash",
      builder.getStringAttr(llvm::utohexstr(hash, /*LowerCase=*/true)));
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, location, "main",
                                       builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());

  for (const auto &initializer : model.graph().initializer()) {
    auto value = convert(initializer,
                         nameLocation(initializer.name(), initializer.name()));
    if (!value)
      return failure();
    constants[initializer.name()] = value;
  }
  if (failed(importInputs(function)))
    return failure();
  for (const auto &node : model.graph().node())
    if (failed(importNode(node)))
      return failure();
  if (failed(importOutputs(function)))
    return failure();
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
