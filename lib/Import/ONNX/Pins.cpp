//===- Pins.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes of the graph's inputs: what the model says, and what the caller pins.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/Diagnostics.h"
#include "octet/Support/Suggest.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

GraphInput *Importer::findInput(StringRef name) {
  auto it = llvm::find_if(inputs, [&](const GraphInput &input) {
    return input.proto->name() == name;
  });
  return it == inputs.end() ? nullptr : &*it;
}

//===----------------------------------------------------------------------===//
// Flags as they are written
//===----------------------------------------------------------------------===//

/// `text` as a shell takes it for one word.
static std::string quoted(StringRef text) {
  bool isPlain = llvm::all_of(text, [](char c) {
    return llvm::isAlnum(c) || StringRef("_-+./:,=@%").contains(c);
  });
  if (isPlain)
    return text.str();
  std::string result = "'";
  for (char c : text)
    result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// The letter of one of `count` unknown dimensions, as people call them.
static std::string dimensionLetter(size_t index, size_t count) {
  static constexpr StringRef letters[] = {"L", "HW", "DHW"};
  return count <= 3 ? letters[count - 1].substr(index, 1).str()
                    : "D" + std::to_string(index);
}

std::string Importer::suggestShape(const GraphInput &input) const {
  if (!input.hasRank)
    return quoted(input.proto->name()) + "=D0xD1x...";
  Shape shape = input.shape;
  // What may stay open is one sample here.
  if (!shape.empty() && shape[0] == ShapedType::kDynamic)
    shape[0] = options.batch;
  size_t count = llvm::count(shape, ShapedType::kDynamic), index = 0;
  SmallVector<std::string> sizes;
  for (int64_t size : shape)
    sizes.push_back(size == ShapedType::kDynamic
                        ? dimensionLetter(index++, count)
                        : std::to_string(size));
  return quoted(input.proto->name()) + "=" + llvm::join(sizes, "x");
}

std::string Importer::suggestPins(ArrayRef<const GraphInput *> inputs,
                                  bool withBatch) const {
  std::string shapes;
  llvm::SetVector<StringRef> names;
  bool areNamed = true;
  for (const GraphInput *input : inputs) {
    shapes +=
        (shapes.empty() ? "--shape " : " --shape ") + suggestShape(*input);
    areNamed &= input->hasRank;
    for (auto [i, size] : llvm::enumerate(input->shape)) {
      bool isBatch = withBatch && i == 0 && input->isBatched;
      if (size != ShapedType::kDynamic && !isBatch)
        continue;
      areNamed &= !input->names[i].empty();
      names.insert(input->names[i]);
    }
  }
  if (!areNamed || names.empty())
    return shapes;
  shapes += " or";
  for (StringRef name : names)
    shapes += " --dim " + quoted(name) + "=N";
  return shapes;
}

//===----------------------------------------------------------------------===//
// Pins
//===----------------------------------------------------------------------===//

static std::string list(ArrayRef<int64_t> shape) {
  SmallVector<std::string> sizes;
  for (int64_t size : shape)
    sizes.push_back(std::to_string(size));
  return llvm::join(sizes, "x");
}

/// True if `name` is among `dims`.
static bool isGiven(ArrayRef<std::pair<std::string, int64_t>> dims,
                    StringRef name) {
  return llvm::any_of(dims,
                      [&](const auto &entry) { return entry.first == name; });
}

LogicalResult Importer::pinShape(StringRef name, ArrayRef<int64_t> shape) {
  GraphInput *input = findInput(name);
  if (!input) {
    if (graph->initializers.contains(name))
      return emitModelError() << "--shape names '" << name
                              << "', which is a constant of the model";
    SmallVector<StringRef> known;
    for (const GraphInput &input : inputs)
      known.push_back(input.proto->name());
    std::string near = suggest(name, known);
    InFlightDiagnostic error = emitModelError()
                               << "--shape names '" << name
                               << "', but the model has no such input" << near;
    if (near.empty() && !known.empty() && known.size() <= 8)
      error << "; its inputs are '" << llvm::join(known, "', '") << "'";
    return error;
  }
  std::string giver = "--shape " + quoted(name) + "=" + list(shape);
  if (!input->hasRank) {
    input->hasRank = true;
    input->names.resize(shape.size());
    input->shape.assign(shape.begin(), shape.end());
    return success();
  }
  if (shape.size() != input->shape.size())
    return emitModelError()
           << giver << " has " << shape.size()
           << (shape.size() == 1 ? " dimension" : " dimensions")
           << ", but the input has " << input->shape.size() << ": give --shape "
           << suggestShape(*input);
  for (auto [i, size] : llvm::enumerate(shape)) {
    int64_t &known = input->shape[i];
    if (known != ShapedType::kDynamic && known != size)
      return emitModelError()
             << giver << " cannot be: the model fixes dimension " << i
             << " of the input at " << known;
    StringRef symbol = input->names[i];
    if (known == ShapedType::kDynamic && !symbol.empty()) {
      auto [it, isNew] = dimensions.try_emplace(symbol, size);
      bool isSame = it->second == size;
      if (!isSame && isGiven(options.dims, symbol))
        return emitModelError()
               << giver << " gives dimension '" << symbol << "' " << size
               << ", and --dim gives it " << it->second << "; give it one size";
      // Some exporters call all dimensions alike: then a name says nothing of
      // other inputs.
      if (!isSame)
        it->second = ShapedType::kDynamic;
    }
    known = size;
  }
  return success();
}

/// Some write -1 for what they do not know.
static bool isFixed(const ONNX_NAMESPACE::TensorShapeProto::Dimension &dim) {
  return dim.has_dim_value() && dim.dim_value() >= 0;
}

/// False for what some write where there is no name, as "?".
static bool isName(StringRef text) {
  return llvm::any_of(text,
                      [](char c) { return llvm::isAlnum(c) || (c & 0x80); });
}

LogicalResult Importer::pinInputs() {
  llvm::StringSet<> seen;
  for (const auto &proto : proto.graph().input()) {
    if (graph->initializers.contains(proto.name()))
      continue;
    if (!seen.insert(proto.name()).second)
      return emitError(nameLocation(proto.name(), proto.name()))
             << "two inputs have this name";
    GraphInput &input = inputs.emplace_back(GraphInput{&proto});
    const auto &tensor = proto.type().tensor_type();
    input.hasRank = tensor.has_shape();
    for (const auto &dim : tensor.shape().dim()) {
      input.shape.push_back(isFixed(dim) ? dim.dim_value()
                                         : ShapedType::kDynamic);
      input.names.push_back(isName(dim.dim_param()) ? dim.dim_param() : "");
    }
  }

  llvm::SetVector<StringRef> known;
  for (const GraphInput &input : inputs)
    for (const std::string &name : input.names)
      if (!name.empty())
        known.insert(name);
  for (const auto &[name, size] : options.dims) {
    if (!known.contains(name))
      return emitModelError() << "--dim names '" << name
                              << "', but no input has a dimension of this name"
                              << suggest(name, known.getArrayRef());
    dimensions[name] = size;
  }
  for (const auto &[name, shape] : options.shapes)
    if (failed(pinShape(name, shape)))
      return failure();

  bool isBatchPinned = false, isBatched = false;
  for (GraphInput &input : inputs) {
    for (auto [size, name] : llvm::zip(input.shape, input.names))
      if (size == ShapedType::kDynamic && !name.empty())
        if (auto it = dimensions.find(name); it != dimensions.end())
          size = it->second;
    if (!input.hasRank || input.shape.empty())
      continue;
    const auto &tensor = input.proto->type().tensor_type();
    input.isBatched = input.shape[0] == ShapedType::kDynamic;
    if (input.isBatched)
      input.shape[0] = options.batch;
    else if (!tensor.has_shape() || !isFixed(tensor.shape().dim(0)))
      isBatchPinned = true;
    isBatched |= input.isBatched;
  }
  if (options.batch != 1 && isBatchPinned && !isBatched)
    return emitModelError()
           << "--batch is for a symbolic first dimension, and here --shape or "
              "--dim gives it a size; leave --batch out";
  return success();
}

LogicalResult Importer::checkPinned() {
  SmallVector<const GraphInput *> open;
  for (const GraphInput &input : inputs) {
    if (!input.isLive)
      continue;
    StringRef name = input.proto->name();
    Location location = nameLocation(name, name);
    if (!input.proto->type().has_tensor_type())
      return emitError(location)
             << "input is not a tensor, which is not supported";
    if (auto *zero = llvm::find(input.shape, 0); zero != input.shape.end())
      return emitError(location)
             << "dimension " << zero - input.shape.begin()
             << " of the input is 0, not a positive number; export the model "
                "with sizes that are";
    if (!input.hasRank || llvm::is_contained(input.shape, ShapedType::kDynamic))
      open.push_back(&input);
  }
  if (open.empty())
    return success();
  const GraphInput &first = *open.front();
  StringRef name = first.proto->name();
  InFlightDiagnostic error = emitError(nameLocation(name, name));
  if (first.hasRank)
    error << "dimension "
          << llvm::find(first.shape, ShapedType::kDynamic) - first.shape.begin()
          << " of the input is unknown";
  else
    error << "the input's rank is unknown";
  if (open.size() > 1) {
    error << ", and so are dimensions of ";
    for (const auto &[i, input] : llvm::enumerate(ArrayRef(open).drop_front()))
      error << (i ? ", '" : "'") << input->proto->name() << "'";
  }
  return error << "; give " << suggestPins(open)
               << ": only the first dimension, the batch, may stay open";
}
