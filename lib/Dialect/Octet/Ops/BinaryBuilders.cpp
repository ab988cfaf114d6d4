//===- BinaryBuilders.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX operators that map to binary.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"

using namespace mlir;
using namespace octet;

/// Before operator set 7, the second operand's dimensions begin at dimension
/// `axis` of the first's where `broadcast` is set.
static Value alignByAxis(OnnxNode &node, Value lhs, Value rhs) {
  if (node.opset >= 7 || !node.getInt("broadcast", 0) ||
      !node.hasAttribute("axis"))
    return rhs;
  int64_t rank = typeOf(lhs).getRank();
  Shape shape(typeOf(rhs).getShape());
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 0), rank);
  if (!axis || *axis + static_cast<int64_t>(shape.size()) > rank) {
    (void)node.fail("axis is out of range");
    return {};
  }
  shape.resize(rank - *axis, 1);
  return node.reshape(rhs, shape);
}

/// All operands from left to right.
template <BinaryKind kind> static LogicalResult buildBinary(OnnxNode &node) {
  auto operands = node.allInputs();
  if (operands.empty())
    return failure();
  bool isLogical = llvm::is_contained(
      {BinaryKind::And, BinaryKind::Or, BinaryKind::Xor}, kind);
  for (Value operand : operands)
    if (isLogical && !typeOf(operand).getElementType().isInteger(1))
      return node.fail("operands must be of truth values");
  Value result = operands.front();
  for (Value operand : ArrayRef(operands).drop_front()) {
    if (operands.size() == 2)
      operand = alignByAxis(node, result, operand);
    result =
        node.create<BinaryOp>(result, operand, kind, FloatAttr(), FloatAttr());
    if (!result)
      return failure();
  }
  return node.setOutput(result);
}

static LogicalResult buildMod(OnnxNode &node) {
  if (node.getInt("fmod", 0))
    return buildBinary<BinaryKind::Rem>(node);
  return buildBinary<BinaryKind::Mod>(node);
}

/// Powers of which there is a more exact form, or one with an integer form.
static LogicalResult buildPow(OnnxNode &node) {
  auto operands = node.allInputs();
  if (operands.size() != 2)
    return operands.empty() ? failure() : node.fail("takes two inputs");
  // An exponent may have a type of its own; a power of integers by a float is
  // one of floats, truncated.
  Value x = operands[0], y = alignByAxis(node, x, operands[1]);
  if (!y)
    return failure();
  Type element = typeOf(x).getElementType();
  if (element.isInteger(1) || typeOf(y).getElementType().isInteger(1))
    return node.fail("takes no truth values; cast them");
  bool isFloat = element.isF32() || typeOf(y).getElementType().isF32();
  Type common = isFloat ? Type(node.builder.getF32Type()) : element;
  x = node.castTo(common, x);
  Value real = node.castTo(common, y);
  auto power = [&] {
    return node.setOutput(
        node.castTo(element, node.create<BinaryOp>(x, real, BinaryKind::Pow,
                                                   FloatAttr(), FloatAttr())));
  };
  ConstantView exponent = real ? matchFloats(real) : ConstantView();
  if (!x || !exponent || exponent.getNumElements() != 1 ||
      exponent.getType().getRank() > typeOf(x).getRank() || !element.isF32())
    return power();
  auto unary = [&](UnaryKind kind) {
    return node.create<UnaryOp>(x, kind, APFloat(0.0f), APFloat(0.0f));
  };
  auto square = [&] {
    return node.create<BinaryOp>(x, x, BinaryKind::Mul, FloatAttr(),
                                 FloatAttr());
  };
  double number = exponent.getSplatValue<float>();
  if (number == 1.0)
    return node.setOutput(x);
  if (number == 2.0)
    return node.setOutput(square());
  if (number == 3.0)
    return node.setOutput(node.create<BinaryOp>(square(), x, BinaryKind::Mul,
                                                FloatAttr(), FloatAttr()));
  // The same but of minus infinity.
  if (number == 0.5)
    return node.setOutput(unary(UnaryKind::Sqrt));
  if (number == -1.0)
    return node.setOutput(unary(UnaryKind::Reciprocal));
  return power();
}

/// Bitwise functions, of integers.
template <BinaryKind kind> static LogicalResult buildBitwise(OnnxNode &node) {
  auto operands = node.allInputs();
  if (operands.empty())
    return failure();
  auto element = dyn_cast<IntegerType>(typeOf(operands[0]).getElementType());
  if (!element || element.getWidth() == 1)
    return node.fail("operands must be of integers");
  Value rhs;
  if (node.type() == "BitwiseNot")
    rhs = node.scalarLike(operands[0], -1);
  else if (operands.size() == 2)
    rhs = operands[1];
  else
    return node.fail("takes two inputs");
  return node.setOutput(
      node.create<BinaryOp>(operands[0], rhs, kind, FloatAttr(), FloatAttr()));
}

static LogicalResult buildBitShift(OnnxNode &node) {
  std::string direction = node.getString("direction", "");
  if (direction == "LEFT")
    return buildBitwise<BinaryKind::ShiftLeft>(node);
  if (direction == "RIGHT")
    return buildBitwise<BinaryKind::ShiftRight>(node);
  return node.fail("direction must be LEFT or RIGHT");
}

void BinaryOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Add"] = buildBinary<BinaryKind::Add>;
  builders["Sum"] = buildBinary<BinaryKind::Add>;
  builders["Sub"] = buildBinary<BinaryKind::Sub>;
  builders["Mul"] = buildBinary<BinaryKind::Mul>;
  builders["Div"] = buildBinary<BinaryKind::Div>;
  builders["Max"] = buildBinary<BinaryKind::Max>;
  builders["Min"] = buildBinary<BinaryKind::Min>;
  builders["Pow"] = buildPow;
  builders["Mod"] = buildMod;
  builders["And"] = buildBinary<BinaryKind::And>;
  builders["Or"] = buildBinary<BinaryKind::Or>;
  builders["Xor"] = buildBinary<BinaryKind::Xor>;
  builders["BitShift"] = buildBitShift;
  builders["BitwiseAnd"] = buildBitwise<BinaryKind::And>;
  builders["BitwiseOr"] = buildBitwise<BinaryKind::Or>;
  builders["BitwiseXor"] = buildBitwise<BinaryKind::Xor>;
  builders["BitwiseNot"] = buildBitwise<BinaryKind::Xor>;
}
