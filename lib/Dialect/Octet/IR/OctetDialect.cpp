//===- OctetDialect.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace octet;

#include "octet/Dialect/Octet/IR/OctetDialect.cpp.inc"
#include "octet/Dialect/Octet/IR/OctetEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "octet/Dialect/Octet/IR/OctetAttributes.cpp.inc"

namespace {
/// Names per-axis quantized types `!qc0`, `!qc1` …: hundreds of scales would
/// otherwise be repeated on every line that mentions the type.
struct OctetAsmInterface : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Type type, raw_ostream &os) const override {
    if (!isa<quant::UniformQuantizedPerAxisType>(type))
      return AliasResult::NoAlias;
    os << "qc";
    return AliasResult::FinalAlias;
  }
};
} // namespace

/// Every operation answers to what passes ask of all of them.
template <typename... Ops> static constexpr bool answerAll() {
  return (... && (Ops::template hasTrait<OpTrait::IsTerminator>() ||
                  (Ops::template hasTrait<DimensionOpInterface::Trait>() &&
                   Ops::template hasTrait<ScaleOpInterface::Trait>() &&
                   Ops::template hasTrait<LoweringOpInterface::Trait>())));
}
static_assert(answerAll<
#define GET_OP_LIST
#include "octet/Dialect/Octet/IR/OctetOps.cpp.inc"
                  >(),
              "an operation does not derive from Octet_Op");

template <typename Op>
using OnnxBuildersOf =
    decltype(Op::addOnnxBuilders(std::declval<OnnxBuilders &>()));

template <typename... Ops> static void addBuildersOf(OnnxBuilders &builders) {
  (
      [&] {
        if constexpr (llvm::is_detected<OnnxBuildersOf, Ops>::value)
          Ops::addOnnxBuilders(builders);
      }(),
      ...);
}

void octet::addOnnxBuilders(OnnxBuilders &builders) {
  addBuildersOf<
#define GET_OP_LIST
#include "octet/Dialect/Octet/IR/OctetOps.cpp.inc"
      >(builders);
}

void OctetDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "octet/Dialect/Octet/IR/OctetAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "octet/Dialect/Octet/IR/OctetOps.cpp.inc"
      >();
  addInterfaces<OctetAsmInterface>();
}

Operation *OctetDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t channels, ArrayRef<int64_t> border) {
  if (channels < 1)
    return emitError() << "channels must be positive";
  if (border.size() != 4 ||
      llvm::any_of(border, [](int64_t b) { return b < 0; }))
    return emitError() << "border must hold four sizes that are not negative";
  return success();
}

Value octet::behindRounding(Value value) {
  auto cast = value.getDefiningOp<quant::DequantizeCastOp>();
  auto rounded = cast ? cast.getInput().getDefiningOp<quant::QuantizeCastOp>()
                      : quant::QuantizeCastOp();
  return rounded ? rounded.getInput() : value;
}

Value octet::scaleSource(Value value) {
  while (auto op = value.getDefiningOp<ScaleOpInterface>()) {
    // An observer is where the scale is.
    if (op.getScaleRole() != ScaleRole::Same || isa<ObserveOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

std::optional<SmallVector<int64_t>> octet::matchPermutation(Operation *op) {
  auto scales = dyn_cast_or_null<ScaleOpInterface>(op);
  if (!scales || scales.getScaleRole() != ScaleRole::Same ||
      isa<WindowOpInterface>(op))
    return std::nullopt;
  auto sources = cast<DimensionOpInterface>(op).getDimensionSources(0, 0);
  if (!isPermutationVector(sources) || typeOf(op->getOperand(0)).getRank() !=
                                           static_cast<int64_t>(sources.size()))
    return std::nullopt;
  return sources;
}

bool octet::isInterfaceType(Type element) {
  return element.isF32() || element.isF16() || element.isF64() ||
         element.isUnsignedInteger(8) || element.isSignlessInteger(8) ||
         element.isSignlessInteger(32) || element.isSignlessInteger(64) ||
         element.isSignlessInteger(1);
}

bool octet::isElementwise(Operation *op) {
  auto dimensions = dyn_cast<DimensionOpInterface>(op);
  if (!dimensions || op->getNumResults() != 1)
    return false;
  auto shape = typeOf(op->getResult(0)).getShape();
  int64_t rank = shape.size();
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type)
      continue;
    auto sources = dimensions.getDimensionSources(i, /*result=*/0);
    int64_t skip = rank - type.getRank();
    for (int64_t d = 0; d < type.getRank(); ++d)
      // A dimension that broadcasts has no source; one of size one that the
      // operation mixes or moves has none either, but is not broadcast.
      if (skip < 0 || (sources[skip + d] != d &&
                       (type.getDimSize(d) != 1 || shape[skip + d] == 1)))
        return false;
  }
  return true;
}

bool octet::movesAllElements(Operation *op) {
  auto scales = dyn_cast<ScaleOpInterface>(op);
  return scales && scales.getScaleRole() == ScaleRole::Same &&
         !isa<WindowOpInterface>(op) &&
         typeOf(op->getOperand(0)).getNumElements() ==
             typeOf(op->getResult(0)).getNumElements();
}

bool octet::isNormalization(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return true;
  if (isa<CastOp>(op))
    return isNormalization(op->getOperand(0));
  if (auto affine = dyn_cast<AffineOpInterface>(op)) {
    auto scaled = affine.getScaledOperand();
    return scaled && !cast<EpilogueOpInterface>(op).hasClamp() &&
           isNormalization(op->getOperand(*scaled));
  }
  return movesAllElements(op) && isNormalization(op->getOperand(0));
}

SmallVector<int64_t> octet::getBorder(RankedTensorType type) {
  if (auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding()))
    return llvm::to_vector(layout.getBorder());
  return {0, 0, 0, 0};
}

SmallVector<int64_t> octet::getPhysicalShape(RankedTensorType type) {
  auto shape = llvm::to_vector(type.getShape());
  auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding());
  if (!layout)
    return shape;
  shape.back() = layout.getChannels();
  if (shape.size() == 4) {
    shape[1] += layout.getBorder()[0] + layout.getBorder()[2];
    shape[2] += layout.getBorder()[1] + layout.getBorder()[3];
  }
  return shape;
}

RankedTensorType octet::dropLayout(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), type.getElementType());
}
