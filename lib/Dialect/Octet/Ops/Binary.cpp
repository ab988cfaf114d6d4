//===- Binary.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// binary: elementwise functions of two operands.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"
#include "octet/Dialect/Octet/IR/Scheme.h"

using namespace mlir;
using namespace octet;

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferAs(location,
                 inferBroadcast(typeOf(adaptor.getLhs()).getShape(),
                                typeOf(adaptor.getRhs()).getShape()),
                 adaptor.getLhs(), types);
}

bool BinaryOp::takesClamp() {
  return isQuantized(getOutput()) ||
         typeOf(getOutput()).getElementType().isF32();
}

LogicalResult BinaryOp::verify() {
  // Quantized operands have scales of their own.
  if (isQuantized(getLhs()) && isQuantized(getRhs()) &&
      isQuantized(getOutput()))
    return success();
  Type element = typeOf(getLhs()).getElementType();
  if (typeOf(getRhs()).getElementType() != element ||
      typeOf(getOutput()).getElementType() != element)
    return emitOpError("operands and result must have one element type");
  bool shifts = llvm::is_contained(
      {BinaryKind::ShiftLeft, BinaryKind::ShiftRight}, getKind());
  if (!isa<IntegerType>(element) &&
      (shifts ||
       llvm::is_contained({BinaryKind::And, BinaryKind::Or, BinaryKind::Xor},
                          getKind())))
    return emitOpError("works on integers and truth values only");
  if (shifts && element.isInteger(1))
    return emitOpError("shifts no truth values");
  if (hasClamp() && !takesClamp())
    return emitOpError("clamps real numbers only");
  return success();
}

/// base^exponent, wrapped; 0 for a fraction.
static uint64_t power(uint64_t base, uint64_t exponent, bool isUnsigned) {
  if (!isUnsigned && static_cast<int64_t>(exponent) < 0)
    return base == 1 ? 1 : base == ~uint64_t(0) ? (exponent % 2 ? base : 1) : 0;
  uint64_t result = 1;
  for (; exponent > 0; exponent /= 2, base *= base)
    if (exponent % 2)
      result *= base;
  return result;
}

/// On integers of `width` bits, to be wrapped to as many; none where the result
/// is not defined.
static std::optional<int64_t> evaluate(BinaryKind kind, int64_t a, int64_t b,
                                       bool isUnsigned, unsigned width) {
  auto wrapped = [](uint64_t x) { return static_cast<int64_t>(x); };
  uint64_t x = a, y = b;
  bool isLess = isUnsigned ? x < y : a < b;
  // Such divisions are not defined, or have no quotient.
  bool divides = llvm::is_contained(
      {BinaryKind::Div, BinaryKind::Mod, BinaryKind::Rem}, kind);
  if (divides && b == 0)
    return std::nullopt;
  if (divides && !isUnsigned && b == -1)
    return kind == BinaryKind::Div && a != llvm::minIntN(width) ? wrapped(0 - x)
                                                                : 0;
  switch (kind) {
  case BinaryKind::Add:
    return wrapped(x + y);
  case BinaryKind::Sub:
    return wrapped(x - y);
  case BinaryKind::Mul:
    return wrapped(x * y);
  case BinaryKind::Div:
    return isUnsigned ? wrapped(x / y) : a / b;
  case BinaryKind::Max:
    return isLess ? b : a;
  case BinaryKind::Min:
    return isLess ? a : b;
  case BinaryKind::Pow:
    return wrapped(power(x, y, isUnsigned));
  case BinaryKind::Mod:
    if (isUnsigned)
      return wrapped(x % y);
    return a % b + (a % b != 0 && (a % b < 0) != (b < 0) ? b : 0);
  case BinaryKind::Rem:
    return isUnsigned ? wrapped(x % y) : a % b;
  case BinaryKind::And:
    return a & b;
  case BinaryKind::Or:
    return a | b;
  case BinaryKind::Xor:
    return a ^ b;
  case BinaryKind::ShiftLeft:
    return y < width ? wrapped(x << y) : 0;
  case BinaryKind::ShiftRight:
    if (isUnsigned)
      return y < width ? wrapped(x >> y) : 0;
    return a >> std::min<uint64_t>(y, width - 1);
  }
  llvm_unreachable("unknown function");
}

static float evaluate(BinaryKind kind, float a, float b) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return a / b;
  case BinaryKind::Max:
    return std::isnan(a) || a > b ? a : b;
  case BinaryKind::Min:
    return std::isnan(a) || a < b ? a : b;
  case BinaryKind::Pow:
    return std::pow(a, b);
  case BinaryKind::Mod: {
    float rest = std::fmod(a, b);
    if (rest == 0.0f)
      return std::copysign(rest, b);
    return (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
  }
  case BinaryKind::Rem:
    return std::fmod(a, b);
  case BinaryKind::And:
  case BinaryKind::Or:
  case BinaryKind::Xor:
  case BinaryKind::ShiftLeft:
  case BinaryKind::ShiftRight:
    break;
  }
  llvm_unreachable("unknown function");
}

static float clampConstant(float x, std::optional<APFloat> low,
                           std::optional<APFloat> high) {
  if (low && x < low->convertToFloat())
    x = low->convertToFloat();
  if (high && x > high->convertToFloat())
    x = high->convertToFloat();
  return x;
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (type && !mayFold(type, adaptor.getOperands()))
    return {};
  auto each = [&](auto body) {
    forEachBroadcast(type.getShape(), typeOf(getLhs()).getShape(),
                     typeOf(getRhs()).getShape(), body);
  };
  ConstantView lhs = floatConstant(adaptor.getLhs());
  ConstantView rhs = floatConstant(adaptor.getRhs());
  if (lhs && rhs && type.getElementType().isF32()) {
    ConstantBuffer result(type);
    auto values = result.getValues<float>();
    auto low = getClampMin(), high = getClampMax();
    each([&](int64_t i, int64_t l, int64_t r) {
      values[i] = clampConstant(
          ::evaluate(getKind(), lhs.getValue<float>(l), rhs.getValue<float>(r)),
          low, high);
    });
    return result.finish();
  }
  lhs = integerConstant(adaptor.getLhs());
  rhs = integerConstant(adaptor.getRhs());
  if (!lhs || !rhs)
    return {};
  bool isUnsigned = type.getElementType().isUnsignedInteger() ||
                    type.getElementType().isInteger(1);
  SmallVector<int64_t> values(type.getNumElements());
  bool defined = true;
  each([&](int64_t i, int64_t l, int64_t r) {
    auto value = ::evaluate(getKind(), lhs.getInteger(l), rhs.getInteger(r),
                            isUnsigned, type.getElementTypeBitWidth());
    defined &= value.has_value();
    values[i] = value.value_or(0);
  });
  return defined ? makeIntegers(type, values) : OpFoldResult();
}

std::optional<unsigned> BinaryOp::getScaledOperand() {
  if (!typeOf(getOutput()).getElementType().isF32() ||
      getKind() > BinaryKind::Div)
    return std::nullopt;
  for (unsigned side : {0, 1})
    if (typeOf(getOperand(side)).getShape() == typeOf(getOutput()).getShape() &&
        matchPattern(getOperand(1 - side), m_Constant()) &&
        !(side == 1 && getKind() == BinaryKind::Div))
      return side;
  return std::nullopt;
}

std::optional<AffineStep> BinaryOp::matchAffine() {
  auto side = getScaledOperand();
  ConstantView constant =
      side ? matchFloats(getOperand(1 - *side)) : ConstantView();
  if (!constant)
    return std::nullopt;
  auto type = typeOf(getOutput());
  int64_t channels = type.getRank() ? type.getShape().back() : 1;
  auto shape = constant.getType().getShape();
  int64_t count = constant.getNumElements();
  if (count != 1 && (count != channels || shape.back() != channels))
    return std::nullopt;
  AffineStep step;
  step.operand = *side;
  for (double k : constant.getValues<float>()) {
    double factor = 1.0, shift = 0.0;
    switch (getKind()) {
    case BinaryKind::Add:
      shift = k;
      break;
    case BinaryKind::Sub:
      factor = *side == 0 ? 1.0 : -1.0;
      shift = *side == 0 ? -k : k;
      break;
    case BinaryKind::Mul:
      factor = k;
      break;
    case BinaryKind::Div:
      factor = 1.0 / k;
      break;
    default:
      llvm_unreachable("no affine function");
    }
    step.factor.push_back(factor);
    step.shift.push_back(shift);
  }
  return step;
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

ScaleRole BinaryOp::getScaleRole() {
  switch (getKind()) {
  case BinaryKind::Add:
  case BinaryKind::Sub:
  case BinaryKind::Mul:
  case BinaryKind::Max:
  case BinaryKind::Min:
    return ScaleRole::Own;
  default:
    return ScaleRole::Float;
  }
}

/// The scale that a value has, or is rounded to next; 0 for none.
static float scaleOf(Value value) {
  auto scaleOfType = [](Value tensor) -> float {
    auto type =
        dyn_cast<quant::UniformQuantizedType>(typeOf(tensor).getElementType());
    return type ? type.getScale() : 0.0f;
  };
  if (auto cast = value.getDefiningOp<quant::DequantizeCastOp>())
    return scaleOfType(cast.getInput());
  for (Operation *user : value.getUsers())
    if (auto cast = dyn_cast<quant::QuantizeCastOp>(user))
      return scaleOfType(cast.getResult());
  return scaleOfType(value);
}

std::string BinaryOp::explainFloat() {
  if (getScaleRole() == ScaleRole::Float)
    return facts::explainRole(ScaleRole::Float);
  constexpr float steps = activationMax - activationMin;
  float step = scaleOf(getOutput());
  for (unsigned i : {0, 1}) {
    ConstantView constant = matchFloats(behindRounding(getOperand(i)));
    if (!constant)
      continue;
    if (!isFinite(constant))
      return "a constant operand is not finite";
    // A mask of -1e38, say, leaves nothing of the scores that it is added to.
    float other = scaleOf(getOperand(1 - i));
    if (getKind() != BinaryKind::Mul && step > 0.0f && other > 0.0f &&
        other * steps < step / 2)
      return "an operand would vanish beside the other in 8 bits";
  }
  return "";
}

FailureOr<Value> BinaryOp::foldScales(ScaleFolder &folder) {
  Affine a(getLhs()), b(getRhs()), out(getOutput());
  auto [low, high] = folder.bounds(out, getClampMinAttr(), getClampMaxAttr());
  Value lhs = folder.integer(getLhs()), rhs = folder.integer(getRhs());
  auto type = folder.storageLike(getOutput());
  if (getKind() == BinaryKind::Mul)
    return IntegerMulOp::create(folder.builder, folder.loc, type, lhs,
                                folder.i32(a.zeroPoint), rhs,
                                folder.i32(b.zeroPoint),
                                folder.f32(a.scale * b.scale / out.scale), low,
                                high, folder.i32(out.zeroPoint))
        .getResult();
  if (getKind() == BinaryKind::Max || getKind() == BinaryKind::Min)
    return IntegerExtremeOp::create(
               folder.builder, folder.loc, type, lhs, folder.i32(a.zeroPoint),
               folder.f32(a.scale / out.scale), rhs, folder.i32(b.zeroPoint),
               folder.f32(b.scale / out.scale), low, high,
               folder.i32(out.zeroPoint), getKind() == BinaryKind::Min)
        .getResult();
  if (getKind() != BinaryKind::Add && getKind() != BinaryKind::Sub)
    return emitOpError("has no integer form");
  float sign = getKind() == BinaryKind::Sub ? -1.0f : 1.0f;
  return IntegerAddOp::create(
             folder.builder, folder.loc, type, lhs, folder.i32(a.zeroPoint),
             folder.f32(a.scale / out.scale), rhs, folder.i32(b.zeroPoint),
             folder.f32(sign * b.scale / out.scale), low, high,
             folder.i32(out.zeroPoint))
      .getResult();
}
