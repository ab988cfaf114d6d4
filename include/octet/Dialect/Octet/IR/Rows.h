//===- Rows.h ---------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lowerings that go along the last dimension: each row is read, reduced and
// written while it is in the cache, and rows do not depend on each other.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_ROWS_H
#define OCTET_DIALECT_OCTET_IR_ROWS_H

#include "octet/Dialect/Octet/IR/Lowering.h"

namespace octet::lowering {

/// Rows of f32 side by side: a sum along one is a chain of additions, so
/// several are taken at a time. Tensors of rows are [count, size], or [size]
/// where there is one for all.
class RowGroup {
public:
  RowGroup(mlir::OpBuilder &builder, mlir::Location loc, int64_t count,
           int64_t size)
      : builder(builder), loc(loc), count(count), size(size) {}

  /// A vector of `width` values of row `row` from position `at` on.
  using Vectors = llvm::function_ref<mlir::Value(int64_t row, mlir::Value at,
                                                 int64_t width)>;
  /// The same, of what the tensor `out` holds so far.
  using Update = llvm::function_ref<mlir::Value(
      int64_t row, mlir::Value at, int64_t width, mlir::Value out)>;
  /// What a vector of elements makes of accumulators.
  using Combine =
      llvm::function_ref<mlir::Value(mlir::Value element, mlir::Value sum)>;

  mlir::Value read(mlir::Value tensor, int64_t row, mlir::Value at,
                   int64_t width);
  /// `scalar`, an f32, `width` times.
  mlir::Value splat(mlir::Value scalar, int64_t width);

  /// `out` with vectors of `body` in all places.
  mlir::Value map(mlir::Value out, Update body);

  /// `out`, [count, 1] or [1], with a value for each row.
  mlir::Value store(llvm::ArrayRef<mlir::Value> values, mlir::Value out);

  /// A value for each row: `terms` combined in 16 lanes and a tree over them
  /// (QS-12); `neutral` changes nothing that it is combined with. The terms are
  /// also put into `*stored`, if given.
  llvm::SmallVector<mlir::Value> reduce(Vectors terms, Combine combine,
                                        float neutral,
                                        mlir::Value *stored = nullptr);
  llvm::SmallVector<mlir::Value> sum(Vectors terms,
                                     mlir::Value *stored = nullptr);
  /// The largest (or smallest) values; NaN where there is one.
  llvm::SmallVector<mlir::Value> extreme(Vectors terms, bool smallest);

private:
  /// Calls `step` for each place of each row's vectors, from left to right; it
  /// replaces what is carried.
  llvm::SmallVector<mlir::Value>
  walk(mlir::ValueRange carried,
       llvm::function_ref<void(mlir::Value at, int64_t width,
                               llvm::MutableArrayRef<mlir::Value> carried)>
           step);
  mlir::Value write(mlir::Value vector, mlir::Value tensor, int64_t row,
                    mlir::Value at);
  llvm::SmallVector<mlir::Value> placeOf(mlir::Value tensor, int64_t row,
                                         mlir::Value at);
  mlir::Value index(int64_t value);
  int64_t lanes() const;

  mlir::OpBuilder &builder;
  mlir::Location loc;
  int64_t count, size;
};

/// Computes the rows of `op`'s result into `out`, which has `input`'s shape but
/// perhaps for the last dimension: `body` gets groups of rows of both and
/// returns what the latter become.
mlir::Value
forEachRow(mlir::OpBuilder &builder, mlir::Operation *op, mlir::Value input,
           mlir::Value out,
           llvm::function_ref<mlir::Value(RowGroup &rows, mlir::Value input,
                                          mlir::Value out)>
               body);

} // namespace octet::lowering

#endif // OCTET_DIALECT_OCTET_IR_ROWS_H
