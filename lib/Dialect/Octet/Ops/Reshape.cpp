//===- Reshape.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// reshape: the same elements in row-major order; copy: the same values in
// another layout.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult ReshapeOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  if (dropLayout(typeOf(getInput())).getNumElements() !=
      dropLayout(typeOf(getOutput())).getNumElements())
    return emitOpError("changes the number of elements");
  return success();
}

SmallVector<int64_t> ReshapeOp::getDimensionSources(unsigned, unsigned) {
  // A dimension follows one of the same size with as many elements in front.
  auto from = typeOf(getInput()).getShape();
  SmallVector<int64_t> sources;
  int64_t before = 1;
  for (int64_t size : typeOf(getOutput()).getShape()) {
    int64_t source = -1, seen = 1;
    for (size_t d = 0; d < from.size() && source < 0; seen *= from[d++])
      if (seen == before && from[d] == size)
        source = d;
    sources.push_back(source);
    before *= size;
  }
  return sources;
}

std::optional<int64_t> ReshapeOp::inferRows(ArrayRef<int64_t> rows,
                                            int64_t batch) {
  if (rows[0] == 0)
    return 0;
  // Row-major, each sample stays in one piece; rows must not cross it.
  auto shape = typeOf(getOutput()).getShape();
  if (shape.empty() || shape[0] % batch != 0)
    return std::nullopt;
  return shape[0] / batch;
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto input = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    return input.reshape(typeOf(getOutput()));
  return {};
}

namespace {
/// reshape(reshape(x)) -> reshape(x).
struct MergeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "input is no reshape");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getInput());
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                            MLIRContext *context) {
  results.add<MergeReshapes>(context);
}

FailureOr<SmallVector<Value>>
ReshapeOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Value input = inputs[0];
  auto from = typeOf(input).getShape();
  auto to = typeOf(getOutput()).getShape();
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), {}, {}, outputs[0],
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
          indices[i] =
              i == 0 ? linear
                     : arith::RemUIOp::create(b, at, linear, constant(from[i]))
                           .getResult();
          linear = arith::DivUIOp::create(b, at, linear, constant(from[i]));
        }
        return tensor::ExtractOp::create(b, at, input, indices);
      })};
}

LogicalResult CopyOp::verify() {
  if (typeOf(getInput()).getShape() != typeOf(getOutput()).getShape())
    return emitOpError("input and result must have one shape");
  return verifySameElementType(*this);
}

FailureOr<SmallVector<Value>>
CopyOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return SmallVector<Value>{copyThrough(
      builder, getLoc(), inputs[0],
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0])};
}
