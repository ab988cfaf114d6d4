//===- SinkReshape.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/Transforms/Patterns.h"

using namespace mlir;
using namespace octet;

/// The constant, which broadcasts into the reshape's result, as it broadcasts
/// into the reshape's input; none if it varies along dimensions that the
/// reshape does not keep.
static std::optional<Shape> shapeInFront(ReshapeOp reshape, Value constant) {
  auto sources = reshape.getDimensionSources(0, 0);
  auto shape = typeOf(constant).getShape();
  if (shape.size() > sources.size())
    return std::nullopt;
  size_t skip = sources.size() - shape.size();
  Shape result(typeOf(reshape.getInput()).getRank(), 1);
  int64_t last = -1;
  for (auto [d, size] : llvm::enumerate(shape)) {
    if (size == 1)
      continue;
    int64_t source = sources[skip + d];
    if (source <= last)
      return std::nullopt;
    result[source] = size;
    last = source;
  }
  return result;
}

namespace {
struct SinkReshape : OpInterfaceRewritePattern<DimensionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(DimensionOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || !isElementwise(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    ReshapeOp reshape;
    SmallVector<Shape> shapes;
    for (Value operand : op->getOperands())
      if (!matchPattern(operand, m_Constant())) {
        if (reshape || !(reshape = operand.getDefiningOp<ReshapeOp>()))
          return rewriter.notifyMatchFailure(op, "not a function of a reshape");
      }
    if (!reshape || isNormalization(reshape.getInput()) ||
        typeOf(reshape).getShape() != typeOf(op->getResult(0)).getShape())
      return rewriter.notifyMatchFailure(op, "not a function of a reshape");
    for (Value operand : op->getOperands()) {
      auto shape = operand == reshape.getOutput()
                       ? Shape(typeOf(reshape.getInput()).getShape())
                       : shapeInFront(reshape, operand);
      if (!shape)
        return rewriter.notifyMatchFailure(op, "a constant cannot follow");
      shapes.push_back(*shape);
    }
    SmallVector<Value> operands;
    for (auto [operand, shape] : llvm::zip(op->getOperands(), shapes))
      operands.push_back(operand == reshape.getOutput()
                             ? reshape.getInput()
                             : rewriter.createOrFold<ReshapeOp>(
                                   op.getLoc(),
                                   RankedTensorType::get(
                                       shape, typeOf(operand).getElementType()),
                                   operand));
    Operation *moved = rewriter.clone(*op);
    rewriter.modifyOpInPlace(moved, [&] {
      moved->setOperands(operands);
      moved->getResult(0).setType(
          RankedTensorType::get(typeOf(reshape.getInput()).getShape(),
                                typeOf(op->getResult(0)).getElementType()));
    });
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op->getResult(0).getType(),
                                           moved->getResult(0));
    return success();
  }
};
} // namespace

void octet::populateSinkReshapePatterns(RewritePatternSet &patterns) {
  patterns.add<SinkReshape>(patterns.getContext());
}
