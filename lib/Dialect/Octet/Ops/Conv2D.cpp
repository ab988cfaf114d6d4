//===- Conv2D.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// conv2d: convolution on f32 and quantized tensors.
//
//===----------------------------------------------------------------------===//

#include "ConvLowering.h"
#include "Verify.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

LogicalResult Conv2DOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto filter = getFilterShape(typeOf(adaptor.getFilter()).getShape(),
                               adaptor.getLanes(), adaptor.getGroups(),
                               /*pack=*/1);
  if (!filter)
    return inferAs(location, std::nullopt, adaptor.getInput(), types);
  // The last block of a blocked filter need not be full: a residual or the
  // declared result says how many channels count.
  int64_t outputs = filter->outputs;
  return inferAs(location,
                 inferWindowed(typeOf(adaptor.getInput()).getShape(),
                               {filter->height, filter->width},
                               adaptor.getStrides(), adaptor.getPads(),
                               adaptor.getDilations(), outputs),
                 adaptor.getInput(), types);
}

LogicalResult Conv2DOp::verify() {
  if (isQuantized(getInput()) != isQuantized(getFilter()) ||
      isQuantized(getInput()) != isQuantized(getOutput()))
    return emitOpError("operands must be all quantized or all f32");
  return verifyConv(*this, getInput(), getFilter(), getBias(), getResidual(),
                    getLanes(), getGroups(), /*pack=*/1);
}

SmallVector<int64_t> Conv2DOp::getDimensionSources(unsigned operand, unsigned) {
  if (getResidual() && getOperand(operand) == getResidual() && operand > 1)
    return {0, 1, 2, 3};
  return convSources(operand);
}

int64_t Conv2DOp::countMacs() {
  return countConvMacs(getInput(), getFilter(), getOutput(), getLanes(),
                       getGroups());
}

Shape Conv2DOp::getKernelShape(unsigned index) {
  return blockedKernelShape(*this, index, getLanes(), getGroups(), 1);
}

bool Conv2DOp::isLinear() {
  auto areAll = [](ArrayRef<int64_t> values, int64_t value) {
    return llvm::all_of(values, [&](int64_t v) { return v == value; });
  };
  auto filter = typeOf(getFilter()).getShape();
  return !getLanes() && getGroups() == 1 && areAll(filter.slice(1, 2), 1) &&
         areAll(getStrides(), 1) && areAll(getPads(), 0);
}

namespace {
/// conv(x, w) bias(b) -> conv(x, w) + b where b is computed at run time: a bias
/// is a constant from here on.
struct HoistRuntimeBias : OpRewritePattern<Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(Conv2DOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getBias() || op.getLanes() ||
        matchPattern(op.getBias(), m_Constant()))
      return rewriter.notifyMatchFailure(op, "has no bias of run time");
    auto plain = cast<Conv2DOp>(rewriter.clone(*op));
    rewriter.modifyOpInPlace(plain, [&] {
      plain.getBiasMutable().clear();
      plain.getResidualMutable().clear();
      plain.removeClampMinAttr();
      plain.removeClampMaxAttr();
    });
    Value sum = plain;
    auto add = [&](Value other, FloatAttr low, FloatAttr high) {
      sum = BinaryOp::create(rewriter, op.getLoc(), sum.getType(), sum, other,
                             BinaryKind::Add, low, high);
    };
    bool last = !op.getResidual();
    add(op.getBias(), last ? op.getClampMinAttr() : FloatAttr(),
        last ? op.getClampMaxAttr() : FloatAttr());
    if (!last)
      add(op.getResidual(), op.getClampMinAttr(), op.getClampMaxAttr());
    rewriter.replaceOp(op, sum);
    return success();
  }
};
} // namespace

void Conv2DOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                           MLIRContext *context) {
  results.add<HoistRuntimeBias>(context);
}

//===----------------------------------------------------------------------===//
// Epilogue and window
//===----------------------------------------------------------------------===//

bool Conv2DOp::takesResidual() { return !getResidual() && !hasClamp(); }

void Conv2DOp::attachResidual(Value residual) {
  getResidualMutable().assign(residual);
}

bool Conv2DOp::takesAffine() {
  return !getResidual() && !hasClamp() && !getLanes() &&
         matchFloats(getFilter()) && (!getBias() || matchFloats(getBias()));
}

void Conv2DOp::attachAffine(OpBuilder &builder, const AffineStep &step) {
  ConstantView filter = matchFloats(getFilter());
  int64_t channels = filter.getType().getDimSize(0);
  SmallVector<float> shift(channels, 0.0f);
  if (ConstantView bias = getBias() ? matchFloats(getBias()) : ConstantView())
    shift = llvm::to_vector(bias.getValues<float>());
  bool scales = false;
  for (int64_t c = 0; c < channels; ++c) {
    double factor = step.factorOf(c);
    scales |= factor != 1.0;
    shift[c] = static_cast<float>(shift[c] * factor + step.shiftOf(c));
  }
  auto constant = [&](ElementsAttr value) {
    return arith::ConstantOp::create(builder, getLoc(), value);
  };
  auto biasType = RankedTensorType::get({channels}, filter.getElementType());
  // A shift alone leaves the filter as it is.
  if (scales) {
    ConstantBuffer scaled(filter.getType());
    auto weights = filter.getArray<float>();
    auto results = scaled.getValues<float>();
    size_t perOutput = weights.size() / channels;
    for (int64_t c = 0; c < channels; ++c) {
      double factor = step.factorOf(c);
      for (size_t i = c * perOutput; i < (c + 1) * perOutput; ++i)
        results[i] = static_cast<float>(weights[i] * factor);
    }
    getFilterMutable().assign(constant(scaled.finish()));
  }
  getBiasMutable().assign(
      constant(makeConstant<float>(biasType, ArrayRef<float>(shift))));
}

float Conv2DOp::getNeutralValue() { return 0.0f; }

void Conv2DOp::takePadded(OpBuilder &, Value padded) {
  getInputMutable().assign(padded);
  setPads({0, 0, 0, 0});
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

OperandRole Conv2DOp::getOperandRole(unsigned index) {
  if (index == 1)
    return OperandRole::Weight;
  return index > 1 && getBias() && getOperand(index) == getBias()
             ? OperandRole::Bias
             : OperandRole::Activation;
}

/// True if every element is a finite number.
std::string Conv2DOp::explainFloat() {
  if (isQuantized(getFilter()))
    return "";
  ConstantView filter = matchFloats(behindRounding(getFilter()));
  if (!filter)
    return "its filter is computed at run time";
  if (!isFinite(filter))
    return "its filter is not finite";
  ConstantView bias = getBias() ? matchFloats(getBias()) : ConstantView();
  if (getBias() && !bias)
    return "its bias is computed at run time";
  if (bias && !isFinite(bias))
    return "its bias is not finite";
  return "";
}

FailureOr<Value> Conv2DOp::foldScales(ScaleFolder &folder) {
  Affine in(getInput()), out(getOutput());
  auto filterType = cast<quant::UniformQuantizedPerAxisType>(
      typeOf(getFilter()).getElementType());
  ConstantView filter = matchIntegers(folder.integer(getFilter()));
  ConstantView bias = getBias() ? matchFloats(getBias()) : ConstantView();
  if (!filter || (getBias() && !bias))
    return emitOpError("needs a constant filter and bias to work on integers");
  auto weights = filter.getArray<int8_t>();
  int64_t channels = filterType.getScales().size();
  size_t perChannel = weights.size() / channels;
  SmallVector<int32_t> shifts;
  SmallVector<float> multipliers;
  for (int64_t c = 0; c < channels; ++c) {
    float product = in.scale * static_cast<float>(filterType.getScales()[c]);
    int64_t shift =
        bias ? std::llrint(static_cast<double>(bias.getValue<float>(c)) /
                           product)
             : 0;
    // Σ (q - z)·w = Σ q·w - z·Σ w.
    for (size_t i = 0; i < perChannel; ++i)
      shift -= in.zeroPoint * weights[c * perChannel + i];
    shifts.push_back(static_cast<int32_t>(shift));
    multipliers.push_back(product / out.scale);
  }
  Value residual, residualMultiplier, residualZeroPoint;
  if (getResidual()) {
    Affine other(getResidual());
    residual = folder.integer(getResidual());
    residualMultiplier = folder.f32(other.scale / out.scale);
    residualZeroPoint = folder.i32(other.zeroPoint);
  }
  auto &builder = folder.builder;
  auto [low, high] = folder.bounds(out, getClampMinAttr(), getClampMaxAttr());
  return IntegerConv2DOp::create(
             builder, folder.loc, folder.storageLike(getOutput()),
             folder.padded(folder.integer(getInput()), getPads(), in.zeroPoint),
             folder.integer(getFilter()),
             folder.constant<int32_t>(builder.getI32Type(), {channels}, shifts),
             folder.constant<float>(builder.getF32Type(), {channels},
                                    multipliers),
             low, high, folder.i32(out.zeroPoint), residual, residualMultiplier,
             residualZeroPoint, /*table=*/Value(), getStrides(), getDilations(),
             getGroups(), IntegerAttr())
      .getResult();
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>>
Conv2DOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  if (!typeOf(getInput()).getElementType().isF32() ||
      llvm::any_of(getPads(), [](int64_t p) { return p != 0; }))
    return failure();
  ContractionForm form;
  form.input = inputs[0];
  form.filter = inputs[1];
  form.bias = getBias() ? inputs[2] : Value();
  form.residual = getResidual() ? inputs.back() : Value();
  form.destination = outputs[0];
  auto finish = [&](OpBuilder &b, const ContractionForm &form) {
    // A blocked contraction always has an epilogue, if only a copy: tiling
    // starts from it and keeps the accumulators out of the destination.
    bool hasEpilogue = form.blocked || form.residual || hasClamp();
    Value start = form.destination;
    if (hasEpilogue)
      start = tensor::EmptyOp::create(b, getLoc(), typeOf(start).getShape(),
                                      b.getF32Type());
    Value sum = contract(b, getLoc(), form, b.getF32Type(), start);
    if (!hasEpilogue)
      return sum;
    SmallVector<Value> operands{sum};
    if (form.residual)
      operands.push_back(form.residual);
    SmallVector<AffineMap> maps(operands.size(),
                                b.getMultiDimIdentityMap(form.parallel));
    return createElementwise(
        b, getLoc(), operands, maps, form.destination,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          Value x = args[0];
          if (form.residual)
            x = arith::AddFOp::create(nested, at, x, args[1]);
          return clamp(nested, at, x, getClampMin(), getClampMax());
        });
  };
  return SmallVector<Value>{
      lowerConv(builder, getLoc(), form,
                {getStrides(), getDilations(),
                 static_cast<int64_t>(getGroups()), getLanes(), /*pack=*/1},
                finish)};
}
