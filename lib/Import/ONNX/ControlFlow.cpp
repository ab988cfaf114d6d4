//===- ControlFlow.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// If, and what bodies of nodes are: a branch whose condition is a constant
// takes the node's place, of others both are computed and one is chosen.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

const BodyInfo &Importer::inspect(const GraphProto &body) {
  // Graphs nest no deeper than messages of the format do.
  if (const auto &known = bodies[&body])
    return *known;
  auto info = std::make_unique<BodyInfo>();
  llvm::StringMap<const NodeProto *> producers;
  llvm::StringSet<> own, read;
  for (const auto &input : body.input())
    own.insert(input.name());
  for (const auto &initializer : body.initializer())
    own.insert(initializer.name());
  for (const NodeProto &node : body.node())
    for (const std::string &name : node.output()) {
      own.insert(name);
      producers.try_emplace(name, &node);
    }
  auto capture = [&](const std::string &name) {
    if (!name.empty() && !own.contains(name) && read.insert(name).second)
      info->captures.push_back(name);
  };
  // From what a body is given to all that is computed of it.
  llvm::StringMap<SmallVector<const NodeProto *>> readers;
  for (const NodeProto &node : body.node()) {
    auto reads = [&](const std::string &name) {
      capture(name);
      readers[name].push_back(&node);
    };
    llvm::for_each(node.input(), reads);
    for (const AttributeProto &attribute : node.attribute())
      if (attribute.has_g())
        llvm::for_each(inspect(attribute.g()).captures, reads);
  }
  for (const auto &output : body.output())
    capture(output.name());
  llvm::DenseSet<const NodeProto *> variant;
  SmallVector<std::string> work;
  for (const auto &input : body.input())
    work.push_back(input.name());
  while (!work.empty())
    for (const NodeProto *node : readers.lookup(work.pop_back_val()))
      if (variant.insert(node).second)
        work.append(node->output().begin(), node->output().end());
  for (const NodeProto &node : body.node())
    (variant.contains(&node) ? info->variant : info->invariant)
        .push_back(&node);
  return *(bodies[&body] = std::move(info));
}

std::optional<StringRef>
Importer::dependency(Scope &scope, const NodeProto &node, unsigned i) {
  if (i < static_cast<unsigned>(node.input_size()))
    return node.input(i);
  SmallVector<StringRef, 2> names;
  if (isLoop(node))
    names = {"body"};
  else if (isIf(node) && node.input_size() &&
           !ImportedNode(*this, scope, node).constantInput(0))
    names = {"then_branch", "else_branch"};
  i -= node.input_size();
  for (StringRef name : names) {
    const AttributeProto *body = attribute(scope, node, name);
    if (!body || !body->has_g())
      continue;
    const auto &captures = inspect(body->g()).captures;
    if (i < captures.size())
      return captures[i];
    i -= captures.size();
  }
  return std::nullopt;
}

Scope *Importer::enterBody(Scope &outer, const Twine &prefix) {
  Scope *scope = scopes.emplace_back(std::make_unique<Scope>()).get();
  scope->outer = &outer;
  scope->depth = outer.depth;
  scope->prefix = (outer.prefix + prefix).str();
  scope->opset = outer.opset;
  return scope;
}

FailureOr<Source> Importer::resolveBuilt(Scope &scope, StringRef name) {
  // Behind an If that is built stands the result of a branch.
  const NodeProto *last = nullptr;
  while (true) {
    Source source = resolve(scope, name);
    bool isNode = source.kind == Source::Node && source.node != last;
    if (!isNode && source.kind != Source::Initializer)
      return source;
    last = source.node;
    if (failed(isNode ? build(*source.scope, *source.node)
                      : materialize(source)))
      return failure();
  }
}

FailureOr<Item> Importer::require(Scope &scope, const std::string &name,
                                  ImportedNode &reader) {
  auto built = resolveBuilt(scope, name);
  if (failed(built))
    return failure();
  const Source &source = *built;
  switch (source.kind) {
  case Source::Known:
    if (Value value = source.scope->values.lookup(source.name))
      return Item{value, nullptr};
    return source.scope->items.lookup(source.name);
  case Source::Failed:
    return failure();
  case Source::Node:
    return ImportedNode(*this, *source.scope, *source.node)
        .fail("its output '" + Twine(source.name) + "' is not supported");
  default:
    return reader.fail("the result '" + Twine(name) +
                       "' of its body is computed by no node");
  }
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

static std::vector<std::string> outputNames(const GraphProto &graph) {
  std::vector<std::string> names;
  for (const auto &output : graph.output())
    names.push_back(output.name());
  return names;
}

LogicalResult Importer::buildIf(Scope &scope, const NodeProto &node) {
  ImportedNode branching(*this, scope, node);
  Value condition = branching.input(0);
  if (!condition)
    return failure();
  if (!typeOf(condition).getElementType().isInteger(1) ||
      typeOf(condition).getNumElements() != 1)
    return branching.fail("its condition must be one truth value");
  ConstantView constant = integerConstant(branching.constantInput(0));
  if (!constant)
    return chooseAtRunTime(scope, node, condition);
  bool isTaken = !constant.getSplatValue<APInt>().isZero();
  const AttributeProto *body =
      attribute(scope, node, isTaken ? "then_branch" : "else_branch");
  if (!body || !body->has_g())
    return branching.fail("lacks a branch");
  Scope *taken = enterBody(scope, "");
  for (const auto &initializer : body->g().initializer())
    taken->initializers[initializer.name()] = &initializer;
  if (failed(fill(*taken, pointers(body->g().node()))))
    return failure();
  branches[{&scope, &node}] = {taken, &body->g()};
  return failure(failed(markLive(*taken, outputNames(body->g()))) ||
                 failed(judge()));
}

LogicalResult Importer::chooseAtRunTime(Scope &scope, const NodeProto &node,
                                        Value condition) {
  ImportedNode branching(*this, scope, node);
  SmallVector<Item> results[2];
  for (bool isElse : {false, true}) {
    const AttributeProto *body =
        attribute(scope, node, isElse ? "else_branch" : "then_branch");
    if (!body || !body->has_g())
      return branching.fail("lacks a branch");
    if (body->g().output_size() < node.output_size())
      return branching.fail("a branch has fewer results than the node");
    std::string name = node.name();
    if (node.output_size())
      name = node.output(0);
    Scope *branch = enterBody(scope, name + (isElse ? "/else/" : "/then/"));
    for (const auto &initializer : body->g().initializer())
      branch->initializers[initializer.name()] = &initializer;
    auto names = outputNames(body->g());
    if (failed(fill(*branch, pointers(body->g().node()))) ||
        failed(markLive(*branch, names)) || failed(judge()))
      return failure();
    for (const std::string &result : names) {
      auto item = require(*branch, result, branching);
      if (failed(item))
        return failure();
      results[isElse].push_back(*item);
    }
  }
  condition = branching.reshape(condition, {});
  for (int i = 0; i < node.output_size(); ++i) {
    if (!branching.hasOutput(i))
      continue;
    Value then = results[0][i].tensor, otherwise = results[1][i].tensor;
    if (!then || !otherwise || then.getType() != otherwise.getType())
      return branching.fail(
          "its condition '" + Twine(node.input(0)) +
          "' is computed at run time, and its branches do not give tensors of "
          "one type and shape; export the model such that the condition is a "
          "constant");
    branching.nameOutput(i);
    Value chosen = then == otherwise
                       ? then
                       : branching.create<SelectOp>(condition, then, otherwise);
    if (!chosen || failed(branching.setItem(i, {chosen, nullptr})))
      return failure();
  }
  return success();
}
