//===- Interfaces.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interfaces of Interfaces.td, and what their answers are made of.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_INTERFACES_H
#define OCTET_DIALECT_OCTET_IR_INTERFACES_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

namespace octet {

class ScaleFolder;
class StorageConverter;

/// Where the scale of an operation's result comes from.
enum class ScaleRole {
  /// Observed; the operation has an integer form with that scale.
  Own,
  /// The first operand's: values only move.
  Same,
  /// Observed; operands that nothing else uses take it too (QS-10).
  Joined,
  /// Observed; a function of one value, so a table of 256 entries (QS-9).
  Function,
  /// Observed where integers take the result; the operation computes in f32.
  Float,
  /// The operation works on integers already.
  Integer
};

/// What an operand is to quantization.
enum class OperandRole {
  /// Has a scale of its own; a constant gets that of its range.
  Activation,
  /// A constant with a scale for each slice along its first dimension (QS-4).
  Weight,
  /// A constant, one value for each slice of the weight; becomes i32 (QS-5).
  Bias,
  /// Stays as it is.
  Parameter,
  /// An activation that is better not rounded: errors would add up.
  Exact
};

/// result = factor[c] · operand + shift[c], c being the last dimension; one
/// value for each channel, or one for all.
struct AffineStep {
  unsigned operand = 0;
  llvm::SmallVector<double> factor, shift;

  double factorOf(size_t c) const { return factor[factor.size() == 1 ? 0 : c]; }
  double shiftOf(size_t c) const { return shift[shift.size() == 1 ? 0 : c]; }
};

/// result[to + i] = operand[from + i · steps] for all positions i below
/// `sizes`; steps are positive.
struct BoxCopy {
  unsigned operand = 0;
  Shape from, steps, to, sizes;
};

namespace facts {
std::optional<int64_t> inferRowsFromSources(mlir::Operation *op,
                                            llvm::ArrayRef<int64_t> rows);
llvm::SmallVector<int64_t> broadcastSources(mlir::Operation *op,
                                            unsigned operand, unsigned result);
std::string explainRole(ScaleRole role);
mlir::FailureOr<mlir::Value> foldByRole(mlir::Operation *op,
                                        ScaleFolder &folder);
mlir::LogicalResult convertStorageByTypes(mlir::Operation *op,
                                          StorageConverter &converter);
Shape logicalShape(mlir::Operation *op, unsigned index);
/// True if shapes are equal, in all dimensions but the last if so asked.
bool haveOneShape(mlir::TypeRange inferred, mlir::TypeRange actual,
                  bool butLast = false);
mlir::LogicalResult verifyStaticShapes(mlir::Operation *op);
} // namespace facts

/// Operands and results are tensors of static shape (and scalars), the results'
/// as inferred where they are inferred.
template <typename ConcreteType>
struct StaticShapes : mlir::OpTrait::TraitBase<ConcreteType, StaticShapes> {
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) {
    return facts::verifyStaticShapes(op);
  }
};

} // namespace octet

#include "octet/Dialect/Octet/IR/OctetInterfaces.h.inc"

#endif // OCTET_DIALECT_OCTET_IR_INTERFACES_H
