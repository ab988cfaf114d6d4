//===- Sequences.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sequences and optionals. They exist while a model is imported: lists whose
// lengths and positions are known, of values that are computed when it runs.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// Elements that all sequences of a model may hold; one that grows step by step
/// is counted with each step.
static constexpr int64_t maxListed = 1 << 24;

LogicalResult Importer::countListed(ImportedNode &node, size_t elements) {
  listedElements += elements;
  if (listedElements > maxListed)
    return node.fail("the model's sequences have more than " +
                     Twine(maxListed) +
                     " elements; export it with shorter ones");
  return success();
}

/// The position that input `i` says, or `absent`, in a sequence of `size`.
static FailureOr<int64_t> positionIn(ImportedNode &node, unsigned i,
                                     int64_t size, int64_t absent) {
  if (!node.hasInput(i))
    return absent;
  auto given = node.constantInt(i, "position");
  if (failed(given))
    return failure();
  int64_t position = *given < 0 ? *given + size : *given;
  if (*given < -size || position < 0 || position > size)
    return node.fail("position " + Twine(*given) +
                     " is out of range for a sequence of " + Twine(size));
  return position;
}

static LogicalResult buildSequenceConstruct(ImportedNode &node) {
  auto elements = node.allInputs();
  return elements.empty() ? failure() : node.setList(0, elements);
}

static LogicalResult buildSequenceEmpty(ImportedNode &node) {
  return node.setList(0, {});
}

static LogicalResult buildSequenceAt(ImportedNode &node) {
  auto list = node.list(0);
  if (failed(list))
    return failure();
  int64_t size = list->size();
  auto position = positionIn(node, 1, size, size);
  if (failed(position))
    return failure();
  if (*position == size)
    return node.fail("its position is behind the last of " + Twine(size) +
                     " elements");
  return node.setOutput((*list)[*position]);
}

static LogicalResult buildSequenceErase(ImportedNode &node) {
  auto list = node.list(0);
  if (failed(list))
    return failure();
  int64_t size = list->size();
  auto position = positionIn(node, 1, size, size - 1);
  if (failed(position))
    return failure();
  if (*position < 0 || *position == size)
    return node.fail("there is no element at its position, of " + Twine(size));
  SmallVector<Value> rest(*list);
  rest.erase(rest.begin() + *position);
  return node.setList(0, rest);
}

static LogicalResult buildSequenceInsert(ImportedNode &node) {
  auto list = node.list(0);
  Value element = node.input(1);
  if (failed(list) || !element)
    return failure();
  auto position = positionIn(node, 2, list->size(), list->size());
  if (failed(position))
    return failure();
  SmallVector<Value> more(*list);
  more.insert(more.begin() + *position, element);
  return node.setList(0, more);
}

static LogicalResult buildSequenceLength(ImportedNode &node) {
  auto list = node.list(0);
  if (failed(list))
    return failure();
  int64_t size = list->size();
  return node.setOutput(node.reshape(node.constantInts({size}), {}));
}

/// Parts of given sizes, of one size, or single elements.
static LogicalResult buildSplitToSequence(ImportedNode &node) {
  Value input = node.input(0);
  auto given = node.intsFrom("split", 1, 1);
  if (!input || failed(given))
    return failure();
  Shape shape(typeOf(input).getShape());
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 0), shape.size());
  if (!axis)
    return node.fail("axis is out of range");
  int64_t size = shape[*axis];
  bool drops = !*given && !node.getInt("keepdims", 1);
  Shape parts;
  if (*given && typeOf(node.input(1)).getRank() > 0) {
    parts = **given;
  } else {
    int64_t each = *given ? (**given)[0] : 1;
    if (each < 1)
      return node.fail("split must be positive");
    for (int64_t at = 0; at < size; at += std::min(each, size - at))
      parts.push_back(std::min(each, size - at));
  }
  int64_t sum = 0;
  for (int64_t part : parts)
    if (part < 1 || llvm::AddOverflow(sum, part, sum))
      return node.fail("the sizes of its parts must be positive");
  if (sum != size)
    return node.fail("the sizes of its parts do not add up to dimension " +
                     Twine(*axis) + " of the input");
  Shape offsets(shape.size(), 0), strides(shape.size(), 1);
  SmallVector<Value> elements;
  for (int64_t part : parts) {
    shape[*axis] = part;
    elements.push_back(drops ? elementAt(node, input, *axis, offsets[*axis])
                             : node.slice(input, offsets, shape, strides));
    offsets[*axis] += part;
  }
  return node.setList(0, elements);
}

static LogicalResult buildConcatFromSequence(ImportedNode &node) {
  auto list = node.list(0);
  if (failed(list))
    return failure();
  if (list->empty())
    return node.fail("its sequence is empty");
  bool isNew = node.getInt("new_axis", 0) != 0;
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 0),
                                      typeOf(list->front()).getRank() +
                                          (isNew ? 1 : 0));
  if (!axis)
    return node.fail("axis is out of range");
  return node.setOutput(join(node, *list, *axis, isNew));
}

/// What is in an optional stands for it.
static LogicalResult buildOptional(ImportedNode &node) {
  if (!node.hasInput(0))
    return node.setItem(0, {});
  auto item = node.item(0);
  return failed(item) ? failure() : node.setItem(0, *item);
}

static LogicalResult buildOptionalGetElement(ImportedNode &node) {
  auto item = node.item(0);
  if (failed(item))
    return failure();
  if (!item->tensor && !item->list)
    return node.fail("the optional '" + node.inputName(0) + "' holds nothing");
  return node.setItem(0, *item);
}

static LogicalResult buildOptionalHasElement(ImportedNode &node) {
  bool has = false;
  if (node.hasInput(0)) {
    auto item = node.item(0);
    if (failed(item))
      return failure();
    has = item->tensor || item->list;
  }
  auto type = RankedTensorType::get({}, node.builder.getI1Type());
  return node.setOutput(node.constant(makeSplat(type, has)));
}

static LogicalResult buildIdentity(ImportedNode &node) {
  auto item = node.item(0);
  return failed(item) ? failure() : node.setItem(0, *item);
}

const llvm::StringMap<ItemBuilder> &onnx_import::itemBuilders() {
  static const llvm::StringMap<ItemBuilder> table = {
      {"ConcatFromSequence", buildConcatFromSequence},
      {"Identity", buildIdentity},
      {"Optional", buildOptional},
      {"OptionalGetElement", buildOptionalGetElement},
      {"OptionalHasElement", buildOptionalHasElement},
      {"SequenceAt", buildSequenceAt},
      {"SequenceConstruct", buildSequenceConstruct},
      {"SequenceEmpty", buildSequenceEmpty},
      {"SequenceErase", buildSequenceErase},
      {"SequenceInsert", buildSequenceInsert},
      {"SequenceLength", buildSequenceLength},
      {"SplitToSequence", buildSplitToSequence},
  };
  return table;
}
