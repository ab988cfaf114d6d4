//===- MatMul.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// matmul: products of two matrices, batched.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "ConvLowering.h"
#include "Verify.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult MatMulOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferAs(location,
                 inferMatMul(typeOf(adaptor.getLhs()).getShape(),
                             typeOf(adaptor.getRhs()).getShape()),
                 adaptor.getLhs(), types);
}

LogicalResult MatMulOp::verify() {
  auto rhs = typeOf(getRhs());
  if (getBias() &&
      (rhs.getRank() < 1 || typeOf(getBias()).getShape() !=
                                ArrayRef<int64_t>{rhs.getShape().back()}))
    return emitOpError("bias must have one value for each column");
  return success();
}

SmallVector<int64_t> MatMulOp::getDimensionSources(unsigned operand,
                                                   unsigned result) {
  int64_t rank = typeOf(getOutput()).getRank();
  if (operand > 1)
    return sameDimensions(rank, [](int64_t) { return false; });
  auto sources = facts::broadcastSources(*this, operand, result);
  // Matrices of the batch stay apart; a row of the left side gives a row, a
  // column of the right side a column.
  int64_t own = typeOf(getOperand(operand)).getRank();
  sources[rank - 2] = operand == 0 ? own - 2 : -1;
  sources[rank - 1] = operand == 1 ? own - 1 : -1;
  return sources;
}

int64_t MatMulOp::countMacs() {
  return typeOf(getOutput()).getNumElements() *
         typeOf(getLhs()).getShape().back();
}

namespace {
/// As for a convolution: a bias is a constant.
struct HoistRuntimeBias : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getBias() || matchPattern(op.getBias(), m_Constant()))
      return rewriter.notifyMatchFailure(op, "has no bias of run time");
    Value product = MatMulOp::create(rewriter, op.getLoc(), op.getType(),
                                     op.getLhs(), op.getRhs(), Value());
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), product,
                                          op.getBias(), BinaryKind::Add,
                                          FloatAttr(), FloatAttr());
    return success();
  }
};
} // namespace

void MatMulOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                           MLIRContext *context) {
  results.add<HoistRuntimeBias>(context);
}

OpFoldResult MatMulOp::fold(FoldAdaptor adaptor) {
  auto lhs = floatConstant(adaptor.getLhs());
  auto rhs = floatConstant(adaptor.getRhs());
  auto bias = floatConstant(adaptor.getBias());
  if (!lhs || !rhs || (getBias() && !bias))
    return {};
  auto type = typeOf(getOutput());
  int64_t rows = type.getShape()[type.getRank() - 2];
  int64_t columns = type.getShape().back();
  int64_t terms = lhs.getType().getShape().back();
  auto a = llvm::to_vector(lhs.getValues<float>());
  auto b = llvm::to_vector(rhs.getValues<float>());
  SmallVector<float> values(type.getNumElements(), 0.0f);
  if (bias)
    for (auto [i, value] : llvm::enumerate(values))
      value = bias.getValues<float>()[i % columns];
  forEachBroadcast(
      type.getShape().drop_back(2), lhs.getType().getShape().drop_back(2),
      rhs.getType().getShape().drop_back(2),
      [&](int64_t i, int64_t l, int64_t r) {
        for (int64_t row = 0; row < rows; ++row)
          for (int64_t k = 0; k < terms; ++k) {
            float x = a[(l * rows + row) * terms + k];
            for (int64_t column = 0; column < columns; ++column) {
              float &sum = values[(i * rows + row) * columns + column];
              sum = std::fma(x, b[(r * terms + k) * columns + column], sum);
            }
          }
      });
  return DenseElementsAttr::get(type, ArrayRef<float>(values));
}

FailureOr<SmallVector<Value>>
MatMulOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  auto *context = builder.getContext();
  auto shape = typeOf(getOutput()).getShape();
  unsigned rank = shape.size();
  auto k = getAffineDimExpr(rank, context);
  auto operandMap = [&](Value operand, AffineExpr row, AffineExpr column) {
    auto batch = typeOf(operand).getShape().drop_back(2);
    auto map = broadcastMap(context, batch, shape.drop_back(2));
    SmallVector<AffineExpr> exprs(map.getResults());
    exprs.append({row, column});
    return AffineMap::get(rank + 1, 0, exprs, context);
  };
  ContractionForm form;
  form.input = inputs[0];
  form.filter = inputs[1];
  form.bias = getBias() ? inputs[2] : Value();
  form.parallel = rank;
  form.reductions = 1;
  form.inputMap = operandMap(getLhs(), getAffineDimExpr(rank - 2, context), k);
  form.filterMap = operandMap(getRhs(), k, getAffineDimExpr(rank - 1, context));
  form.channelMap = dimsMap(context, rank, {rank - 1});
  return SmallVector<Value>{
      contract(builder, getLoc(), form, builder.getF32Type(), outputs[0])};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildMatMul(OnnxNode &node) {
  Value lhs = node.floatInput(0), rhs = node.floatInput(1);
  if (!lhs || !rhs)
    return failure();
  // A vector operand is a row on the left and a column on the right; the
  // dimension added is dropped again (numpy.matmul).
  Shape left(typeOf(lhs).getShape()), right(typeOf(rhs).getShape());
  if (left.empty() || right.empty())
    return node.fail("operands must not be scalars");
  bool row = left.size() == 1, column = right.size() == 1;
  if (row)
    left.insert(left.begin(), 1);
  if (column)
    right.push_back(1);
  Value result = node.create<MatMulOp>(node.reshape(lhs, left),
                                       node.reshape(rhs, right), Value());
  if (!result)
    return failure();
  Shape shape(typeOf(result).getShape());
  if (column)
    shape.pop_back();
  if (row)
    shape.erase(shape.end() - (column ? 1 : 2));
  return node.setOutput(node.reshape(result, shape));
}

void MatMulOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["MatMul"] = buildMatMul;
}
