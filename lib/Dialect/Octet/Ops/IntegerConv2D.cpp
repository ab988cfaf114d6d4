//===- IntegerConv2D.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// integer_conv2d: convolution of 8-bit values with requantization.
//
//===----------------------------------------------------------------------===//

#include "ConvLowering.h"
#include "Verify.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult IntegerConv2DOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  auto blocks = typeOf(adaptor.getFilter()).getShape();
  auto filter = getFilterShape(blocks, adaptor.getLanes(), adaptor.getGroups(),
                               blocks.size() == 6 ? blocks.back() : 1);
  if (!filter)
    return inferAs(location, std::nullopt, adaptor.getInput(), types);
  return inferAs(location,
                 inferWindowed(typeOf(adaptor.getInput()).getShape(),
                               {filter->height, filter->width},
                               adaptor.getStrides(), {0, 0, 0, 0},
                               adaptor.getDilations(), filter->outputs),
                 adaptor.getInput(), types);
}

LogicalResult IntegerConv2DOp::verify() {
  if (getMultiplier().getType().getShape() != typeOf(getBias()).getShape())
    return emitOpError("bias and multiplier must have one size");
  if (bool(getResidual()) != bool(getResidualMultiplier()) ||
      bool(getResidual()) != bool(getResidualZeroPoint()))
    return emitOpError("a residual comes with a multiplier and a zero point");
  if (getLanes() && getPack() == 1 &&
      !isDepthwiseBlocked(getLanes(), getGroups(),
                          typeOf(getFilter()).getRank()))
    return emitOpError("a blocked filter must have rank 6");
  if (getTable() && typeOf(getTable()).getShape() != ArrayRef<int64_t>{256})
    return emitOpError("table must have 256 entries");
  return verifyConv(*this, getInput(), getFilter(), getBias(), getResidual(),
                    getLanes(), getGroups(), getPack());
}

namespace {
/// lookup(integer_conv2d(x)) -> integer_conv2d(x) with the table.
struct TakeTable : OpRewritePattern<LookupOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LookupOp op,
                                PatternRewriter &rewriter) const override {
    auto conv = op.getInput().getDefiningOp<IntegerConv2DOp>();
    if (!conv || conv.getTable() || !conv->hasOneUse())
      return rewriter.notifyMatchFailure(
          op, "input is no convolution without a table that is used only here");
    if (op.getType() != conv.getType() ||
        !matchPattern(op.getTable(), m_Constant()))
      return rewriter.notifyMatchFailure(op, "table belongs to the lookup");
    rewriter.setInsertionPoint(op);
    auto fused = cast<IntegerConv2DOp>(rewriter.clone(*conv));
    rewriter.modifyOpInPlace(fused, [&] {
      fused.getTableMutable().assign(op.getTable());
      fused->setLoc(rewriter.getFusedLoc({conv.getLoc(), op.getLoc()}));
    });
    rewriter.replaceOp(op, fused);
    return success();
  }
};

/// A table that is looked up at q - zero_point, modulo 256: there is no zero
/// point left to be added to each q.
struct RotateTable : OpRewritePattern<IntegerConv2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IntegerConv2DOp op,
                                PatternRewriter &rewriter) const override {
    DenseElementsAttr table;
    APInt zeroPoint;
    if (!op.getTable() || !matchPattern(op.getTable(), m_Constant(&table)) ||
        !matchPattern(op.getZeroPoint(), m_ConstantInt(&zeroPoint)) ||
        zeroPoint.isZero())
      return rewriter.notifyMatchFailure(op, "no constant table to rotate");
    auto entries = llvm::to_vector(table.getValues<APInt>());
    std::rotate(entries.begin(),
                entries.begin() + zeroPoint.trunc(8).getZExtValue(),
                entries.end());
    Value rotated = arith::ConstantOp::create(
        rewriter, op.getTable().getLoc(),
        DenseElementsAttr::get(table.getType(), entries));
    Value zero = arith::ConstantOp::create(rewriter, op.getLoc(),
                                           rewriter.getI32IntegerAttr(0));
    rewriter.modifyOpInPlace(op, [&] {
      op.getTableMutable().assign(rotated);
      op.getZeroPointMutable().assign(zero);
    });
    return success();
  }
};
} // namespace

void IntegerConv2DOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                                  MLIRContext *context) {
  results.add<TakeTable, RotateTable>(context);
}

SmallVector<int64_t> IntegerConv2DOp::getDimensionSources(unsigned operand,
                                                          unsigned) {
  if (operand > 0 && getResidual() && getOperand(operand) == getResidual())
    return {0, 1, 2, 3};
  return convSources(operand);
}

int64_t IntegerConv2DOp::countMacs() {
  return countConvMacs(getInput(), getFilter(), getOutput(), getLanes(),
                       getGroups());
}

Shape IntegerConv2DOp::getKernelShape(unsigned index) {
  return blockedKernelShape(*this, index, getLanes(), getGroups(), getPack());
}

LogicalResult IntegerConv2DOp::convertStorage(StorageConverter &converter) {
  DenseElementsAttr filter, bias;
  if (getLanes() || !matchPattern(getFilter(), m_Constant(&filter)) ||
      !matchPattern(getBias(), m_Constant(&bias)))
    return emitOpError("needs a constant filter and bias that are not blocked "
                       "yet: signed storage changes the bias");
  // bias + 128 · Σ filter, which wraps as accumulators do.
  std::vector<int32_t> biases(bias.getValues<int32_t>().begin(),
                              bias.getValues<int32_t>().end());
  int64_t perOutput = filter.getNumElements() / biases.size();
  for (auto [i, w] : llvm::enumerate(filter.getValues<int8_t>())) {
    int32_t &sum = biases[i / perOutput];
    sum = static_cast<int32_t>(static_cast<uint32_t>(sum) +
                               StorageConverter::offset * w);
  }
  getBiasMutable().assign(converter.constant(
      getLoc(),
      DenseElementsAttr::get(bias.getType(), ArrayRef<int32_t>(biases))));
  converter.takeSigned(getInputMutable());
  if (getResidual()) {
    converter.takeSigned(*getResidualMutable().begin());
    converter.shift(*getResidualZeroPointMutable().begin());
  }
  // What the table is looked up at is not kept.
  if (getTable())
    converter.takeSigned(*getTableMutable().begin());
  else
    converter.shift(getZeroPointMutable());
  converter.keepSigned(*this);
  return success();
}

FailureOr<SmallVector<Value>> IntegerConv2DOp::lower(OpBuilder &builder,
                                                     ValueRange inputs,
                                                     ValueRange outputs) {
  ContractionForm form;
  form.input = inputs[0];
  form.filter = inputs[1];
  form.bias = getBias();
  form.multiplier = getMultiplier();
  form.signedInput = isSignedStorage(getInput());
  if (getResidual())
    form.residual = toSignless(builder, getLoc(), getResidual());
  if (getTable())
    form.table = toSignless(builder, getLoc(), getTable());
  form.destination = outputs[0];
  auto finish = [&](OpBuilder &b, const ContractionForm &form) {
    Value start = tensor::EmptyOp::create(
        b, getLoc(), typeOf(form.destination).getShape(), b.getI32Type());
    Value sum = contract(b, getLoc(), form, b.getI32Type(), start);
    auto identity = b.getMultiDimIdentityMap(form.parallel);
    SmallVector<Value> operands{sum, form.multiplier};
    SmallVector<AffineMap> maps{identity, form.channelMap};
    if (form.residual) {
      operands.push_back(form.residual);
      maps.push_back(identity);
    }
    return createElementwise(
        b, getLoc(), operands, maps, form.destination,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          Value x =
              arith::SIToFPOp::create(nested, at, nested.getF32Type(), args[0]);
          x = arith::MulFOp::create(nested, at, x, args[1]);
          if (form.residual) {
            Value r =
                centered(nested, at, args[2], isSignedStorage(getResidual()),
                         getResidualZeroPoint());
            r = arith::MulFOp::create(nested, at, r, getResidualMultiplier());
            x = arith::AddFOp::create(nested, at, x, r);
          }
          if (!form.table)
            return roundToStorage(nested, at, x, *this);
          Value q =
              roundToIndex(nested, at, x, getLow(), getHigh(), getZeroPoint());
          // Blocks are looked up strip by strip.
          return form.blocked ? q : lookUp(nested, at, form.table, q);
        });
  };
  return SmallVector<Value>{
      lowerConv(builder, getLoc(), form,
                {getStrides(), getDilations(),
                 static_cast<int64_t>(getGroups()), getLanes(), getPack()},
                finish)};
}
