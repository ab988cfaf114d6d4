//===- Octet.h --------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The octet dialect: see OctetDialect.td for what it holds.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTET_H
#define OCTET_DIALECT_OCTET_IR_OCTET_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"
#include "octet/Dialect/Octet/IR/ConstantView.h"
#include "octet/Dialect/Octet/IR/Interfaces.h"
#include "octet/Dialect/Octet/IR/OnnxNode.h"

namespace octet {
class ConstantScope;
} // namespace octet

#include "octet/Dialect/Octet/IR/OctetDialect.h.inc"
#include "octet/Dialect/Octet/IR/OctetEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "octet/Dialect/Octet/IR/OctetAttributes.h.inc"
#define GET_OP_CLASSES
#include "octet/Dialect/Octet/IR/OctetOps.h.inc"

namespace octet {

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// True if the elements of `value` are of a quantized type.
inline bool isQuantized(mlir::Value value) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && llvm::isa<mlir::quant::QuantizedType>(type.getElementType());
}

/// True for the element types that inputs and outputs of a program have, one
/// for each `octet_dtype`: f32, f16, f64, ui8, i8, i32, i64 and i1. Integers
/// without a sign are signed.
bool isInterfaceType(mlir::Type element);

/// `value` itself, or what quant.dcast(quant.qcast(x)) rounds.
mlir::Value behindRounding(mlir::Value value);

/// True if each element of the result depends on those at its own position
/// alone, of operands that may broadcast.
bool isElementwise(mlir::Operation *op);

/// True for what gives all elements of its first operand, and no others, at
/// places that may differ.
bool movesAllElements(mlir::Operation *op);

/// True for an input of the function, and an input that is moved, cast, scaled
/// and shifted by constants: what prepares it for the first layer.
bool isNormalization(mlir::Value value);

/// The value whose scale `value` has: moves are looked through.
mlir::Value scaleSource(mlir::Value value);

/// The permutation of dimensions that `op` is, if it is one.
std::optional<llvm::SmallVector<int64_t>> matchPermutation(mlir::Operation *op);

/// Enters the builders of all operations (Octet_Op's hasOnnxBuilders).
void addOnnxBuilders(OnnxBuilders &builders);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_OCTET_H
