//===- Transpose.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// transpose: another order of dimensions.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferPermuted(location, adaptor.getPermutation(), adaptor.getInput(),
                       types);
}

LogicalResult TransposeOp::verify() { return verifySameElementType(*this); }

SmallVector<int64_t> TransposeOp::getDimensionSources(unsigned, unsigned) {
  return SmallVector<int64_t>(getPermutation());
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (isIdentityPermutation(getPermutation()))
    return getInput();
  ConstantView input = adaptor.getInput();
  if (!input)
    return {};
  return stridedConstant(
      input, typeOf(getOutput()), /*offset=*/0,
      permute(computeStrides(input.getType().getShape()), getPermutation()));
}

namespace {
/// transpose(transpose(x)) -> transpose(x).
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "input is no transpose");
    rewriter.replaceOpWithNewOp<TransposeOp>(
        op, op.getType(), inner.getInput(),
        permute(inner.getPermutation(), op.getPermutation()));
    return success();
  }
};

/// A transpose that only moves dimensions of size one is a reshape.
struct TransposeToReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto shape = typeOf(op.getInput()).getShape();
    int64_t last = -1;
    for (int64_t p : op.getPermutation()) {
      if (shape[p] == 1)
        continue;
      if (p < last)
        return rewriter.notifyMatchFailure(op, "moves elements");
      last = p;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *context) {
  results.add<MergeTransposes, TransposeToReshape>(context);
}

FailureOr<SmallVector<Value>>
TransposeOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto *context = builder.getContext();
  SmallVector<AffineExpr> exprs(getPermutation().size());
  for (auto [i, p] : llvm::enumerate(getPermutation()))
    exprs[p] = getAffineDimExpr(i, context);
  return SmallVector<Value>{
      copyThrough(builder, getLoc(), inputs[0],
                  AffineMap::get(exprs.size(), 0, exprs, context), outputs[0])};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildTranspose(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  auto reversed = llvm::to_vector(
      llvm::reverse(llvm::seq<int64_t>(0, typeOf(input).getRank())));
  return node.setOutput(
      node.transpose(input, node.getInts("perm").value_or(reversed)));
}

void TransposeOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Transpose"] = buildTranspose;
}
