//===- ContractionRewriter.h ------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The walk that turns a vector.contract into one instruction for each register
// of accumulators; ISAs say which instruction.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_CODEGEN_CONTRACTIONREWRITER_H
#define OCTET_CODEGEN_CONTRACTIONREWRITER_H

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

namespace octet {

/// A contraction whose accumulators' last dimension is a register's lanes.
/// `pack` values of the innermost reduction lie in each lane (1 for f32).
struct LaneContraction {
  mlir::vector::ContractionOp op;
  /// Operands before widening: left is the one without lanes.
  mlir::Value left, right;
  mlir::AffineMap leftMap, rightMap, accMap;
  int64_t lanes = 0;
  int64_t pack = 1;
};

/// Matches u8 · s8 into i32 with four values in each lane, or f32; none if `op`
/// is something else.
std::optional<LaneContraction>
matchLaneContraction(mlir::vector::ContractionOp op);

/// `accumulator` + left · right for one register. `left` is the `pack` values
/// that all lanes share, as a vector, or an f32 scalar; `right` holds `lanes`
/// times `pack` values.
using DotEmitter = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::Value accumulator,
    mlir::Value left, mlir::Value right)>;

/// Broadcasts a left value once for each row.
using BroadcastEmitter = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::Value left)>;

/// Replaces the contraction: reductions outermost, each left value broadcast
/// once, each block of the right side extracted once.
void rewriteLaneContraction(mlir::PatternRewriter &rewriter,
                            const LaneContraction &contraction,
                            BroadcastEmitter broadcast, DotEmitter dot);

} // namespace octet

#endif // OCTET_CODEGEN_CONTRACTIONREWRITER_H
