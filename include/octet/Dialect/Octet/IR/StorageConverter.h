//===- StorageConverter.h --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What operations use to work on quantized values that are kept as q - 128
// (StorageOpInterface): the top bit of each byte flips.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_STORAGECONVERTER_H
#define OCTET_DIALECT_OCTET_IR_STORAGECONVERTER_H

#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet {

class StorageConverter {
public:
  /// What a value loses by being kept signed; the top bit of its byte.
  static constexpr uint8_t offset = 0x80;

  explicit StorageConverter(mlir::MLIRContext *context) : builder(context) {}

  /// Set in front of the operation that is converted.
  mlir::OpBuilder builder;

  /// True if `value` is computed and kept as q - 128.
  static bool isSigned(mlir::Value value);
  /// Makes a storage operand signed: a constant's bytes change, what a model's
  /// input gives is converted.
  void takeSigned(mlir::OpOperand &operand);
  /// The same of a constant table of 256 entries, whose index is a byte's bits;
  /// false for one that is not constant.
  bool takeSignedTable(mlir::OpOperand &table);
  /// Makes an operand unsigned.
  void takeUnsigned(mlir::OpOperand &operand);
  /// A zero point is 128 less.
  void shift(mlir::OpOperand &zeroPoint);
  /// The results, or one of them, are kept signed.
  static void keepSigned(mlir::Operation *op);
  static void keepSignedResult(mlir::Value result);

  mlir::Value constant(mlir::Location loc, mlir::ElementsAttr value);
  /// The bits `bytes` as signed numbers, in the shape of `from`.
  static mlir::ElementsAttr signedElements(ConstantView from,
                                           llvm::ArrayRef<uint8_t> bytes);

private:
  /// From one storage to the other.
  mlir::Value flip(mlir::Value value);

  llvm::DenseMap<mlir::Value, mlir::Value> flipped;
};

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_STORAGECONVERTER_H
