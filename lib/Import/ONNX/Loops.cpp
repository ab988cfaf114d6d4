//===- Loops.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loop and SequenceMap, whose steps are put one behind the other. What
// does not depend on the step is built once for all of them.
//
//===----------------------------------------------------------------------===//

#include "LoopBody.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// Nodes that all loops of a model may become.
static constexpr int64_t maxUnrolled = 1 << 15;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

Value onnx_import::join(OnnxNode &node, ArrayRef<Value> parts, int64_t axis,
                        bool isNew) {
  SmallVector<Value> aligned;
  for (Value part : parts) {
    if (!part)
      return {};
    Shape shape(typeOf(part).getShape());
    if (isNew)
      shape.insert(shape.begin() + axis, 1);
    aligned.push_back(node.reshape(part, shape));
    if (!aligned.back())
      return {};
  }
  if (aligned.size() == 1)
    return aligned.front();
  return node.create<ConcatOp>(ValueRange(aligned),
                               node.builder.getI64IntegerAttr(axis));
}

Value onnx_import::elementAt(OnnxNode &node, Value value, int64_t axis,
                             int64_t position) {
  Shape sizes(typeOf(value).getShape());
  Shape offsets(sizes.size(), 0), strides(sizes.size(), 1);
  offsets[axis] = position;
  sizes[axis] = 1;
  Value slice = node.slice(value, offsets, sizes, strides);
  sizes.erase(sizes.begin() + axis);
  return node.reshape(slice, sizes);
}

FailureOr<LoopBody> LoopBody::enter(Importer &importer, Scope &scope,
                                    const NodeProto &node, int64_t inputs,
                                    int64_t leastOutputs) {
  ImportedNode loop(importer, scope, node);
  const AttributeProto *body = importer.attribute(scope, node, "body");
  if (!body || !body->has_g())
    return loop.fail("has no body");
  const GraphProto &graph = body->g();
  if (graph.input_size() != inputs)
    return loop.fail("its body takes " + Twine(graph.input_size()) +
                     " values and is given " + Twine(inputs));
  if (graph.output_size() < leastOutputs)
    return loop.fail("its body has " + Twine(graph.output_size()) +
                     " results, fewer than the values that it hands on");
  LoopBody result(importer, scope, node, graph);
  std::string name = node.output_size() ? node.output(0) : node.name();
  result.shared = importer.enterBody(scope, name + "/");
  for (const auto &initializer : graph.initializer())
    result.shared->initializers[initializer.name()] = &initializer;
  if (failed(importer.fill(*result.shared, result.info.invariant)))
    return failure();
  return result;
}

LogicalResult LoopBody::checkSteps(int64_t more) {
  int64_t each = std::max<int64_t>(1, info.variant.size());
  if (more > (maxUnrolled - importer.unrolledNodes) / each)
    return ImportedNode(importer, scope, node)
        .fail("its steps, put one behind the other, bring the model's loops to "
              "more than " +
              Twine(maxUnrolled) + " nodes; export it with fewer steps");
  return success();
}

FailureOr<SmallVector<Item>> LoopBody::step(ArrayRef<Item> inputs) {
  if (failed(checkSteps(1)))
    return failure();
  importer.unrolledNodes += std::max<int64_t>(1, info.variant.size());
  ImportedNode loop(importer, scope, node);
  Scope *inner = importer.enterBody(*shared, Twine(steps) + "/");
  inner->isRepeated = steps++ > 0;
  for (auto [i, item] : llvm::enumerate(inputs)) {
    StringRef name = graph.input(i).name();
    if (item.tensor)
      inner->values[name] = item.tensor;
    else
      inner->items[name] = item;
  }
  SmallVector<std::string> names;
  for (const auto &output : graph.output())
    names.push_back(output.name());
  if (failed(importer.fill(*inner, info.variant)) ||
      failed(importer.markLive(*inner, names)) || failed(importer.judge()))
    return failure();
  SmallVector<Item> results;
  for (const std::string &name : names) {
    auto item = importer.require(*inner, name, loop);
    if (failed(item))
      return failure();
    results.push_back(*item);
  }
  return results;
}

LogicalResult Collected::add(OnnxNode &node, const LoopBody &body,
                             unsigned result, const Item &item) {
  if (!item.tensor)
    return node.fail("the result '" + body.outputName(result) +
                     "' of its body is no tensor and cannot be stacked");
  if (!parts.empty() && parts.front().getType() != item.tensor.getType())
    return node.fail("the result '" + body.outputName(result) +
                     "' of its body changes its shape from step to step");
  parts.push_back(item.tensor);
  return success();
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

static Item scalar(OnnxNode &node, Type element, int64_t value) {
  return {node.constant(makeSplat(RankedTensorType::get({}, element),
                                  APInt(element.getIntOrFloatBitWidth(), value,
                                        /*isSigned=*/true,
                                        /*implicitTrunc=*/true))),
          nullptr};
}

static LogicalResult unrollLoop(Importer &importer, Scope &scope,
                                const NodeProto &node) {
  ImportedNode loop(importer, scope, node);
  unsigned carried = std::max<int>(2, node.input_size()) - 2;
  auto body = LoopBody::enter(importer, scope, node, carried + 2, carried + 1);
  if (failed(body))
    return failure();
  int64_t last = std::numeric_limits<int64_t>::max();
  bool hasCondition = loop.hasInput(1), goesOn = true;
  if (loop.hasInput(0)) {
    auto count = loop.constantInt(0, "number of steps");
    if (failed(count))
      return failure();
    last = *count;
  }
  if (hasCondition) {
    auto condition = loop.constantInt(1, "condition");
    if (failed(condition))
      return failure();
    goesOn = *condition != 0;
  } else if (failed(body->checkSteps(std::max<int64_t>(0, last)))) {
    return failure();
  }
  SmallVector<Item> state;
  for (unsigned i = 0; i < carried; ++i) {
    auto item = loop.item(i + 2);
    if (failed(item))
      return failure();
    state.push_back(*item);
  }
  SmallVector<Collected> collected(body->numOutputs() - 1 - carried);
  for (int64_t t = 0; t < last && goesOn; ++t) {
    SmallVector<Item> inputs{scalar(loop, loop.builder.getI64Type(), t),
                             scalar(loop, loop.builder.getI1Type(), 1)};
    inputs.append(state);
    auto results = body->step(inputs);
    if (failed(results))
      return failure();
    state.assign(results->begin() + 1, results->begin() + 1 + carried);
    for (auto [i, outputs] : llvm::enumerate(collected))
      if (failed(outputs.add(loop, *body, i + 1 + carried,
                             (*results)[i + 1 + carried])))
        return failure();
    if (!hasCondition || t + 1 == last)
      continue;
    Value value = results->front().tensor;
    ConstantView condition = value ? matchIntegers(value) : ConstantView();
    if (!condition || condition.getNumElements() != 1)
      return loop.fail("whether it goes on, '" + body->outputName(0) +
                       "', is computed at run time; export the model such that "
                       "it is a constant");
    goesOn = condition.getInteger(0) != 0;
  }
  for (int i = 0; i < node.output_size(); ++i) {
    if (!loop.hasOutput(i))
      continue;
    loop.nameOutput(i);
    unsigned which = i;
    if (which < carried) {
      if (failed(loop.setItem(i, state[which])))
        return failure();
      continue;
    }
    which -= carried;
    // Without a step there is nothing, and who reads it is told so.
    if (which >= collected.size() || collected[which].parts.empty())
      continue;
    Value stacked = join(loop, collected[which].parts, 0, /*isNew=*/true);
    if (!stacked || failed(loop.setItem(i, {stacked, nullptr})))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// SequenceMap
//===----------------------------------------------------------------------===//

static LogicalResult unrollMap(Importer &importer, Scope &scope,
                               const NodeProto &node) {
  ImportedNode map(importer, scope, node);
  auto first = map.list(0);
  if (failed(first))
    return failure();
  auto body = LoopBody::enter(importer, scope, node, node.input_size(),
                              node.output_size());
  if (failed(body))
    return failure();
  SmallVector<Item> given;
  for (int i = 0; i < node.input_size(); ++i) {
    auto item = map.item(i);
    if (failed(item))
      return failure();
    if (item->list && item->list->size() != first->size())
      return map.fail("its sequences differ in length");
    given.push_back(*item);
  }
  SmallVector<SmallVector<Value>> results(body->numOutputs());
  for (size_t t = 0; t < first->size(); ++t) {
    SmallVector<Item> inputs;
    for (const Item &item : given)
      inputs.push_back(item.list ? Item{(*item.list)[t], nullptr} : item);
    auto made = body->step(inputs);
    if (failed(made))
      return failure();
    for (auto [i, item] : llvm::enumerate(*made)) {
      if (!item.tensor)
        return map.fail("the result '" + body->outputName(i) +
                        "' of its body is no tensor");
      results[i].push_back(item.tensor);
    }
  }
  for (int i = 0; i < node.output_size(); ++i)
    if (failed(map.setList(i, results[i])))
      return failure();
  return success();
}

LogicalResult Importer::unroll(Scope &scope, const NodeProto &node) {
  if (node.op_type() == "Loop")
    return unrollLoop(*this, scope, node);
  if (node.op_type() == "Scan")
    return unrollScan(*this, scope, node);
  return unrollMap(*this, scope, node);
}
