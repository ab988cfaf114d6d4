//===- ImportedNode.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

static Location locationOf(MLIRContext *context, const Scope &scope,
                           const NodeProto &node, int output) {
  std::string value =
      scope.prefix +
      (output < node.output_size() ? node.output(output) : node.name());
  return getOnnxLocation(
      context, node.name().empty() ? "" : scope.prefix + node.name(), value);
}

ImportedNode::ImportedNode(Importer &importer, Scope &scope,
                           const NodeProto &proto)
    : OnnxNode(importer.builder,
               locationOf(importer.builder.getContext(), scope, proto, 0),
               scope.opset),
      importer(importer), scope(scope), proto(proto) {}

void ImportedNode::nameOutput(unsigned i) {
  location = locationOf(builder.getContext(), scope, proto, i);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

bool ImportedNode::hasAttribute(StringRef name) const {
  return attribute(name);
}

int64_t ImportedNode::getInt(StringRef name, int64_t fallback) const {
  const auto *a = attribute(name);
  return a ? a->i() : fallback;
}

float ImportedNode::getFloat(StringRef name, float fallback) const {
  const auto *a = attribute(name);
  return a ? a->f() : fallback;
}

std::string ImportedNode::getString(StringRef name, StringRef fallback) const {
  const auto *a = attribute(name);
  return a ? a->s() : fallback.str();
}

std::optional<Shape> ImportedNode::getInts(StringRef name) const {
  const auto *a = attribute(name);
  if (!a)
    return std::nullopt;
  return Shape(a->ints().begin(), a->ints().end());
}

std::optional<SmallVector<float>>
ImportedNode::getFloats(StringRef name) const {
  const auto *a = attribute(name);
  if (!a)
    return std::nullopt;
  return SmallVector<float>(a->floats().begin(), a->floats().end());
}

std::optional<SmallVector<std::string>>
ImportedNode::getStrings(StringRef name) const {
  const auto *a = attribute(name);
  if (!a)
    return std::nullopt;
  return SmallVector<std::string>(a->strings().begin(), a->strings().end());
}

ElementsAttr ImportedNode::getTensor(StringRef name) {
  const auto *a = attribute(name);
  if (!a || !a->has_t()) {
    (void)fail("has no tensor attribute '" + name + "'");
    return {};
  }
  return importer.convertAndWarn(a->t(), location);
}

Type ImportedNode::typeNumbered(int64_t number) {
  return importer.computedType(number);
}

Type ImportedNode::typeNamed(StringRef name) {
  TensorProto::DataType type;
  return TensorProto::DataType_Parse(name.str(), &type)
             ? importer.computedType(type)
             : Type();
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

bool ImportedNode::hasInput(unsigned i) {
  return i < numInputs() &&
         importer.resolve(scope, proto.input(i)).kind != Source::Absent;
}

bool ImportedNode::hasOutput(unsigned i) const {
  return i < numOutputs() && !proto.output(i).empty();
}

Value ImportedNode::input(unsigned i) {
  if (!hasInput(i)) {
    (void)fail("input " + Twine(i) + " is missing");
    return {};
  }
  // The importer has built what a node depends on.
  Source source = importer.resolve(scope, proto.input(i));
  assert(source.kind == Source::Known && "a node is built after its inputs");
  Value value = source.scope->values.lookup(source.name);
  if (!value)
    (void)fail("input '" + inputName(i) +
               "' is a sequence or an optional, of which this operator takes "
               "none");
  return value;
}

FailureOr<Item> ImportedNode::item(unsigned i) {
  if (!hasInput(i))
    return fail("input " + Twine(i) + " is missing");
  Source source = importer.resolve(scope, proto.input(i));
  assert(source.kind == Source::Known && "a node is built after its inputs");
  if (Value value = source.scope->values.lookup(source.name))
    return Item{value, nullptr};
  return source.scope->items.lookup(source.name);
}

FailureOr<ArrayRef<Value>> ImportedNode::list(unsigned i) {
  auto found = item(i);
  if (failed(found))
    return failure();
  if (!found->list)
    return fail("input '" + inputName(i) + "' must be a sequence");
  // The scope keeps it.
  return ArrayRef<Value>(*found->list);
}

FailureOr<int64_t> ImportedNode::constantInt(unsigned i, StringRef what) {
  if (!input(i))
    return failure();
  ConstantView number = integerConstant(constantInput(i));
  if (!number)
    return fail("its " + what + " '" + inputName(i) +
                "' is computed at run time; export the model such that it is a "
                "constant");
  if (number.getNumElements() != 1)
    return fail("its " + what + " '" + inputName(i) + "' must be one integer");
  APInt value = number.getValue<APInt>(0);
  return number.getElementType().isInteger(1) ? value.getZExtValue()
                                              : value.getSExtValue();
}

LogicalResult ImportedNode::setItem(unsigned i, const Item &item) {
  if (!hasOutput(i))
    return success();
  if (item.tensor)
    scope.values[proto.output(i)] = item.tensor;
  else
    scope.items[proto.output(i)] = item;
  return success();
}

LogicalResult ImportedNode::setList(unsigned i, SmallVector<Value> elements) {
  if (llvm::is_contained(elements, Value()) ||
      failed(importer.countListed(*this, elements.size())))
    return failure();
  return setItem(
      i, {{}, std::make_shared<const SmallVector<Value>>(std::move(elements))});
}

LogicalResult ImportedNode::setOutputs(ArrayRef<Value> values) {
  for (unsigned i = 0; i < values.size(); ++i) {
    if (!hasOutput(i))
      continue;
    if (!values[i])
      return failure();
    scope.values[proto.output(i)] = values[i];
  }
  return success();
}
