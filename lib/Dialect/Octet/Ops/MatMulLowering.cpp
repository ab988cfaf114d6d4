//===- MatMulLowering.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocked products of matrices that are computed at run time: the columns of
// the result are the lanes of registers, or its rows where it is narrow. The
// last block overlaps the one before it, so that all have one size.
//
//===----------------------------------------------------------------------===//

#include "ConvLowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

namespace {

/// Rows from which on a right side is put block by block before it is used:
/// each row reads it once.
constexpr int64_t fewestPackedRows = 24;

using Offsets = SmallVector<OpFoldResult>;

class MatMulBuilder {
public:
  MatMulBuilder(Location loc, ValueRange operands, int64_t lanes)
      : loc(loc), lhs(operands[0]), rhs(operands[1]),
        bias(operands.size() > 2 ? operands[2] : Value()), lanes(lanes) {}

  /// All matrices of the batch, one after the other. Trailing dimensions in
  /// which there is one right side are rows of one product.
  Value run(OpBuilder &builder, Value destination) {
    auto shape = typeOf(destination).getShape();
    int64_t batch = shape.size() - 2;
    while (batch > 0 && sizeFromEnd(rhs, shape.size() - batch + 1) == 1 &&
           sizeFromEnd(lhs, shape.size() - batch + 1) == shape[batch - 1])
      --batch;
    return repeat(builder, loc, shape.take_front(batch), destination,
                  [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) {
                    return oneProduct(b, into, Offsets(at));
                  });
  }

private:
  /// The size of the dimension that `back` others follow, or 1 where `value`
  /// has none.
  static int64_t sizeFromEnd(Value value, int64_t back) {
    auto shape = typeOf(value).getShape();
    int64_t size = shape.size();
    return back <= size ? shape[size - back] : 1;
  }

  /// Offsets and sizes of `value`'s part at `position` of a result of `rank`.
  struct Part {
    Offsets offsets, sizes, strides;
    Shape shape;
  };
  static Part partAt(OpBuilder &b, Value value, const Offsets &position,
                     int64_t rank) {
    auto shape = typeOf(value).getShape();
    int64_t own = shape.size(), skipped = rank - own;
    Part part;
    for (int64_t i = 0; i < own; ++i) {
      bool chosen = i + skipped < static_cast<int64_t>(position.size());
      part.offsets.push_back(chosen && shape[i] != 1 ? position[i + skipped]
                                                     : b.getIndexAttr(0));
      part.sizes.push_back(b.getIndexAttr(chosen ? 1 : shape[i]));
      part.strides.push_back(b.getIndexAttr(1));
      if (!chosen)
        part.shape.push_back(shape[i]);
    }
    return part;
  }

  /// Leading dimensions as one.
  Value asMatrix(OpBuilder &b, Value value) {
    int64_t rank = typeOf(value).getRank();
    if (rank == 2)
      return value;
    return tensor::CollapseShapeOp::create(b, loc, value, matrixGroups(rank));
  }
  static SmallVector<ReassociationIndices> matrixGroups(int64_t rank) {
    return {llvm::to_vector<2>(llvm::seq<int64_t>(0, rank - 1)), {rank - 1}};
  }

  Value oneProduct(OpBuilder &b, Value into, const Offsets &position) {
    int64_t rank = typeOf(into).getRank();
    auto sliceOf = [&](Value value) -> Value {
      Part part = partAt(b, value, position, rank);
      return tensor::ExtractSliceOp::create(
          b, loc,
          RankedTensorType::get(part.shape, typeOf(value).getElementType()),
          value, part.offsets, part.sizes, part.strides);
    };
    Value left = asMatrix(b, sliceOf(lhs)), right = asMatrix(b, sliceOf(rhs));
    Value whole = sliceOf(into), out = asMatrix(b, whole);
    int64_t rows = typeOf(out).getDimSize(0),
            columns = typeOf(out).getDimSize(1);
    Value result = columns < lanes && columns < rows
                       ? byRows(b, left, right, out)
                       : byColumns(b, left, right, out);
    auto shape = typeOf(whole);
    if (shape.getRank() > 2)
      result = tensor::ExpandShapeOp::create(b, loc, shape, result,
                                             matrixGroups(shape.getRank()));
    Part part = partAt(b, into, position, rank);
    return tensor::InsertSliceOp::create(b, loc, result, into, part.offsets,
                                         part.sizes, part.strides);
  }

  /// `count` columns of a matrix from `first` on.
  Value columnsOf(OpBuilder &b, Value matrix, OpFoldResult first,
                  int64_t count) {
    int64_t rows = typeOf(matrix).getDimSize(0);
    return tensor::ExtractSliceOp::create(
        b, loc, matrix, Offsets{b.getIndexAttr(0), first},
        Offsets{b.getIndexAttr(rows), b.getIndexAttr(count)},
        Offsets{b.getIndexAttr(1), b.getIndexAttr(1)});
  }

  Value emptyOf(OpBuilder &b, ArrayRef<int64_t> shape) {
    return tensor::EmptyOp::create(b, loc, shape, b.getF32Type());
  }

  /// `matrix` [terms, size], or [size, terms] to be transposed, as
  /// [blocks, terms, width].
  Value pack(OpBuilder &builder, Value matrix, int64_t width, bool transposes) {
    auto shape = typeOf(matrix).getShape();
    int64_t size = shape[transposes ? 0 : 1], terms = shape[transposes ? 1 : 0];
    auto block = [&](OpBuilder &b, OpFoldResult at, OpFoldResult first,
                     Value into) -> Value {
      OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1),
                   all = b.getIndexAttr(terms), wide = b.getIndexAttr(width);
      Offsets to{at, zero, zero}, sizes{one, all, wide}, ones{one, one, one};
      Value target = tensor::ExtractSliceOp::create(
          b, loc, RankedTensorType::get({terms, width}, b.getF32Type()), into,
          to, sizes, ones);
      Value packed;
      if (transposes) {
        Value source = tensor::ExtractSliceOp::create(
            b, loc, matrix, Offsets{first, zero}, Offsets{wide, all},
            Offsets{one, one});
        packed = linalg::TransposeOp::create(b, loc, source, target,
                                             ArrayRef<int64_t>{1, 0})
                     .getResult()[0];
      } else {
        packed = linalg::CopyOp::create(
                     b, loc, columnsOf(b, matrix, first, width), target)
                     .getResult(0);
      }
      return tensor::InsertSliceOp::create(b, loc, packed, into, to, sizes,
                                           ones);
    };
    int64_t whole = size / width, blocks = llvm::divideCeil(size, width);
    Value result =
        repeat(builder, loc, {whole}, emptyOf(builder, {blocks, terms, width}),
               [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) {
                 OpFoldResult first = affine::makeComposedFoldedAffineApply(
                     b, loc, b.getAffineDimExpr(0) * width, {at[0]});
                 return block(b, at[0], first, into);
               });
    if (whole < blocks)
      result = block(builder, builder.getIndexAttr(whole),
                     builder.getIndexAttr(size - width), result);
    return result;
  }

  /// out[p, i] for the `size` columns i of `out` as lanes: the sum over k of
  /// the element of `left` that `leftMap` takes from (p, k), times that of
  /// `right`. `right` is [k, i], or packed.
  struct Lanes {
    Value left, right, bias;
    AffineMap leftMap;
    bool packed;
    /// The bias has one value for each position, not for each lane.
    bool biasByPosition;
  };
  Value computeLanes(OpBuilder &b, const Lanes &lanesOf, Value out,
                     int64_t width) {
    int64_t size = typeOf(out).getDimSize(1), whole = size / width;
    out = computeBlocks(b, lanesOf, out, 0, 0, whole, width);
    if (whole * width < size)
      out = computeBlocks(b, lanesOf, out, whole, size - width, 1, width);
    return out;
  }

  /// `count` blocks from column `first` on, which `right` has, if packed, from
  /// `block` on.
  Value computeBlocks(OpBuilder &b, const Lanes &lanesOf, Value out,
                      int64_t block, int64_t first, int64_t count,
                      int64_t width) {
    auto *context = b.getContext();
    int64_t positions = typeOf(out).getDimSize(0), columns = count * width;
    auto split = [&](Value value, ArrayRef<int64_t> shape,
                     ArrayRef<ReassociationIndices> groups) -> Value {
      return tensor::ExpandShapeOp::create(
          b, loc, RankedTensorType::get(shape, b.getF32Type()), value, groups);
    };
    // (h, p, block, lane, k); h is one.
    ContractionForm form;
    form.parallel = 4;
    form.reductions = 1;
    form.blocked = true;
    form.input = lanesOf.left;
    form.inputMap = lanesOf.leftMap;
    if (lanesOf.packed) {
      int64_t terms = typeOf(lanesOf.right).getDimSize(1);
      form.filter = tensor::ExtractSliceOp::create(
          b, loc, lanesOf.right, getAsIndexOpFoldResult(context, {block, 0, 0}),
          getAsIndexOpFoldResult(context, {count, terms, width}),
          getAsIndexOpFoldResult(context, {1, 1, 1}));
      form.filterMap = dimsMap(context, 5, {2, 4, 3});
    } else {
      Value part = columnsOf(b, lanesOf.right, b.getIndexAttr(first), columns);
      form.filter = split(part, {typeOf(part).getDimSize(0), count, width},
                          {{0}, {1, 2}});
      form.filterMap = dimsMap(context, 5, {4, 2, 3});
    }
    form.bias = lanesOf.bias;
    if (form.bias && !lanesOf.biasByPosition) {
      form.bias = tensor::ExtractSliceOp::create(
          b, loc, form.bias, Offsets{b.getIndexAttr(first)},
          Offsets{b.getIndexAttr(columns)}, Offsets{b.getIndexAttr(1)});
      form.bias = split(form.bias, {count, width}, {{0, 1}});
    }
    form.channelMap = lanesOf.biasByPosition ? dimsMap(context, 4, {1})
                                             : dimsMap(context, 4, {2, 3});
    SmallVector<ReassociationIndices> groups{{0, 1}, {2, 3}};
    Value part = split(columnsOf(b, out, b.getIndexAttr(first), columns),
                       {1, positions, count, width}, groups);
    // Tiling starts from the copy and keeps accumulators out of the result.
    Value sums = contract(b, loc, form, b.getF32Type(),
                          emptyOf(b, typeOf(part).getShape()));
    sums = copyThrough(b, loc, sums, b.getMultiDimIdentityMap(4), part);
    Value result = tensor::CollapseShapeOp::create(b, loc, sums, groups);
    return tensor::InsertSliceOp::create(
        b, loc, result, out, getAsIndexOpFoldResult(context, {0, first}),
        getAsIndexOpFoldResult(context, {positions, columns}),
        getAsIndexOpFoldResult(context, {1, 1}));
  }

  Value byColumns(OpBuilder &b, Value left, Value right, Value out) {
    int64_t rows = typeOf(out).getDimSize(0),
            columns = typeOf(out).getDimSize(1);
    int64_t width =
        std::min<int64_t>(lanes, llvm::bit_floor<uint64_t>(columns));
    bool packed = rows >= fewestPackedRows;
    if (packed)
      right = pack(b, right, width, /*transposes=*/false);
    return computeLanes(
        b,
        {left, right, bias, dimsMap(b.getContext(), 5, {1, 4}), packed, false},
        out, width);
  }

  /// The transposed product: few columns, each a row of lanes.
  Value byRows(OpBuilder &b, Value left, Value right, Value out) {
    int64_t rows = typeOf(out).getDimSize(0),
            columns = typeOf(out).getDimSize(1);
    int64_t width = std::min<int64_t>(lanes, llvm::bit_floor<uint64_t>(rows));
    left = pack(b, left, width, /*transposes=*/true);
    Value transposed = computeLanes(
        b, {right, left, bias, dimsMap(b.getContext(), 5, {4, 1}), true, true},
        emptyOf(b, {columns, rows}), width);
    return linalg::TransposeOp::create(b, loc, transposed, out,
                                       ArrayRef<int64_t>{1, 0})
        .getResult()[0];
  }

  Location loc;
  Value lhs, rhs, bias;
  int64_t lanes;
};

} // namespace

Value octet::lowerBlockedMatMul(OpBuilder &builder, Location loc,
                                ValueRange operands, Value destination,
                                int64_t lanes) {
  return MatMulBuilder(loc, operands, lanes).run(builder, destination);
}
