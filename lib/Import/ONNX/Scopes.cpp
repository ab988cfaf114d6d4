//===- Scopes.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names, calls and branches, and the order in which nodes are built: those that
// outputs depend on, each after what it depends on itself.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include <google/protobuf/unknown_field_set.h>

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// What no sensible model reaches: functions within functions, and nodes after
/// all functions have been put in place of their calls.
static constexpr unsigned maxDepth = 64;
static constexpr int64_t maxNodes = 1 << 20;

const FunctionProto *Importer::findFunction(const NodeProto &node) const {
  return functions.lookup(functionKey(node.domain(), node.op_type()));
}

LogicalResult Importer::fill(Scope &scope,
                             std::vector<const NodeProto *> nodes) {
  scope.nodes = std::move(nodes);
  nodeCount += scope.nodes.size();
  if (nodeCount > maxNodes)
    return emitError(NameLoc::get(builder.getStringAttr(path)))
           << "the model's functions are more than " << maxNodes
           << " nodes where they are called";
  for (const NodeProto *node : scope.nodes)
    for (const auto &[i, name] : llvm::enumerate(node->output())) {
      if (name.empty())
        continue;
      bool isNew = !scope.values.contains(name) &&
                   !scope.items.contains(name) &&
                   !scope.initializers.contains(name) &&
                   !scope.arguments.contains(name) &&
                   scope.producers.try_emplace(name, node, i).second;
      if (!isNew)
        return ImportedNode(*this, scope, *node)
            .fail("value '" + Twine(name) + "' is computed twice");
    }
  return success();
}

Scope *Importer::enterFunction(Scope &scope, const NodeProto &node,
                               const FunctionProto &function) {
  Scope *&body = calls[{&scope, &node}];
  if (body)
    return body;
  ImportedNode call(*this, scope, node);
  if (scope.depth >= maxDepth) {
    (void)call.fail("functions are nested more than " + Twine(maxDepth) +
                    " deep");
    return nullptr;
  }
  for (Scope *s = &scope; s; s = s->outer ? s->outer : s->caller)
    if (s->function == &function) {
      (void)call.fail("the function calls itself");
      return nullptr;
    }
  if (node.input_size() > function.input_size()) {
    (void)call.fail("has more inputs than the function takes");
    return nullptr;
  }
  auto inner = std::make_unique<Scope>();
  inner->caller = &scope;
  inner->call = &node;
  inner->function = &function;
  inner->depth = scope.depth + 1;
  inner->prefix =
      scope.prefix + (node.output_size() ? node.output(0) : node.name()) + "/";
  inner->opset = scope.opset;
  for (const auto &import : function.opset_import())
    if (isOnnxDomain(import.domain()))
      inner->opset = import.version();
  for (const auto &[i, name] : llvm::enumerate(function.input()))
    inner->arguments[name] =
        static_cast<int>(i) < node.input_size() ? node.input(i) : "";
  if (failed(fill(*inner, pointers(function.node()))))
    return nullptr;
  body = scopes.emplace_back(std::move(inner)).get();
  return body;
}

const AttributeProto *Importer::attribute(Scope &scope, const NodeProto &node,
                                          StringRef name) {
  auto find = [](const auto &attributes,
                 StringRef name) -> const AttributeProto * {
    for (const AttributeProto &attribute : attributes)
      if (name == attribute.name())
        return &attribute;
    return nullptr;
  };
  // Defaults came with a later version of the format than ONNX's library here
  // may know: field 11 of a function.
  auto defaultOf = [&](const FunctionProto &function,
                       StringRef wanted) -> const AttributeProto * {
    auto &known = model.defaults[&function];
    const auto &fields = function.unknown_fields();
    if (known.empty())
      for (int i = 0; i < fields.field_count(); ++i)
        if (const auto &field = fields.field(i);
            field.number() == 11 &&
            field.type() ==
                google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
          auto value = std::make_unique<AttributeProto>();
          if (value->ParseFromString(field.length_delimited()))
            known.push_back(std::move(value));
        }
    for (const auto &attribute : known)
      if (wanted == attribute->name())
        return attribute.get();
    return nullptr;
  };
  const AttributeProto *found = find(node.attribute(), name);
  Scope *at = &scope;
  while (found && !found->ref_attr_name().empty()) {
    while (!at->function && at->outer)
      at = at->outer;
    if (!at->function)
      return nullptr;
    StringRef wanted = found->ref_attr_name();
    found = find(at->call->attribute(), wanted);
    if (!found)
      return defaultOf(*at->function, wanted);
    at = at->caller;
  }
  return found;
}

Source Importer::resolve(Scope &start, StringRef name) {
  Scope *scope = &start;
  std::string current = name.str();
  // No chain of names is longer than all scopes together, each passed on the
  // way into a call and out of it.
  for (int64_t steps = 0; steps <= 2 * nodeCount + maxDepth; ++steps) {
    if (current.empty())
      return {Source::Absent};
    if (scope->values.contains(current) || scope->items.contains(current))
      return {Source::Known, scope, current};
    if (auto it = scope->producers.find(current);
        it != scope->producers.end()) {
      auto [node, index] = it->second;
      if (const FunctionProto *function = findFunction(*node)) {
        scope = enterFunction(*scope, *node, *function);
        if (!scope)
          return {Source::Failed};
        if (index >= function->output_size())
          return {Source::Missing};
        current = function->output(index);
        continue;
      }
      if (auto [branch, body] = branches.lookup({scope, node}); branch) {
        if (index >= body->output_size())
          return {Source::Missing};
        scope = branch;
        current = body->output(index).name();
        continue;
      }
      return {Source::Node, scope, current, node};
    }
    if (scope->initializers.contains(current))
      return {Source::Initializer, scope, current};
    if (auto it = scope->arguments.find(current);
        it != scope->arguments.end()) {
      current = it->second;
      scope = scope->caller;
      continue;
    }
    if (!scope->outer)
      return {Source::Missing};
    scope = scope->outer;
  }
  return {Source::Circular};
}

//===----------------------------------------------------------------------===//
// What is live
//===----------------------------------------------------------------------===//

LogicalResult Importer::walkLive(
    Scope &scope,
    llvm::function_ref<LogicalResult(Scope &, const NodeProto &)> action) {
  for (const NodeProto *node : scope.nodes) {
    if (findFunction(*node)) {
      if (Scope *body = calls.lookup({&scope, node});
          body && failed(walkLive(*body, action)))
        return failure();
      continue;
    }
    if (live.contains({&scope, node}) && failed(action(scope, *node)))
      return failure();
  }
  return success();
}

bool Importer::isSupported(const NodeProto &node) {
  return isIf(node) || isLoop(node) ||
         (isOnnxDomain(node.domain()) &&
          (onnxBuilders().contains(node.op_type()) ||
           itemBuilders().contains(node.op_type())));
}

LogicalResult Importer::markLive(Scope &scope, ArrayRef<std::string> names) {
  SmallVector<std::pair<Scope *, std::string>> work;
  for (const std::string &name : names)
    work.emplace_back(&scope, name);
  while (!work.empty()) {
    auto [from, name] = work.pop_back_val();
    Source source = resolve(*from, name);
    if (source.kind == Source::Failed)
      return failure();
    if (source.kind != Source::Node ||
        !live.insert({source.scope, source.node}).second)
      continue;
    isAnyMissing |= !isSupported(*source.node);
    for (const std::string &input : source.node->input())
      work.emplace_back(source.scope, input);
    // What an If needs beside its condition shows when a branch is taken.
    if (isLoop(*source.node))
      if (const auto *body = attribute(*source.scope, *source.node, "body");
          body && body->has_g())
        for (const std::string &name : inspect(body->g()).captures)
          work.emplace_back(source.scope, name);
  }
  return success();
}

void Importer::count(Operators &operators, const Scope &scope,
                     const NodeProto &node) {
  std::string type = node.op_type();
  if (!isOnnxDomain(node.domain()))
    type = node.domain() + "." + type;
  OnnxDescription::Operator &entry = operators[type];
  if (++entry.count > 1)
    return;
  entry.name = type;
  entry.isSupported = isSupported(node);
  entry.first = scope.prefix + (!node.name().empty() ? node.name()
                                : node.output_size() ? node.output(0)
                                                     : "");
}

Importer::Operators Importer::countLive(bool supported) const {
  Operators operators;
  for (const auto &scope : scopes)
    for (const NodeProto *node : scope->nodes)
      if (!scope->isRepeated && live.contains({scope.get(), node}) &&
          (supported || !isSupported(*node)))
        count(operators, *scope, *node);
  return operators;
}

/// True for operators whose results have as many elements as the data say: no
/// program can hold them.
static bool isSizedByData(StringRef type) {
  return type == "NonMaxSuppression" || type == "Unique";
}

LogicalResult Importer::judge() {
  if (!isAnyMissing)
    return success();
  Operators missing = countLive(/*supported=*/false);
  auto describe = [](const auto &entry) {
    const auto &[count, first] =
        std::tie(entry.second.count, entry.second.first);
    return entry.first +
           (count == 1 ? " (1 node, '"
                       : " (" + std::to_string(count) + " nodes, first '") +
           first + "'" +
           (isSizedByData(entry.first)
                ? "; the size of its result depends on data"
                : "") +
           ")";
  };
  return emitModelError() << missing.size()
                          << (missing.size() == 1 ? " operator is"
                                                  : " operators are")
                          << " not supported: "
                          << llvm::join(llvm::map_range(missing, describe),
                                        ", ")
                          << "; 'octet operators' lists those that are; name "
                             "values in front of others with --output VALUE";
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

LogicalResult Importer::materialize(const Source &initializer) {
  std::string name = initializer.scope->prefix + initializer.name;
  Location location = nameLocation(name, name);
  auto value = convertAndWarn(
      *initializer.scope->initializers.lookup(initializer.name), location);
  if (!value)
    return failure();
  hash.add(GraphHash::Entry().add("constant").add(name).add(value));
  initializer.scope->values[initializer.name] =
      arith::ConstantOp::create(builder, location, value);
  return success();
}

LogicalResult Importer::buildOne(Scope &scope, const NodeProto &node) {
  GraphHash::Entry entry;
  entry.add("node").add(isOnnxDomain(node.domain()) ? "" : node.domain());
  entry.add(node.op_type()).add(scope.opset);
  for (const std::string &input : node.input()) {
    Source source = resolve(scope, input);
    entry.add("input").add(source.scope ? source.scope->prefix + source.name
                                        : "");
  }
  for (const std::string &output : node.output())
    entry.add("output").add(scope.prefix + output);
  SmallVector<std::string> names;
  for (const AttributeProto &a : node.attribute())
    names.push_back(a.name());
  llvm::sort(names);
  if (isIf(node)) {
    hash.add(entry);
    return buildIf(scope, node);
  }

  ImportedNode imported(*this, scope, node);
  for (const std::string &name : names) {
    const AttributeProto *a = attribute(scope, node, name);
    if (!a)
      continue;
    entry.add(name).add(uint64_t(a->type())).add(uint64_t(a->i()));
    entry.add(llvm::bit_cast<uint32_t>(a->f())).add(a->s());
    for (int64_t x : a->ints())
      entry.add(uint64_t(x));
    for (float x : a->floats())
      entry.add(llvm::bit_cast<uint32_t>(x));
    for (const std::string &x : a->strings())
      entry.add(x);
    if (a->has_t()) {
      auto tensor = convert(a->t(), imported.location);
      if (!tensor)
        return failure();
      entry.add(tensor);
    }
    // Nodes of a body are hashed where they are built.
    if (a->has_g())
      for (const auto &values : {a->g().input(), a->g().output()})
        for (const auto &value : values)
          entry.add("value").add(value.name());
  }
  hash.add(entry);
  if (isLoop(node))
    return unroll(scope, node);
  if (ItemBuilder build = itemBuilders().lookup(node.op_type()))
    return build(imported);
  return onnxBuilders().lookup(node.op_type())(imported);
}

LogicalResult Importer::build(Scope &scope, const NodeProto &node) {
  struct Frame {
    Scope *scope;
    const NodeProto *node;
    unsigned next = 0;
  };
  SmallVector<Frame> stack;
  if (!done.contains({&scope, &node})) {
    stack.push_back({&scope, &node});
    active.insert({&scope, &node});
  }
  while (!stack.empty()) {
    Frame &frame = stack.back();
    ImportedNode current(*this, *frame.scope, *frame.node);
    if (auto input = dependency(*frame.scope, *frame.node, frame.next)) {
      Source source = resolve(*frame.scope, *input);
      switch (source.kind) {
      case Source::Absent:
      case Source::Known:
        ++frame.next;
        continue;
      case Source::Failed:
        return failure();
      case Source::Missing:
        return current.fail("input '" + *input +
                            "' is computed by no node, and no input or "
                            "initializer of the graph has this name");
      case Source::Circular:
        return current.fail("input '" + *input +
                            "' is part of a cycle of the graph");
      case Source::Initializer:
        if (failed(materialize(source)))
          return failure();
        continue;
      case Source::Node:
        break;
      }
      NodeKey key{source.scope, source.node};
      if (done.contains(key))
        return ImportedNode(*this, *source.scope, *source.node)
            .fail("its output '" + Twine(source.name) +
                  "', which another node reads, is not supported");
      if (!active.insert(key).second)
        return current.fail("input '" + *input +
                            "' is part of a cycle of the graph");
      // This may move the frames.
      stack.push_back({source.scope, source.node});
      continue;
    }
    Frame finished = stack.pop_back_val();
    NodeKey key{finished.scope, finished.node};
    if (failed(buildOne(*finished.scope, *finished.node)))
      return failure();
    active.erase(key);
    done.insert(key);
  }
  return success();
}
