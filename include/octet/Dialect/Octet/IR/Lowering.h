//===- Lowering.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the lowerings of single operations (LoweringOpInterface) share.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_LOWERING_H
#define OCTET_DIALECT_OCTET_IR_LOWERING_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

namespace octet::lowering {

/// Marks a contraction whose trailing dimensions are a register's lanes.
inline constexpr llvm::StringLiteral blockedAttr = "octet.blocked";

/// `value` with a signless element type, as linalg wants it.
mlir::Value toSignless(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value);
mlir::RankedTensorType signlessType(mlir::RankedTensorType type);

using Body = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                            mlir::ValueRange)>;

/// A linalg.generic over `out`'s shape with identity output map; `maps` are the
/// inputs' maps. The body gets the inputs' elements and the output's.
mlir::Value createElementwise(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::ValueRange inputs,
                              llvm::ArrayRef<mlir::AffineMap> maps,
                              mlir::Value out, Body body);

/// The same, the inputs broadcast to `out`'s shape as in NumPy.
mlir::Value createBroadcast(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::ValueRange inputs, mlir::Value out,
                            Body body);

/// A linalg.generic whose trailing dimensions beyond `outMap`'s results are
/// reductions.
mlir::Value createReduction(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::ValueRange inputs,
                            llvm::ArrayRef<mlir::AffineMap> maps,
                            mlir::Value out, mlir::AffineMap outMap, Body body);

/// Map of an operand of `shape` that broadcasts into `result` (NumPy).
mlir::AffineMap broadcastMap(mlir::MLIRContext *context,
                             llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<int64_t> result);

mlir::Value constantF32(mlir::OpBuilder &builder, mlir::Location loc,
                        float value);

/// x < low ? low : x > high ? high : x; absent bounds do not bind, NaN stays.
mlir::Value clamp(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x,
                  std::optional<llvm::APFloat> low,
                  std::optional<llvm::APFloat> high);

/// The function `kind`, of parameters `alpha` and `beta`, of one f32.
mlir::Value lowerFunction(mlir::OpBuilder &builder, mlir::Location loc,
                          UnaryKind kind, mlir::Value x, float alpha,
                          float beta);

/// True if quantized values are kept in si8.
bool isSignedStorage(mlir::Value tensor);

/// The last steps of every requantization (QS-3): clamp the f32 `x`, which is
/// no NaN, round half to even, convert, add the zero point, narrow to i8.
mlir::Value roundToStorage(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value x, mlir::Value low, mlir::Value high,
                           mlir::Value zeroPoint, bool isSigned);
/// The same with the bounds and the result of `op`.
template <typename OpTy>
mlir::Value roundToStorage(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value x, OpTy op) {
  return roundToStorage(builder, loc, x, op.getLow(), op.getHigh(),
                        op.getZeroPoint(), isSignedStorage(op->getResult(0)));
}

/// The same, where the result chooses from a table: modulo 256.
mlir::Value roundToIndex(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value x, mlir::Value low, mlir::Value high,
                         mlir::Value zeroPoint);

/// roundToStorage where `x` stays below 2^30 + 2^28 and the bounds are those of
/// 8 bits that are `isSigned`: the integer is clamped, as saturating packs do.
mlir::Value roundAndSaturate(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value x, mlir::Value zeroPoint,
                             bool isSigned);

/// The byte of a table of 256 that the bits of `q` choose.
mlir::Value lookUp(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value table, mlir::Value q);

/// The stored byte `q` as an i32.
mlir::Value widen(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value q,
                  bool isSigned);
/// f32(q - zero_point), exact.
mlir::Value centered(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value q, bool isSigned, mlir::Value zeroPoint);

/// fma(a, b, c) in the contractible form that schedules fuse (QS-12).
mlir::Value contractible(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value a, mlir::Value b, mlir::Value c);

/// The sums of windows along dimension `axis` of an f32 tensor: the result's
/// size there is `windows`, window i starts at i · stride, and its `taps`
/// elements are `dilation` apart. They are summed as QS-12 says.
mlir::Value sumAlong(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value input, int64_t axis, int64_t windows,
                     int64_t taps, int64_t stride = 1, int64_t dilation = 1);

/// The largest (or, with `smaller`, the smallest) value along dimension `axis`,
/// which is kept with size one; a NaN wins. Which zero it is depends on where
/// zeros lie.
mlir::Value extremeAlong(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value input, int64_t axis, bool smaller = false);

/// A copy of `input`, read through `map`, into `out`.
mlir::Value copyThrough(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value input, mlir::AffineMap map,
                        mlir::Value out);

/// Copies `source` into `target` at `offsets`.
mlir::Value copyInto(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value source, mlir::Value target,
                     llvm::ArrayRef<int64_t> offsets);

/// `value` filled into `out`.
mlir::Value fill(mlir::OpBuilder &builder, mlir::Location loc,
                 mlir::TypedAttr value, mlir::Value out);

/// The larger (or, with `smaller`, the smaller) of an element and an
/// accumulator; a NaN on either side wins.
mlir::Value extremeOrNaN(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value element, mlir::Value accumulator,
                         bool smaller = false);

/// `carried` with the parts that body(position, carried) puts into it by a
/// tensor.insert_slice, for all positions of `counts`. These do not depend on
/// each other: they are the iterations of an scf.forall where there are
/// several.
mlir::Value
repeat(mlir::OpBuilder &builder, mlir::Location loc,
       llvm::ArrayRef<int64_t> counts, mlir::Value carried,
       llvm::function_ref<mlir::Value(
           mlir::OpBuilder &, llvm::ArrayRef<mlir::OpFoldResult>, mlir::Value)>
           body);

} // namespace octet::lowering

#endif // OCTET_DIALECT_OCTET_IR_LOWERING_H
