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
      // Of a table it says something else.
      fused.setSaturates(false);
      fused->setLoc(rewriter.getFusedLoc({conv.getLoc(), op.getLoc()}));
    });
    rewriter.replaceOp(op, fused);
    return success();
  }
};

/// Adds `offset` to the zero point, and moves the entries of the table, which
/// is there, along with what is looked up, modulo 256.
void moveIndices(IntegerConv2DOp op, PatternRewriter &rewriter,
                 ConstantView table, int64_t zeroPoint, int64_t offset) {
  auto entries = llvm::to_vector(table.getValues<APInt>());
  std::rotate(entries.begin(), entries.end() - (offset & 255), entries.end());
  Value moved =
      arith::ConstantOp::create(rewriter, op.getTable().getLoc(),
                                makeConstant<APInt>(table.getType(), entries));
  Value sum = arith::ConstantOp::create(
      rewriter, op.getLoc(), rewriter.getI32IntegerAttr(zeroPoint + offset));
  rewriter.modifyOpInPlace(op, [&] {
    op.getTableMutable().assign(moved);
    op.getZeroPointMutable().assign(sum);
  });
}

/// A table that is looked up without a zero point: there is nothing left to be
/// added to each value.
struct DropZeroPoint : OpRewritePattern<IntegerConv2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IntegerConv2DOp op,
                                PatternRewriter &rewriter) const override {
    APInt zeroPoint;
    ConstantView table =
        op.getTable() ? matchIntegers(op.getTable()) : ConstantView();
    if (op.getSaturates() || !table ||
        !matchPattern(op.getZeroPoint(), m_ConstantInt(&zeroPoint)) ||
        zeroPoint.isZero())
      return rewriter.notifyMatchFailure(op,
                                         "no zero point that a table takes");
    int64_t from = zeroPoint.getSExtValue();
    moveIndices(op, rewriter, table, from, -from);
    return success();
  }
};

/// Says that integers may be clamped in place of floats.
struct Saturate : OpRewritePattern<IntegerConv2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IntegerConv2DOp op,
                                PatternRewriter &rewriter) const override {
    // Accumulators reach 2^31, residuals 255: what is clamped stays below
    // 2^30 + 2^28.
    constexpr float mostMultiplier = 0.5f, mostResidual = 1 << 20;
    ConstantView multiplier = matchFloats(op.getMultiplier());
    APFloat low(0.0f), high(0.0f), residual(0.0f);
    APInt zeroPoint;
    if (op.getSaturates() || !multiplier ||
        !matchPattern(op.getLow(), m_ConstantFloat(&low)) ||
        !matchPattern(op.getHigh(), m_ConstantFloat(&high)) ||
        !matchPattern(op.getZeroPoint(), m_ConstantInt(&zeroPoint)) ||
        (op.getResidual() &&
         !matchPattern(op.getResidualMultiplier(), m_ConstantFloat(&residual))))
      return rewriter.notifyMatchFailure(op, "not of constant parameters");
    auto atMost = [](float value, float most) {
      return std::abs(value) <= most;
    };
    if (!atMost(residual.convertToFloat(), mostResidual) ||
        !llvm::all_of(multiplier.getValues<float>(),
                      [&](float m) { return atMost(m, mostMultiplier); }))
      return rewriter.notifyMatchFailure(op, "too large for a saturating pack");
    int64_t from = zeroPoint.getSExtValue();
    float least = low.convertToFloat() + from,
          largest = high.convertToFloat() + from;
    if (!op.getTable()) {
      bool isSigned = isSignedStorage(op.getOutput());
      if (least != (isSigned ? -128 : 0) || largest != (isSigned ? 127 : 255))
        return rewriter.notifyMatchFailure(op, "clamped to less than 8 bits");
    } else {
      ConstantView table = matchIntegers(op.getTable());
      if (largest - least != 255 || std::abs(least) > 255 || !table)
        return rewriter.notifyMatchFailure(op, "not all of a constant table");
      moveIndices(op, rewriter, table, from,
                  -128 - static_cast<int64_t>(least));
    }
    rewriter.modifyOpInPlace(op, [&] { op.setSaturates(true); });
    return success();
  }
};
} // namespace

void IntegerConv2DOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                                  MLIRContext *context) {
  results.add<TakeTable, DropZeroPoint, Saturate>(context);
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
  ConstantView filter = matchIntegers(getFilter());
  ConstantView bias = matchIntegers(getBias());
  if (getLanes() || !filter || !bias)
    return emitOpError("needs a constant filter and bias that are not blocked "
                       "yet: signed storage changes the bias");
  // bias + 128 · Σ filter, which wraps as accumulators do.
  auto biases = llvm::to_vector(bias.getValues<int32_t>());
  auto weights = filter.getArray<int8_t>();
  size_t perOutput = weights.size() / biases.size();
  for (auto [c, shift] : llvm::enumerate(biases)) {
    auto sum = static_cast<uint32_t>(shift);
    for (size_t i = c * perOutput; i < (c + 1) * perOutput; ++i)
      sum += StorageConverter::offset * weights[i];
    shift = static_cast<int32_t>(sum);
  }
  getBiasMutable().assign(converter.constant(
      getLoc(), makeConstant<int32_t>(bias.getType(), biases)));
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
          Value q;
          if (getSaturates())
            q = roundAndSaturate(nested, at, x, getZeroPoint(),
                                 form.table || isSignedStorage(getOutput()));
          else if (form.table)
            q = roundToIndex(nested, at, x, getLow(), getHigh(),
                             getZeroPoint());
          else
            q = roundToStorage(nested, at, x, *this);
          // Blocks are looked up strip by strip.
          return form.table && !form.blocked ? lookUp(nested, at, form.table, q)
                                             : q;
        });
  };
  return SmallVector<Value>{
      lowerConv(builder, getLoc(), form,
                {getStrides(), getDilations(),
                 static_cast<int64_t>(getGroups()), getLanes(), getPack()},
                finish)};
}
