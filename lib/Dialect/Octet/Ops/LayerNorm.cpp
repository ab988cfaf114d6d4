//===- LayerNorm.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// layer_norm: normalization along the last dimension.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/Rows.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}

LogicalResult LayerNormOp::verify() {
  auto shape = typeOf(getInput()).getShape();
  if (shape.empty())
    return emitOpError("input has no dimension to normalize along");
  for (Value parameter : {getScale(), getShift()})
    if (parameter && typeOf(parameter).getShape() != shape.take_back())
      return emitOpError("scale and shift must be of shape [")
             << shape.back() << "], as the input's last dimension";
  return success();
}

SmallVector<int64_t> LayerNormOp::getDimensionSources(unsigned operand,
                                                      unsigned) {
  int64_t rank = typeOf(getInput()).getRank();
  if (operand == 0)
    return sameDimensions(rank, [&](int64_t d) { return d + 1 < rank; });
  SmallVector<int64_t> sources(rank, -1);
  sources.back() = 0;
  return sources;
}

namespace {
/// layer_norm(reshape(x)) -> reshape(layer_norm(x)) where rows stay: reshapes
/// meet others that way.
struct SinkReshapeOfRows : OpRewritePattern<LayerNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LayerNormOp op,
                                PatternRewriter &rewriter) const override {
    auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
    if (!reshape)
      return rewriter.notifyMatchFailure(op, "input is no reshape");
    auto type = typeOf(reshape.getInput());
    if (type.getRank() == 0 ||
        type.getShape().back() != typeOf(op.getInput()).getShape().back())
      return rewriter.notifyMatchFailure(op, "rows would not be the same");
    auto normal = LayerNormOp::create(
        rewriter, op.getLoc(), type, reshape.getInput(), op.getScale(),
        op.getShift(), op.getEpsilonAttr(), op.getRmsAttr());
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), normal);
    return success();
  }
};
} // namespace

void LayerNormOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *context) {
  results.add<SinkReshapeOfRows>(context);
}

namespace {
/// The steps on a group of rows; each operation is rounded once (QS-23).
class Normalizer {
public:
  Normalizer(OpBuilder &builder, LayerNormOp op, ValueRange operands,
             RowGroup &rows, Value from)
      : builder(builder), op(op), loc(op.getLoc()), rows(rows), from(from),
        size(typeOf(op.getInput()).getShape().back()) {
    operands = operands.drop_front();
    for (Value *parameter : {&scale, &shift})
      if (parameter == &scale ? op.getScale() : op.getShift()) {
        *parameter = operands.front();
        operands = operands.drop_front();
      }
  }

  Value run(Value into) {
    if (!op.getRms())
      means = divided(rows.sum([&](int64_t row, Value at, int64_t width) {
        return rows.read(from, row, at, width);
      }));
    auto inverses =
        divided(rows.sum([&](int64_t row, Value at, int64_t width) -> Value {
          Value x = centered(row, at, width);
          return arith::MulFOp::create(builder, loc, x, x);
        }));
    for (Value &inverse : inverses) {
      inverse = arith::AddFOp::create(
          builder, loc, inverse,
          constantF32(builder, loc, op.getEpsilon().convertToFloat()));
      inverse = math::SqrtOp::create(builder, loc, inverse);
      inverse = arith::DivFOp::create(builder, loc,
                                      constantF32(builder, loc, 1.0f), inverse);
    }
    return rows.map(
        into, [&](int64_t row, Value at, int64_t width, Value) -> Value {
          Value y =
              arith::MulFOp::create(builder, loc, centered(row, at, width),
                                    rows.splat(inverses[row], width));
          if (scale)
            y = arith::MulFOp::create(builder, loc, y,
                                      rows.read(scale, 0, at, width));
          if (shift)
            y = arith::AddFOp::create(builder, loc, y,
                                      rows.read(shift, 0, at, width));
          return y;
        });
  }

private:
  /// x - mean.
  Value centered(int64_t row, Value at, int64_t width) {
    Value x = rows.read(from, row, at, width);
    if (op.getRms())
      return x;
    return arith::SubFOp::create(builder, loc, x,
                                 rows.splat(means[row], width));
  }

  SmallVector<Value> divided(SmallVector<Value> sums) {
    for (Value &sum : sums)
      sum = arith::DivFOp::create(builder, loc, sum,
                                  constantF32(builder, loc, size));
    return sums;
  }

  OpBuilder &builder;
  LayerNormOp op;
  Location loc;
  RowGroup &rows;
  Value from, scale, shift;
  int64_t size;
  SmallVector<Value> means;
};
} // namespace

FailureOr<SmallVector<Value>>
LayerNormOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return SmallVector<Value>{forEachRow(
      builder, *this, inputs[0], outputs[0],
      [&](RowGroup &rows, Value from, Value into) {
        return Normalizer(builder, *this, inputs, rows, from).run(into);
      })};
}
