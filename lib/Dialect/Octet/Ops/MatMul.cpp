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
  if (rhs.getElementType() != typeOf(getLhs()).getElementType())
    return emitOpError("operands must have one element type");
  if (getBias() && !rhs.getElementType().isF32())
    return emitOpError("a product of integers takes no bias");
  if (getLanes() != 0 &&
      (getLanes() < 1 || getLanes() > 64 || !llvm::isPowerOf2_64(getLanes())))
    return emitOpError("lanes must be a power of two up to 64");
  if (getLanes() != 0 && !rhs.getElementType().isF32())
    return emitOpError("a product of integers is not blocked");
  return verifySameElementType(*this);
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

/// `sums` with the products of `a` and `b` added, in ascending order of k.
template <typename T, typename Add>
static SmallVector<T> multiply(ArrayRef<int64_t> result, ArrayRef<int64_t> lhs,
                               ArrayRef<int64_t> rhs, ArrayRef<T> a,
                               ArrayRef<T> b, SmallVector<T> sums, Add add) {
  int64_t rows = result[result.size() - 2], columns = result.back();
  int64_t terms = lhs.back();
  forEachBroadcast(result.drop_back(2), lhs.drop_back(2), rhs.drop_back(2),
                   [&](int64_t i, int64_t l, int64_t r) {
                     for (int64_t row = 0; row < rows; ++row)
                       for (int64_t k = 0; k < terms; ++k) {
                         T x = a[(l * rows + row) * terms + k];
                         for (int64_t column = 0; column < columns; ++column)
                           add(sums[(i * rows + row) * columns + column], x,
                               b[(r * terms + k) * columns + column]);
                       }
                   });
  return sums;
}

OpFoldResult MatMulOp::fold(FoldAdaptor adaptor) {
  auto type = typeOf(getOutput());
  if (!mayFold(type, adaptor.getOperands()))
    return {};
  auto product = [&](auto a, auto b, auto sums, auto add) {
    using T = typename decltype(sums)::value_type;
    return makeConstant<T>(type, multiply<T>(type.getShape(),
                                             typeOf(getLhs()).getShape(),
                                             typeOf(getRhs()).getShape(), a, b,
                                             std::move(sums), add));
  };
  if (ConstantView lhs = integerConstant(adaptor.getLhs())) {
    ConstantView rhs = integerConstant(adaptor.getRhs());
    if (!rhs)
      return {};
    SmallVector<APInt> zeros(type.getNumElements(),
                             APInt::getZero(type.getElementTypeBitWidth()));
    return product(
        llvm::to_vector(lhs.getValues<APInt>()),
        llvm::to_vector(rhs.getValues<APInt>()), std::move(zeros),
        [](APInt &sum, const APInt &x, const APInt &y) { sum += x * y; });
  }
  ConstantView lhs = floatConstant(adaptor.getLhs());
  ConstantView rhs = floatConstant(adaptor.getRhs());
  ConstantView bias = floatConstant(adaptor.getBias());
  if (!lhs || !rhs || (getBias() && !bias))
    return {};
  SmallVector<float> sums(type.getNumElements(), 0.0f);
  if (bias)
    for (auto [i, value] : llvm::enumerate(sums))
      value = bias.getValue<float>(i % type.getShape().back());
  return product(
      lhs.getArray<float>(), rhs.getArray<float>(), std::move(sums),
      [](float &sum, float x, float y) { sum = std::fma(x, y, sum); });
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
  auto inputMap = operandMap(getLhs(), getAffineDimExpr(rank - 2, context), k);
  auto filterMap = operandMap(getRhs(), k, getAffineDimExpr(rank - 1, context));
  if (isa<IntegerType>(typeOf(getOutput()).getElementType())) {
    auto zero = builder.getIntegerAttr(typeOf(outputs[0]).getElementType(), 0);
    return SmallVector<Value>{createReduction(
        builder, getLoc(), {inputs[0], inputs[1]}, {inputMap, filterMap},
        fill(builder, getLoc(), zero, outputs[0]),
        AffineMap::getMultiDimIdentityMap(rank + 1, context)
            .getMajorSubMap(rank),
        [](OpBuilder &b, Location at, ValueRange args) -> Value {
          return arith::AddIOp::create(
              b, at, args[2], arith::MulIOp::create(b, at, args[0], args[1]));
        })};
  }
  if (getLanes() != 0)
    return SmallVector<Value>{
        lowerBlockedMatMul(builder, getLoc(), inputs, outputs[0], getLanes())};
  ContractionForm form;
  form.input = inputs[0];
  form.filter = inputs[1];
  form.bias = getBias() ? inputs[2] : Value();
  form.parallel = rank;
  form.reductions = 1;
  form.inputMap = inputMap;
  form.filterMap = filterMap;
  form.channelMap = dimsMap(context, rank, {rank - 1});
  return SmallVector<Value>{
      contract(builder, getLoc(), form, builder.getF32Type(), outputs[0])};
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static LogicalResult buildMatMul(OnnxNode &node) {
  Value lhs = node.input(0), rhs = node.input(1);
  if (!lhs || !rhs)
    return failure();
  auto isTaken = [](Type type) {
    return type.isF32() ||
           (isa<IntegerType>(type) && type.getIntOrFloatBitWidth() >= 32);
  };
  if (!isTaken(typeOf(lhs).getElementType()) ||
      !isTaken(typeOf(rhs).getElementType()))
    return node.fail("takes floats and integers of 32 or 64 bits; cast others");
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
