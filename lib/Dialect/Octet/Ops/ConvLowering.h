//===- ConvLowering.h ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes and lowering that the f32 and the integer convolution, and matrix
// products, share.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_CONVLOWERING_H
#define OCTET_LIB_DIALECT_OCTET_OPS_CONVLOWERING_H

#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "llvm/Support/MathExtras.h"

namespace octet {

/// What a convolution's filter says, dense or blocked; `inputs` are those that
/// an output is computed from, of its own group or of all in its block.
struct FilterShape {
  int64_t outputs, height, width, inputs;
};

/// The shape of `filter`: `[O, KH, KW, I / groups]`, or blocked by `lanes`,
/// with `pack` input channels innermost (1 for none); none if it is neither.
std::optional<FilterShape> getFilterShape(llvm::ArrayRef<int64_t> filter,
                                          std::optional<int64_t> lanes,
                                          int64_t groups, int64_t pack);

/// True for a filter blocked as [KH, KW, O / lanes, lanes]: an input for each
/// output. Other blocked filters lead with the blocks.
bool isDepthwiseBlocked(std::optional<int64_t> lanes, int64_t groups,
                        size_t filterRank);

/// Checks of channels, bias and residual.
mlir::LogicalResult verifyConv(mlir::Operation *op, mlir::Value input,
                               mlir::Value filter, mlir::Value bias,
                               mlir::Value residual,
                               std::optional<int64_t> lanes, int64_t groups,
                               int64_t pack);

/// Logical multiply-accumulates of a convolution.
int64_t countConvMacs(mlir::Value input, mlir::Value filter, mlir::Value output,
                      std::optional<int64_t> lanes, int64_t groups);

/// What a blocked convolution's kernel sees of operand `index`: whole blocks.
Shape blockedKernelShape(mlir::Operation *op, unsigned index,
                         std::optional<int64_t> lanes, int64_t groups,
                         int64_t pack);

/// [result's dimensions] of input and filter of a convolution.
llvm::SmallVector<int64_t> convSources(unsigned operand);

/// A contraction: parallel dimensions are the destination's, reductions follow.
struct ContractionForm {
  mlir::Value input, filter, bias, multiplier, residual, destination;
  /// Where there is one, results are what it has for them.
  mlir::Value table;
  mlir::AffineMap inputMap, filterMap;
  /// What else the epilogue takes: one value for each output channel, as the
  /// multiplier, and one for each position.
  llvm::SmallVector<mlir::Value, 2> perChannel, perPosition;
  /// From the parallel dimensions to the position in bias and multiplier, and
  /// to that in what has one value for each position.
  mlir::AffineMap channelMap, positionMap;
  unsigned parallel = 0, reductions = 0;
  bool blocked = false;
  /// Sign of the storage of an 8-bit input.
  bool signedInput = false;

  unsigned dims() const { return parallel + reductions; }
};

mlir::AffineMap dimsMap(mlir::MLIRContext *context, unsigned dims,
                        llvm::ArrayRef<unsigned> positions);

/// Accumulators that start from the bias (or zero), plus the contraction.
mlir::Value contract(mlir::OpBuilder &builder, mlir::Location loc,
                     const ContractionForm &form, mlir::Type accumulator,
                     mlir::Value destination);

/// A product of f32 matrices, `operands` being left, right and perhaps bias,
/// into `destination`, for `lanes` columns or rows at a time.
mlir::Value lowerBlockedMatMul(mlir::OpBuilder &builder, mlir::Location loc,
                               mlir::ValueRange operands,
                               mlir::Value destination, int64_t lanes);

/// The window and the blocks of a convolution.
struct ConvWindow {
  llvm::ArrayRef<int64_t> strides, dilations;
  int64_t groups;
  std::optional<int64_t> lanes;
  /// Input channels in one lane of the filter.
  int64_t pack;
};

/// Turns accumulators into results: builds the rest of the convolution from a
/// form whose contraction it makes itself.
using Epilogue =
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, const ContractionForm &)>;

/// Lowers a convolution without padding: dense, grouped or blocked, sample by
/// sample where it is blocked. `form` holds the operands.
mlir::Value lowerConv(mlir::OpBuilder &builder, mlir::Location loc,
                      ContractionForm form, const ConvWindow &window,
                      Epilogue finish);

} // namespace octet

#endif // OCTET_LIB_DIALECT_OCTET_OPS_CONVLOWERING_H
