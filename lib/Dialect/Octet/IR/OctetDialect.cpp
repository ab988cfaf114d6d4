//===- OctetDialect.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

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
