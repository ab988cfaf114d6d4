//===- Movement.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations that move values.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

namespace {

/// A copy of `input`, read through `map`, into `out`.
Value copyThrough(OpBuilder &builder, Location loc, Value input, AffineMap map,
                  Value out) {
  return createElementwise(
      builder, loc, input, map, out,
      [](OpBuilder &, Location, ValueRange args) { return args[0]; });
}

struct LowerTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto *context = rewriter.getContext();
    SmallVector<AffineExpr> exprs(op.getPermutation().size());
    for (const auto &[i, p] : llvm::enumerate(op.getPermutation()))
      exprs[p] = getAffineDimExpr(i, context);
    Value result = copyThrough(rewriter, op.getLoc(),
                               toSignless(rewriter, op.getLoc(), op.getInput()),
                               AffineMap::get(exprs.size(), 0, exprs, context),
                               getDestination(rewriter, op));
    replaceWith(rewriter, op, result);
    return success();
  }
};

struct LowerSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    // The element is fetched by index: a step may be negative, which
    // tensor.extract_slice does not take.
    auto loc = op.getLoc();
    Value input = toSignless(rewriter, loc, op.getInput());
    Value result = createElementwise(
        rewriter, loc, {}, {}, getDestination(rewriter, op),
        [&](OpBuilder &b, Location at, ValueRange) -> Value {
          SmallVector<Value> indices;
          for (int64_t i = 0; i < typeOf(input).getRank(); ++i) {
            auto constant = [&](int64_t x) -> Value {
              return arith::ConstantIndexOp::create(b, at, x);
            };
            Value index = linalg::IndexOp::create(b, at, i);
            index = arith::MulIOp::create(b, at, index,
                                          constant(op.getStrides()[i]));
            indices.push_back(arith::AddIOp::create(
                b, at, index, constant(op.getOffsets()[i])));
          }
          return tensor::ExtractOp::create(b, at, input, indices);
        });
    replaceWith(rewriter, op, result);
    return success();
  }
};

struct LowerReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto loc = op.getLoc();
    Value input = toSignless(rewriter, loc, op.getInput());
    auto from = typeOf(input).getShape();
    auto to = typeOf(op.getOutput()).getShape();
    Value result = createElementwise(
        rewriter, loc, {}, {}, getDestination(rewriter, op),
        [&](OpBuilder &b, Location at, ValueRange) -> Value {
          auto constant = [&](int64_t x) -> Value {
            return arith::ConstantIndexOp::create(b, at, x);
          };
          Value linear = constant(0);
          for (size_t i = 0; i < to.size(); ++i) {
            linear = arith::MulIOp::create(b, at, linear, constant(to[i]));
            linear = arith::AddIOp::create(b, at, linear,
                                           linalg::IndexOp::create(b, at, i));
          }
          SmallVector<Value> indices(from.size());
          for (int64_t i = from.size() - 1; i >= 0; --i) {
            indices[i] = i == 0 ? linear
                                : arith::RemUIOp::create(b, at, linear,
                                                         constant(from[i]))
                                      .getResult();
            linear = arith::DivUIOp::create(b, at, linear, constant(from[i]));
          }
          return tensor::ExtractOp::create(b, at, input, indices);
        });
    replaceWith(rewriter, op, result);
    return success();
  }
};

struct LowerCopy : OpRewritePattern<CopyOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CopyOp op,
                                PatternRewriter &rewriter) const override {
    Value input = toSignless(rewriter, op.getLoc(), op.getInput());
    Value result =
        copyThrough(rewriter, op.getLoc(), input,
                    rewriter.getMultiDimIdentityMap(typeOf(input).getRank()),
                    getDestination(rewriter, op));
    replaceWith(rewriter, op, result);
    return success();
  }
};

/// Copies `source` into `target` at `offsets`.
Value copyInto(OpBuilder &builder, Location loc, Value source, Value target,
               ArrayRef<int64_t> offsets) {
  auto type = typeOf(source);
  auto *context = builder.getContext();
  auto at = getAsIndexOpFoldResult(context, offsets);
  auto sizes = getAsIndexOpFoldResult(context, type.getShape());
  SmallVector<OpFoldResult> steps(type.getRank(), builder.getIndexAttr(1));
  Value slice = tensor::ExtractSliceOp::create(builder, loc, type, target, at,
                                               sizes, steps);
  Value copy =
      copyThrough(builder, loc, source,
                  builder.getMultiDimIdentityMap(type.getRank()), slice);
  return tensor::InsertSliceOp::create(builder, loc, copy, target, at, sizes,
                                       steps);
}

struct LowerPad : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op,
                                PatternRewriter &rewriter) const override {
    auto loc = op.getLoc();
    Value input = toSignless(rewriter, loc, op.getInput());
    Type element = typeOf(input).getElementType();
    TypedAttr value = op.getValueAttr();
    if (element.isInteger(8))
      value = rewriter.getI8IntegerAttr(
          static_cast<int>(op.getValue().convertToFloat()));
    else if (!element.isF32())
      return rewriter.notifyMatchFailure(op, "still quantized");
    Value scalar = arith::ConstantOp::create(rewriter, loc, value);
    Value filled = linalg::FillOp::create(rewriter, loc, scalar,
                                          getDestination(rewriter, op))
                       .getResult(0);
    replaceWith(rewriter, op,
                copyInto(rewriter, loc, input, filled, op.getLow()));
    return success();
  }
};

struct LowerConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    auto loc = op.getLoc();
    Value target = getDestination(rewriter, op);
    Shape offsets(typeOf(target).getRank(), 0);
    for (Value input : op.getInputs()) {
      target = copyInto(rewriter, loc, toSignless(rewriter, loc, input), target,
                        offsets);
      offsets[op.getAxis()] += typeOf(input).getDimSize(op.getAxis());
    }
    replaceWith(rewriter, op, target);
    return success();
  }
};

} // namespace

void lowering::populateMovementPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerTranspose, LowerSlice, LowerReshape, LowerCopy, LowerPad,
               LowerConcat>(patterns.getContext());
}
