//===- Interface.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs and outputs of the graph.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Support/Suggest.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

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

std::string onnx_import::typeName(int64_t onnxType) {
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
  SmallVector<Attribute> attributes;
  SmallVector<std::pair<std::string, Value>> floats;
  Block *body = &function.getBody().front();
  for (const GraphInput &input : inputs) {
    StringRef name = input.proto->name();
    if (!input.isLive) {
      graph->values.erase(name);
      continue;
    }
    Location location = nameLocation(name, name);
    int64_t declared = input.proto->type().tensor_type().elem_type();
    Type element = interfaceType(declared);
    if (!element)
      return emitError(location)
             << "input has element type " << typeName(declared)
             << ", which is not supported";
    symbolicBatch |= input.isBatched;
    auto type = RankedTensorType::get(input.shape, element);
    if (std::string why = explainUnusable(type); !why.empty())
      return emitError(location) << "input has " << why;
    Value argument = body->addArgument(type, location);
    graph->values[name] = argument;
    if (isa<FloatType>(element) && !element.isF32())
      floats.emplace_back(name, argument);
    attributes.push_back(interfaceAttributes(name, input.isBatched));
    hash.add(GraphHash::Entry().add("input").add(name).add(uint64_t(declared)));
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

/// The graphs that an attribute holds: branches and bodies.
static SmallVector<const GraphProto *>
subgraphsOf(const AttributeProto &attribute) {
  SmallVector<const GraphProto *> bodies;
  if (attribute.has_g())
    bodies.push_back(&attribute.g());
  for (const GraphProto &body : attribute.graphs())
    bodies.push_back(&body);
  return bodies;
}

LogicalResult Importer::checkCut(StringRef name) {
  auto refuse = [&](const Twine &why) {
    return emitModelError() << "--output names '" << name << "', " << why;
  };
  if (graph->producers.contains(name) || findInput(name))
    return success();
  if (graph->initializers.contains(name))
    return refuse("which is a constant of the model; name a value that a node "
                  "computes");
  auto computes = [](const NodeProto &node, StringRef value) {
    return llvm::any_of(node.output(), [&](const std::string &output) {
      return output == value;
    });
  };
  // As reports call what is inside a call, too.
  for (size_t at = name.find('/'); at != StringRef::npos;
       at = name.find('/', at + 1))
    if (auto it = graph->producers.find(name.take_front(at));
        it != graph->producers.end() && findFunction(*it->second.first))
      return refuse("which is inside function '" + it->second.first->op_type() +
                    "'; name a value of the graph itself");
  for (const FunctionProto &function : proto.functions())
    for (const NodeProto &node : function.node())
      if (computes(node, name))
        return refuse("which is inside function '" + function.name() +
                      "'; name a value of the graph itself");
  // Subgraphs, each with the node of the graph that it is part of.
  SmallVector<std::pair<const NodeProto *, const NodeProto *>> open;
  for (const NodeProto &node : proto.graph().node())
    open.emplace_back(&node, &node);
  while (!open.empty()) {
    auto [outer, node] = open.pop_back_val();
    for (const AttributeProto &attribute : node->attribute())
      for (const GraphProto *body : subgraphsOf(attribute)) {
        for (const NodeProto &inner : body->node()) {
          if (computes(inner, name))
            return refuse("which is inside a branch or body of " +
                          outer->op_type() + " node '" +
                          (outer->name().empty() && outer->output_size()
                               ? outer->output(0)
                               : outer->name()) +
                          "'; name a value of the graph itself");
          open.emplace_back(outer, &inner);
        }
      }
  }
  SmallVector<StringRef> known;
  for (const auto &producer : graph->producers)
    known.push_back(producer.first());
  llvm::sort(known);
  return refuse("which the model does not compute" + suggest(name, known));
}

LogicalResult Importer::chooseOutputs() {
  for (const auto &output : proto.graph().output())
    outputs.push_back({output.name(), output.type().tensor_type().elem_type()});
  if (options.outputs.empty())
    return success();
  llvm::StringMap<GraphOutput> declared;
  auto declare = [&](const auto &values, bool isDeclared) {
    for (const auto &value : values)
      declared[value.name()] = {value.name(),
                                value.type().tensor_type().elem_type(),
                                /*isCut=*/true, isDeclared};
  };
  declare(proto.graph().value_info(), /*isDeclared=*/false);
  declare(proto.graph().input(), /*isDeclared=*/true);
  declare(proto.graph().output(), /*isDeclared=*/true);
  outputs.clear();
  for (const std::string &name : options.outputs) {
    if (failed(checkCut(name)))
      return failure();
    auto [it, isNew] = declared.try_emplace(name);
    if (isNew)
      it->second = {name, TensorProto::UNDEFINED, /*isCut=*/true,
                    /*isDeclared=*/false};
    outputs.push_back(it->second);
  }
  return findLiveInputs();
}

LogicalResult Importer::findLiveInputs() {
  for (GraphInput &input : inputs)
    input.isLive = false;
  SmallVector<std::pair<Scope *, std::string>> work;
  for (const GraphOutput &output : outputs)
    work.emplace_back(graph, output.name);
  llvm::DenseSet<NodeKey> seen;
  while (!work.empty()) {
    auto [from, name] = work.pop_back_val();
    Source source = resolve(*from, name);
    if (source.kind == Source::Failed)
      return failure();
    if (source.kind == Source::Known && source.scope == graph)
      if (GraphInput *input = findInput(source.name))
        input->isLive = true;
    if (source.kind != Source::Node ||
        !seen.insert({source.scope, source.node}).second)
      continue;
    // What branches and bodies read of what is around them, and names of their
    // own, which are nobody's out here.
    SmallVector<const NodeProto *> open{source.node};
    while (!open.empty()) {
      const NodeProto *node = open.pop_back_val();
      for (const std::string &input : node->input())
        work.emplace_back(source.scope, input);
      for (const AttributeProto &attribute : node->attribute())
        for (const GraphProto *body : subgraphsOf(attribute)) {
          for (const auto &output : body->output())
            work.emplace_back(source.scope, output.name());
          for (const NodeProto &inner : body->node())
            open.push_back(&inner);
        }
    }
  }
  return success();
}

LogicalResult Importer::importOutputs(func::FuncOp function) {
  SmallVector<Value> results;
  SmallVector<Attribute> attributes;
  for (const GraphOutput &output : outputs) {
    StringRef name = output.name;
    Location location = nameLocation(name, name);
    auto built = resolveBuilt(*graph, name);
    if (failed(built))
      return failure();
    const Source &source = *built;
    if (source.kind == Source::Failed)
      return failure();
    if (source.kind == Source::Node)
      return emitError(location)
             << source.node->op_type() << ": this output is not supported";
    if (source.kind != Source::Known)
      return emitError(location) << "no node computes this output";
    Value value = source.scope->values.lookup(source.name);
    if (!value)
      return emitError(location)
             << "output is a sequence or an optional; only tensors can leave a "
                "program, such as ConcatFromSequence or SequenceAt make";
    if (output.isCut && matchPattern(value, m_Constant()))
      return emitError(location)
             << "this output is a constant, which nothing of the inputs "
                "changes; name another value with --output";
    int64_t declared = output.declared;
    bool fits = computedType(declared) == typeOf(value).getElementType() &&
                interfaceType(declared);
    // What is said of other values may be of an earlier model.
    if (!fits && !output.isDeclared)
      declared = TensorProto::UNDEFINED;
    if (declared != TensorProto::UNDEFINED) {
      if (!fits)
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
