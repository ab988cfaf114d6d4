//===- Compositions.h -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_IMPORT_ONNX_COMPOSITIONS_H
#define OCTET_LIB_IMPORT_ONNX_COMPOSITIONS_H

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet::onnx_import {

/// Elements of a constant that an operator makes of a few numbers.
constexpr int64_t maxMadeElements = 1 << 26;

/// Operators that are made of several operations.
void addCompositions(OnnxBuilders &builders);
/// Operators that put steps of time in another order.
void addOrderCompositions(OnnxBuilders &builders);
/// Operators whose results are always constants.
void addConstantOperators(OnnxBuilders &builders);
void addConvCompositions(OnnxBuilders &builders);
void addAttentionCompositions(OnnxBuilders &builders);
void addFunctionCompositions(OnnxBuilders &builders);
void addLossCompositions(OnnxBuilders &builders);
void addNormalizationCompositions(OnnxBuilders &builders);
void addPoolCompositions(OnnxBuilders &builders);
void addReductionCompositions(OnnxBuilders &builders);
void addEinsum(OnnxBuilders &builders);
/// Operators that find, read or write places.
void addIndexingCompositions(OnnxBuilders &builders);
/// QuantizeLinear and DequantizeLinear.
void addLinearQuantization(OnnxBuilders &builders);
void addResizeCompositions(OnnxBuilders &builders);
void addSamplingCompositions(OnnxBuilders &builders);
void addSpatialCompositions(OnnxBuilders &builders);

inline mlir::Value binary(OnnxNode &node, BinaryKind kind, mlir::Value lhs,
                          mlir::Value rhs) {
  return node.create<BinaryOp>(lhs, rhs, kind, mlir::FloatAttr(),
                               mlir::FloatAttr());
}
inline mlir::Value unary(OnnxNode &node, UnaryKind kind, mlir::Value input) {
  return node.create<UnaryOp>(input, kind, llvm::APFloat(0.0f),
                              llvm::APFloat(0.0f));
}
inline mlir::Value reduce(OnnxNode &node, ReduceKind kind, mlir::Value input,
                          llvm::ArrayRef<int64_t> axes) {
  return node.create<ReduceOp>(input, kind, axes);
}
inline mlir::Value number(OnnxNode &node, float value) {
  return node.constant({value}, {});
}

/// x - max - log Σ exp(x - max) along one dimension.
mlir::Value logSoftmax(OnnxNode &node, mlir::Value input, int64_t axis);

} // namespace octet::onnx_import

#endif // OCTET_LIB_IMPORT_ONNX_COMPOSITIONS_H
