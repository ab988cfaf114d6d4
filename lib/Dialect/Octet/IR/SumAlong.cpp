//===- SumAlong.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums in f32 (QS-12): 16 lanes, then a tree over them. A chain of additions in
// order would lose digits with each of them, and no two could run at a time.
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

static constexpr int64_t lanes = 16;

namespace {
/// Windows' elements, combined two by two in the order of QS-12.
class WindowTree {
public:
  WindowTree(OpBuilder &builder, Location loc, Value input, int64_t axis,
             int64_t windows, int64_t stride, int64_t dilation, Body combine)
      : builder(builder), loc(loc), input(input), combine(combine), axis(axis),
        rank(typeOf(input).getRank()), windows(windows), stride(stride),
        dilation(dilation) {}

  Value run(int64_t taps) {
    if (taps <= lanes)
      return tree(taps, [&](int64_t tap) {
        return slice(input, axis, tap * dilation, windows, stride);
      });
    Value sums = partialSums(taps);
    return tree(lanes, [&](int64_t lane) {
      return slice(sums, axis + 1, lane, /*size=*/1, /*step=*/1);
    });
  }

private:
  AffineExpr dim(unsigned d) {
    return getAffineDimExpr(d, builder.getContext());
  }

  /// Of `dims` loops, the first `rank` or, with lanes behind `axis`, one more
  /// are the result's; reads the input at `position` along `axis`.
  AffineMap inputMap(unsigned dims, AffineExpr position) {
    SmallVector<AffineExpr> exprs;
    bool hasLanes = dims > rank;
    for (unsigned d = 0; d < rank; ++d)
      exprs.push_back(d == axis ? position
                                : dim(d + (hasLanes && d > axis ? 1 : 0)));
    return AffineMap::get(dims, 0, exprs, builder.getContext());
  }

  Value empty(ArrayRef<int64_t> shape) {
    return tensor::EmptyOp::create(builder, loc, shape, builder.getF32Type());
  }

  Shape shapeWith(std::optional<int64_t> laneCount) {
    Shape shape(typeOf(input).getShape());
    shape[axis] = windows;
    if (laneCount)
      shape.insert(shape.begin() + axis + 1, *laneCount);
    return shape;
  }

  /// `size` positions of `value` along dimension `d`, `step` apart; of lanes
  /// one, without their dimension.
  Value slice(Value value, unsigned d, int64_t offset, int64_t size,
              int64_t step) {
    Shape shape(typeOf(value).getShape());
    SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0)),
        steps(shape.size(), builder.getIndexAttr(1));
    offsets[d] = builder.getIndexAttr(offset);
    steps[d] = builder.getIndexAttr(step);
    shape[d] = size;
    auto sizes = getAsIndexOpFoldResult(builder.getContext(), shape);
    if (d != axis)
      shape.erase(shape.begin() + d);
    return tensor::ExtractSliceOp::create(
        builder, loc, RankedTensorType::get(shape, builder.getF32Type()), value,
        offsets, sizes, steps);
  }

  /// Combines operands pairwise: 8, 4, 2, 1 apart.
  template <typename Operand> Value tree(int64_t count, Operand operand) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(operand(i));
    SmallVector<AffineMap> maps(count, builder.getMultiDimIdentityMap(rank));
    return createElementwise(
        builder, loc, values, maps, empty(shapeWith(std::nullopt)),
        [&](OpBuilder &b, Location at, ValueRange args) {
          auto sums = llvm::to_vector(args.take_front(count));
          for (int64_t apart = lanes / 2; apart > 0; apart /= 2)
            for (int64_t i = 0; i < apart && i + apart < count; ++i)
              sums[i] = combine(b, at, {sums[i], sums[i + apart]});
          return sums[0];
        });
  }

  /// Lane l of 16, behind `axis`, has elements l, l + 16, … combined in turn.
  Value partialSums(int64_t taps) {
    unsigned dims = rank + 1;
    AffineExpr start = dim(axis) * stride, lane = dim(axis + 1) * dilation;
    auto first = [](OpBuilder &, Location, ValueRange args) { return args[0]; };
    auto add = [&](OpBuilder &b, Location at, ValueRange args) -> Value {
      return combine(b, at, {args.back(), args[0]});
    };
    Value sums =
        createElementwise(builder, loc, input, inputMap(dims, start + lane),
                          empty(shapeWith(lanes)), first);
    int64_t rows = taps / lanes, rest = taps % lanes;
    if (rows > 1) {
      // Only the shape of this operand counts: it bounds the rows.
      Value bound = empty({rows - 1});
      AffineExpr row = (dim(dims) + 1) * (lanes * dilation);
      sums = createReduction(
          builder, loc, {input, bound},
          {inputMap(dims + 1, start + row + lane),
           AffineMap::get(dims + 1, 0, dim(dims), builder.getContext())},
          sums,
          AffineMap::getMultiDimIdentityMap(dims + 1, builder.getContext())
              .getMajorSubMap(dims),
          add);
    }
    if (rest == 0)
      return sums;
    auto shape = shapeWith(rest);
    SmallVector<OpFoldResult> zeros(dims, builder.getIndexAttr(0)),
        ones(dims, builder.getIndexAttr(1));
    auto sizes = getAsIndexOpFoldResult(builder.getContext(), shape);
    Value front = tensor::ExtractSliceOp::create(
        builder, loc, RankedTensorType::get(shape, builder.getF32Type()), sums,
        zeros, sizes, ones);
    front = createElementwise(
        builder, loc, input,
        inputMap(dims, start + lane + rows * lanes * dilation), front, add);
    return tensor::InsertSliceOp::create(builder, loc, front, sums, zeros,
                                         sizes, ones);
  }

  OpBuilder &builder;
  Location loc;
  Value input;
  Body combine;
  unsigned axis, rank;
  int64_t windows, stride, dilation;
};
} // namespace

Value lowering::sumAlong(OpBuilder &builder, Location loc, Value input,
                         int64_t axis, int64_t windows, int64_t taps,
                         int64_t stride, int64_t dilation) {
  return WindowTree(builder, loc, input, axis, windows, stride, dilation,
                    [](OpBuilder &b, Location at, ValueRange args) -> Value {
                      return arith::AddFOp::create(b, at, args[0], args[1]);
                    })
      .run(taps);
}

Value lowering::extremeAlong(OpBuilder &builder, Location loc, Value input,
                             int64_t axis, bool smaller) {
  return WindowTree(builder, loc, input, axis, /*windows=*/1, /*stride=*/1,
                    /*dilation=*/1,
                    [&](OpBuilder &b, Location at, ValueRange args) {
                      return extremeOrNaN(b, at, args[1], args[0], smaller);
                    })
      .run(typeOf(input).getDimSize(axis));
}
