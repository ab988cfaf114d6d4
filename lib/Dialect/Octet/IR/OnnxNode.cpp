//===- OnnxNode.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/OnnxNode.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Verifier.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace octet;

OnnxNode::~OnnxNode() = default;

LogicalResult OnnxNode::fail(const Twine &message) {
  return emitError(location) << type() << ": " << message;
}

Value OnnxNode::floatInput(unsigned i) {
  Value value = input(i);
  if (value && !typeOf(value).getElementType().isF32()) {
    std::string type;
    llvm::raw_string_ostream(type) << typeOf(value).getElementType();
    (void)fail("input '" + inputName(i) + "' holds " + type +
               "; floating-point numbers are taken only");
    return {};
  }
  return value;
}

SmallVector<Value> OnnxNode::allInputs(bool floats) {
  SmallVector<Value> values;
  for (unsigned i = 0; i < numInputs(); ++i) {
    values.push_back(floats ? floatInput(i) : input(i));
    if (!values.back())
      return {};
  }
  if (values.empty())
    (void)fail("has no input");
  return values;
}

ConstantView OnnxNode::constantInput(unsigned i) {
  Value value = hasInput(i) ? input(i) : Value();
  return value ? matchConstant(value) : ConstantView();
}

FailureOr<std::optional<Shape>> OnnxNode::intsFrom(StringRef name, unsigned i,
                                                   int64_t since) {
  if (opset < since)
    return getInts(name);
  if (!hasInput(i))
    return std::optional<Shape>();
  ConstantView constant = integerConstant(constantInput(i));
  if (!constant)
    return fail("input '" + inputName(i) + "' (" + name +
                ") must be a constant of integers; make it one, or name a "
                "value in front of this node with --output VALUE");
  Shape result;
  for (const APInt &x : constant.getValues<APInt>())
    result.push_back(x.getSExtValue());
  return std::optional(result);
}

FailureOr<std::optional<float>> OnnxNode::floatFrom(StringRef name, unsigned i,
                                                    int64_t since) {
  if (opset < since)
    return hasAttribute(name) ? std::optional(getFloat(name, 0.0f))
                              : std::nullopt;
  if (!hasInput(i))
    return std::optional<float>();
  ConstantView number = floatConstant(constantInput(i));
  if (!number || number.getNumElements() != 1)
    return fail("input '" + inputName(i) + "' (" + name +
                ") must be one constant number");
  return std::optional(number.getValue<float>(0));
}

LogicalResult
OnnxNode::setAlongAxis(llvm::function_ref<Value(Value, int64_t)> body) {
  Value value = floatInput(0);
  if (!value)
    return failure();
  Shape shape(typeOf(value).getShape());
  bool flattens = opset < 13;
  auto axis = normalizeAxis(getInt("axis", flattens ? 1 : -1), shape.size());
  if (!axis)
    return fail("axis is out of range");
  if (!flattens)
    return setOutput(body(value, *axis));
  int64_t rows = 1, columns = 1;
  for (const auto &[i, size] : llvm::enumerate(shape))
    (static_cast<int64_t>(i) < *axis ? rows : columns) *= size;
  return setOutput(reshape(body(reshape(value, {rows, columns}), 1), shape));
}

LogicalResult
OnnxNode::setReduced(Value input, int64_t since,
                     llvm::function_ref<Value(Value, ArrayRef<int64_t>)> body) {
  auto given = intsFrom("axes", 1, since);
  if (!input || failed(given))
    return failure();
  int64_t rank = typeOf(input).getRank();
  Shape axes = given->value_or(Shape{});
  if (axes.empty() && !getInt("noop_with_empty_axes", 0))
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (int64_t &axis : axes) {
    auto normal = normalizeAxis(axis, rank);
    if (!normal)
      return fail("axis " + Twine(axis) + " is out of range");
    axis = *normal;
  }
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  Value result = body(input, axes);
  if (getInt("keepdims", 1))
    return setOutput(result);
  Shape shape;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      shape.push_back(typeOf(input).getDimSize(i));
  return setOutput(reshape(result, shape));
}

std::string octet::explainUnusable(RankedTensorType type) {
  auto count = countElements(type.getShape());
  if (!count)
    return "more than 2^31 elements";
  if (*count == 0)
    return "no elements";
  return type.getRank() > 16 ? "more than 16 dimensions" : "";
}

LogicalResult OnnxNode::checkTensors(Operation *op) {
  for (Type type :
       llvm::concat<const Type>(op->getResultTypes(), op->getOperandTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      if (std::string why = explainUnusable(tensor); !why.empty())
        return fail("a tensor of this node, with shape [" +
                    llvm::join(llvm::map_range(
                                   tensor.getShape(),
                                   [](int64_t d) { return std::to_string(d); }),
                               ", ") +
                    "], has " + why + ", which no program can hold");
  return success();
}

/// Runs `action`; if it fails, `why` becomes what the first error said.
static LogicalResult capture(MLIRContext *context, std::string &why,
                             llvm::function_ref<LogicalResult()> action) {
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    // A verifier begins with the operation's name, which is not the node's.
    StringRef rest = text;
    if (rest.consume_front("'octet."))
      rest = rest.split("' op ").second;
    if (why.empty())
      why = rest.str();
    return success();
  });
  return action();
}

Value OnnxNode::finish(OperationState &state, bool infer) {
  for (Value operand : state.operands)
    if (!operand)
      return {};
  std::string why;
  if (infer) {
    auto *model = state.name.getInterface<InferTypeOpInterface>();
    state.types.clear();
    if (failed(capture(builder.getContext(), why, [&] {
          return model->inferReturnTypes(
              builder.getContext(), location, state.operands,
              state.attributes.getDictionary(builder.getContext()),
              state.getRawProperties(), {}, state.types);
        }))) {
      (void)fail(why);
      return {};
    }
  }
  for (Type type : state.types)
    if (!countElements(cast<RankedTensorType>(type).getShape())) {
      (void)fail("its result has more than 2^31 elements");
      return {};
    }
  Operation *op = builder.create(state);
  if (failed(capture(builder.getContext(), why, [&] { return verify(op); }))) {
    op->erase();
    (void)fail(why);
    return {};
  }
  SmallVector<Value> folded;
  SmallVector<Operation *> constants;
  if (succeeded(builder.tryFold(op, folded, &constants)) && !folded.empty()) {
    op->erase();
    return folded.front();
  }
  return succeeded(checkTensors(op)) ? op->getResult(0) : Value();
}

Value OnnxNode::constant(ElementsAttr value) {
  return arith::ConstantOp::create(builder, location, value);
}

Value OnnxNode::constant(ArrayRef<float> values, ArrayRef<int64_t> shape) {
  return constant(makeConstant<float>(
      RankedTensorType::get(shape, builder.getF32Type()), values));
}

Value OnnxNode::constantInts(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return constant(makeConstant<int64_t>(type, values));
}

Value OnnxNode::scalarLike(Value like, double number) {
  if (!like)
    return {};
  Type element = typeOf(like).getElementType();
  auto type = RankedTensorType::get({}, element);
  if (auto integer = dyn_cast<IntegerType>(element))
    return constant(
        makeSplat(type, APInt(integer.getWidth(), static_cast<int64_t>(number),
                              /*isSigned=*/true, /*implicitTrunc=*/true)));
  return constant({static_cast<float>(number)}, {});
}

Value OnnxNode::castTo(Type type, Value value) {
  if (!value || typeOf(value).getElementType() == type)
    return value;
  return createAs<CastOp>(RankedTensorType::get(typeOf(value).getShape(), type),
                          value);
}

Value OnnxNode::slice(Value value, ArrayRef<int64_t> offsets,
                      ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  if (!value)
    return {};
  // Of constants, a slice may be empty: lists of axes are.
  if (llvm::is_contained(sizes, 0) && matchConstant(value))
    return constant(makeConstant<APInt>(
        RankedTensorType::get(sizes, typeOf(value).getElementType()), {}));
  return create<SliceOp>(value, offsets, sizes, strides);
}

Value OnnxNode::broadcast(Value value, ArrayRef<int64_t> shape) {
  if (!value || typeOf(value).getShape() == shape)
    return value;
  return createAs<BroadcastOp>(
      RankedTensorType::get(shape, typeOf(value).getElementType()), value);
}

Value OnnxNode::reshape(Value value, ArrayRef<int64_t> shape) {
  if (!value || typeOf(value).getShape() == shape)
    return value;
  return createAs<ReshapeOp>(
      RankedTensorType::get(shape, typeOf(value).getElementType()), value);
}

Value OnnxNode::transpose(Value value, ArrayRef<int64_t> permutation) {
  return value ? create<TransposeOp>(value, permutation) : Value();
}

Value OnnxNode::toChannelsLast(Value value) {
  if (!value || typeOf(value).getRank() == 4)
    return transpose(value, {0, 2, 3, 1});
  Value moved = transpose(value, {0, 2, 1});
  if (!moved)
    return {};
  auto shape = typeOf(moved).getShape();
  return reshape(moved, {shape[0], 1, shape[1], shape[2]});
}

Value OnnxNode::fromChannelsLast(Value value, int64_t rank) {
  if (!value || rank == 4)
    return transpose(value, {0, 3, 1, 2});
  auto shape = typeOf(value).getShape();
  return transpose(reshape(value, {shape[0], shape[2], shape[3]}), {0, 2, 1});
}
