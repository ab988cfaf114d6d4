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
#include "mlir/Pass/Pass.h"

namespace octet {

/// A contraction whose accumulators' last dimension is a block of lanes. In
/// 8 bits, `pack` values of the innermost reduction lie in each lane.
struct LaneContraction {
  mlir::vector::ContractionOp op;
  /// Operands before widening: left is the one without lanes.
  mlir::Value left, right;
  mlir::AffineMap leftMap, rightMap, accMap;
  int64_t lanes = 0;
  /// 1 for f32.
  int64_t pack = 1;
  /// The left bytes are signed.
  bool signedLeft = false;

  /// The size of each dimension.
  llvm::SmallVector<int64_t> bounds() const;
  unsigned laneDim() const;
  /// The reduction that `left` is contiguous along, apart from `pack`; none if
  /// there is no such dimension.
  std::optional<unsigned> groupDim() const;
};

/// Matches 8 bits into i32 or f32; none if `op` is something else.
std::optional<LaneContraction>
matchLaneContraction(mlir::vector::ContractionOp op);

/// The left operand's values along the group dimension at `position`, as one
/// 1-D vector: [groups * pack].
mlir::Value extractRow(mlir::OpBuilder &builder, mlir::Location loc,
                       const LaneContraction &contraction,
                       llvm::ArrayRef<int64_t> position);
/// The right operand's block at `position`: 1-D, [lanes * pack].
mlir::Value extractBlock(mlir::OpBuilder &builder, mlir::Location loc,
                         const LaneContraction &contraction,
                         llvm::ArrayRef<int64_t> position);

/// `size` elements of a 1-D vector from `offset` on.
mlir::Value sliceVector(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value vector, int64_t offset, int64_t size);

/// What an ISA does with one register of accumulators.
class DotIsa {
public:
  using Values = llvm::SmallVector<mlir::Value, 2>;

  virtual ~DotIsa() = default;
  virtual bool accepts(const LaneContraction &contraction) const = 0;
  /// True if inputs are signed bytes.
  virtual bool takesSigned() const { return false; }
  /// 32-bit lanes of one accumulator.
  virtual int64_t width() const = 0;
  /// The operands that hold group `group` of `row`, which may have several, for
  /// every lane.
  virtual Values splat(mlir::OpBuilder &, mlir::Location, mlir::Value row,
                       int64_t group) const = 0;
  /// The same, where the ISA has prepared the left operand: its operands at
  /// `position` of the contraction; empty where it has not.
  virtual Values preparedInput(mlir::OpBuilder &, mlir::Location,
                               const LaneContraction &,
                               llvm::ArrayRef<int64_t>) const {
    return {};
  }
  /// The operands for `width` lanes of the filter, given as their bytes.
  virtual Values filter(mlir::OpBuilder &, mlir::Location,
                        mlir::Value part) const {
    return {part};
  }
  /// True if a step keeps its inputs in registers and takes the filter from
  /// memory one register at a time, not the other way round.
  virtual bool keepsInputs() const { return false; }
  /// The same for all of the block at `position`, one for each `width` lanes.
  virtual llvm::SmallVector<Values>
  filterBlock(mlir::OpBuilder &, mlir::Location,
              const LaneContraction &contraction,
              llvm::ArrayRef<int64_t> position) const;
  /// accumulator + left · right.
  virtual mlir::Value accumulate(mlir::OpBuilder &, mlir::Location,
                                 mlir::Value accumulator, const Values &left,
                                 const Values &right) const = 0;
  /// True if accumulateTaps is there.
  virtual bool hasTaps() const { return false; }
  /// accumulator + Σ inputs[i] · s8(filters[i]) lane by lane, for at most 4
  /// taps; all are 1-D of one size. Inputs have the sign that the dot product
  /// takes.
  virtual mlir::Value
  accumulateTaps(mlir::OpBuilder &, mlir::Location, mlir::Value accumulator,
                 llvm::ArrayRef<mlir::Value> inputs,
                 llvm::ArrayRef<mlir::Value> filters) const {
    llvm_unreachable("this ISA has no dot product of taps");
  }
};

/// Replaces the contraction: reductions outermost, each left value splat once,
/// each block of the right side prepared once.
void rewriteLaneContraction(mlir::PatternRewriter &rewriter,
                            const LaneContraction &contraction,
                            const DotIsa &isa);

/// Rewrites every contraction in a function that `isa` accepts.
void rewriteContractions(mlir::Operation *function, const DotIsa &isa,
                         mlir::Pass::Statistic &counter);

/// Rewrites depthwise sums of products by `isa.accumulateTaps`, if it has it.
void rewriteDepthwise(mlir::Operation *function, const DotIsa &isa,
                      mlir::Pass::Statistic &counter);

/// At most 4 vectors of n bytes, and zeros for the rest, as n groups of 4.
mlir::Value interleaveTaps(mlir::OpBuilder &builder, mlir::Location loc,
                           llvm::ArrayRef<mlir::Value> taps);

/// Applies `dot` to parts of `width` lanes: (accumulator, input, filter), where
/// inputs and filters have `pack` bytes for each lane.
mlir::Value accumulateParts(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Value accumulator,
    mlir::Value input, mlir::Value filter, int64_t width, int64_t pack,
    llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, mlir::Value)> dot);

/// A call of the LLVM intrinsic `name`.
mlir::Value callIntrinsic(mlir::OpBuilder &builder, mlir::Location loc,
                          llvm::StringRef name, mlir::Type result,
                          mlir::ValueRange operands);

} // namespace octet

#endif // OCTET_CODEGEN_CONTRACTIONREWRITER_H
