//===- ScaleFolder.h -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What operations use to build their integer forms (ScaleOpInterface).
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_SCALEFOLDER_H
#define OCTET_DIALECT_OCTET_IR_SCALEFOLDER_H

#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet {

/// Scale and zero point of a per-tensor type, in the contract's precision.
struct Affine {
  float scale = 1.0f;
  int64_t zeroPoint = 0;

  /// Of a tensor of per-tensor quantized elements.
  explicit Affine(mlir::Value value);
};

class ScaleFolder {
public:
  explicit ScaleFolder(mlir::MLIRContext *context) : builder(context) {}

  mlir::OpBuilder builder;
  mlir::Location loc = builder.getUnknownLoc();

  /// The ui8 (si8 for weights) tensor that stands for a quantized one.
  mlir::Value integer(mlir::Value quantized) const {
    return integers.lookup(quantized);
  }
  void setInteger(mlir::Value quantized, mlir::Value integer) {
    integers[quantized] = integer;
  }

  /// The ui8 tensor type of `value`'s shape.
  mlir::RankedTensorType storageLike(mlir::Value value);

  mlir::Value f32(float x);
  mlir::Value i32(int64_t x);
  template <typename T>
  mlir::Value constant(mlir::Type element, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<T> values) {
    return constant(
        makeConstant<T>(mlir::RankedTensorType::get(shape, element), values));
  }
  mlir::Value constant(mlir::ElementsAttr value);

  /// Bounds of the storage, and of an attached clamp, relative to the zero
  /// point (QS-5).
  std::pair<mlir::Value, mlir::Value> bounds(const Affine &out,
                                             mlir::FloatAttr clampMin = {},
                                             mlir::FloatAttr clampMax = {});

  /// `input` [N, H, W, C] with its zero point around it.
  mlir::Value padded(mlir::Value input, llvm::ArrayRef<int64_t> pads,
                     int64_t zeroPoint);

  /// QS-9: table[q] is the function of what q stands for.
  mlir::Value lookup(mlir::Value input, const Affine &in, const Affine &out,
                     llvm::function_ref<double(double)> function);

private:
  llvm::DenseMap<mlir::Value, mlir::Value> integers;
};

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_SCALEFOLDER_H
