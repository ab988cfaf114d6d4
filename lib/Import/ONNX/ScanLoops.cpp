//===- ScanLoops.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scan, whose steps are put one behind the other.
//
//===----------------------------------------------------------------------===//

#include "LoopBody.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

namespace {
/// What a Scan walks along, and what it makes.
struct Scanning {
  ImportedNode &node;
  LoopBody &body;
  /// Inputs that are scanned, which axis of each, and whether from its end.
  SmallVector<Value> inputs;
  Shape axes;
  SmallVector<bool> reversed;

  /// Walks `steps` steps and changes `state` to the last.
  FailureOr<SmallVector<Collected>> run(SmallVector<Item> &state,
                                        int64_t steps) {
    SmallVector<Collected> collected(body.numOutputs() - state.size());
    for (int64_t t = 0; t < steps; ++t) {
      SmallVector<Item> given(state);
      for (auto [i, input] : llvm::enumerate(inputs)) {
        int64_t size = typeOf(input).getDimSize(axes[i]);
        Value element =
            elementAt(node, input, axes[i], reversed[i] ? size - 1 - t : t);
        if (!element)
          return failure();
        given.push_back({element, nullptr});
      }
      auto results = body.step(given);
      if (failed(results))
        return failure();
      size_t count = state.size();
      state.assign(results->begin(), results->begin() + count);
      for (auto [i, outputs] : llvm::enumerate(collected))
        if (failed(outputs.add(node, body, i + count, (*results)[i + count])))
          return failure();
    }
    return collected;
  }
};
} // namespace

/// One flag or axis for each of `count` values: zeros unless given.
static FailureOr<Shape> listOf(ImportedNode &node, StringRef name,
                               int64_t count) {
  auto given = node.getInts(name);
  if (given && static_cast<int64_t>(given->size()) != count)
    return node.fail(name + " must have " + Twine(count) + " entries");
  return given.value_or(Shape(count, 0));
}

/// Operator set 8: samples of a batch, one after the other, each of a length of
/// its own. What lies behind it is zero.
static LogicalResult scanBatch(ImportedNode &node, LoopBody &body,
                               ArrayRef<Item> states, ArrayRef<Value> inputs) {
  auto directions = listOf(node, "directions", inputs.size());
  if (failed(directions))
    return failure();
  int64_t batch = 0, length = 0;
  for (Value input : inputs) {
    auto shape = typeOf(input).getShape();
    if (shape.size() < 2 ||
        (batch && (shape[0] != batch || shape[1] != length)))
      return node.fail(
          "what it scans must begin with one batch and one length");
    batch = shape[0];
    length = shape[1];
  }
  for (const Item &state : states)
    if (!state.tensor || typeOf(state.tensor).getRank() < 1 ||
        typeOf(state.tensor).getDimSize(0) != batch)
      return node.fail("its state must begin with the batch");
  auto lengths = node.intsFrom("sequence_lens", 0, 8);
  if (failed(lengths))
    return failure();
  if (*lengths &&
      (static_cast<int64_t>((*lengths)->size()) != batch ||
       llvm::any_of(**lengths, [&](int64_t n) { return n < 1 || n > length; })))
    return node.fail("sequence_lens must be a length between 1 and " +
                     Twine(length) + " for each of the batch");
  SmallVector<SmallVector<Value>> outputs(body.numOutputs());
  for (int64_t b = 0; b < batch; ++b) {
    Scanning scanning{node, body, {}, Shape(inputs.size(), 0), {}};
    int64_t steps = *lengths ? (**lengths)[b] : length;
    for (auto [i, input] : llvm::enumerate(inputs)) {
      Value sample = elementAt(node, input, 0, b);
      // What is walked from its end begins at the end of its sample.
      if (sample && (*directions)[i] && steps != length) {
        Shape sizes(typeOf(sample).getShape());
        sizes[0] = steps;
        sample = node.slice(sample, Shape(sizes.size(), 0), sizes,
                            Shape(sizes.size(), 1));
      }
      if (!sample)
        return failure();
      scanning.inputs.push_back(sample);
      scanning.reversed.push_back((*directions)[i] != 0);
    }
    SmallVector<Item> state;
    for (const Item &given : states)
      state.push_back({elementAt(node, given.tensor, 0, b), nullptr});
    auto collected = scanning.run(state, steps);
    if (failed(collected))
      return failure();
    for (auto [i, item] : llvm::enumerate(state))
      outputs[i].push_back(item.tensor);
    for (auto [i, each] : llvm::enumerate(*collected)) {
      for (int64_t t = steps; t < length; ++t)
        each.parts.push_back(
            node.broadcast(node.scalarLike(each.parts.front(), 0),
                           typeOf(each.parts.front()).getShape()));
      outputs[state.size() + i].push_back(
          join(node, each.parts, 0, /*isNew=*/true));
    }
  }
  for (auto [i, samples] : llvm::enumerate(outputs)) {
    if (!node.hasOutput(i))
      continue;
    node.nameOutput(i);
    Value joined = join(node, samples, 0, /*isNew=*/true);
    if (!joined || failed(node.setItem(i, {joined, nullptr})))
      return failure();
  }
  return success();
}

LogicalResult onnx_import::unrollScan(Importer &importer, Scope &scope,
                                      const NodeProto &node) {
  ImportedNode scan(importer, scope, node);
  int64_t first = scan.opset < 9 ? 1 : 0, given = node.input_size() - first;
  int64_t scanned = scan.getInt("num_scan_inputs", 0);
  if (scanned < 1 || scanned > given)
    return scan.fail("num_scan_inputs must be between 1 and the number of its "
                     "inputs");
  int64_t carried = given - scanned;
  auto body = LoopBody::enter(importer, scope, node, given, carried);
  if (failed(body))
    return failure();
  if (node.output_size() > body->numOutputs())
    return scan.fail("has more outputs than its body");
  SmallVector<Item> state;
  for (int64_t i = 0; i < carried; ++i) {
    auto item = scan.item(first + i);
    if (failed(item))
      return failure();
    state.push_back(*item);
  }
  SmallVector<Value> inputs;
  for (int64_t i = 0; i < scanned; ++i) {
    inputs.push_back(scan.input(first + carried + i));
    if (!inputs.back())
      return failure();
  }
  if (scan.opset < 9)
    return scanBatch(scan, *body, state, inputs);

  int64_t stacked = body->numOutputs() - carried;
  auto axes = listOf(scan, "scan_input_axes", scanned);
  auto directions = listOf(scan, "scan_input_directions", scanned);
  auto outputAxes = listOf(scan, "scan_output_axes", stacked);
  auto outputDirections = listOf(scan, "scan_output_directions", stacked);
  if (failed(axes) || failed(directions) || failed(outputAxes) ||
      failed(outputDirections))
    return failure();
  Scanning scanning{scan, *body, inputs, {}, {}};
  int64_t steps = 0;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto axis = OnnxNode::normalizeAxis((*axes)[i], typeOf(input).getRank());
    if (!axis)
      return scan.fail("an axis of scan_input_axes is out of range");
    int64_t size = typeOf(input).getDimSize(*axis);
    if (i > 0 && size != steps)
      return scan.fail("what it scans differs in length");
    steps = size;
    scanning.axes.push_back(*axis);
    scanning.reversed.push_back((*directions)[i] != 0);
  }
  if (failed(body->checkSteps(steps)))
    return failure();
  auto collected = scanning.run(state, steps);
  if (failed(collected))
    return failure();
  for (int64_t i = 0; i < node.output_size(); ++i) {
    if (!scan.hasOutput(i))
      continue;
    scan.nameOutput(i);
    Item result;
    if (i < carried) {
      result = state[i];
    } else {
      auto &parts = (*collected)[i - carried].parts;
      // Of a constant without elements there is no step.
      if (parts.empty())
        continue;
      auto axis = OnnxNode::normalizeAxis((*outputAxes)[i - carried],
                                          typeOf(parts.front()).getRank() + 1);
      if (!axis)
        return scan.fail("an axis of scan_output_axes is out of range");
      if ((*outputDirections)[i - carried])
        std::reverse(parts.begin(), parts.end());
      result.tensor = join(scan, parts, *axis, /*isNew=*/true);
      if (!result.tensor)
        return failure();
    }
    if (failed(scan.setItem(i, result)))
      return failure();
  }
  return success();
}
