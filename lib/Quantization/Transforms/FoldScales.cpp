//===- FoldScales.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Quantization/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FOLDSCALES
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

/// Takes one step of a normalization off `value`, which is quantized as
/// factor · value + shift for each channel; false if it is none.
bool collectStep(Value &value, SmallVectorImpl<double> &factor,
                 SmallVectorImpl<double> &shift) {
  auto op = value.getDefiningOp<AffineOpInterface>();
  auto step = op ? op.matchAffine() : std::nullopt;
  if (!step || cast<EpilogueOpInterface>(op.getOperation()).hasClamp())
    return false;
  for (size_t c = 0; c < factor.size(); ++c)
    if (step->factorOf(c) == 0.0 || !std::isfinite(step->factorOf(c)) ||
        !std::isfinite(step->shiftOf(c)))
      return false;
  for (size_t c = 0; c < factor.size(); ++c) {
    shift[c] += factor[c] * step->shiftOf(c);
    factor[c] *= step->factorOf(c);
  }
  value = op->getOperand(step->operand);
  return true;
}

/// QS-4, QS-3: a constant as its type represents it.
Value foldConstant(ScaleFolder &folder, quant::QuantizeCastOp op,
                   ConstantView value) {
  auto type = typeOf(op.getResult());
  auto floats = value.getArray<float>();
  if (auto perAxis =
          dyn_cast<quant::UniformQuantizedPerAxisType>(type.getElementType())) {
    ConstantBuffer integers(RankedTensorType::get(
        type.getShape(), folder.builder.getIntegerType(8, /*isSigned=*/true)));
    auto values = integers.getValues<int8_t>();
    size_t perChannel = floats.size() / perAxis.getScales().size();
    for (auto [c, scale] : llvm::enumerate(perAxis.getScales()))
      for (size_t i = c * perChannel; i < (c + 1) * perChannel; ++i)
        values[i] = quantizeValue(floats[i], scale, 0, weightMin, weightMax);
    return folder.constant(integers.finish());
  }
  Affine out(op.getResult());
  ConstantBuffer integers(folder.storageLike(op.getResult()));
  for (auto [x, q] : llvm::zip_equal(floats, integers.getValues<uint8_t>()))
    q = quantizeValue(x, out.scale, out.zeroPoint, activationMin,
                      activationMax);
  return folder.constant(integers.finish());
}

Value foldQuantize(ScaleFolder &folder, quant::QuantizeCastOp op) {
  if (ConstantView value = matchFloats(op.getInput()))
    return foldConstant(folder, op, value);
  Affine out(op.getResult());
  // The steps of a normalization are collected from the last to the first.
  Value source = op.getInput();
  int64_t channels =
      typeOf(source).getRank() ? typeOf(source).getShape().back() : 1;
  SmallVector<double> factor(channels, 1.0), shift(channels, 0.0);
  while (collectStep(source, factor, shift)) {
  }
  Shape permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, typeOf(source).getRank()));
  if (auto moved = matchPermutation(source.getDefiningOp())) {
    permutation = *moved;
    source = source.getDefiningOp()->getOperand(0);
  }
  SmallVector<float> offset, divisor;
  for (int64_t c = 0; c < channels; ++c) {
    offset.push_back(static_cast<float>(-shift[c] / factor[c]));
    divisor.push_back(static_cast<float>(out.scale / factor[c]));
  }
  auto parameter = [&](SmallVector<float> &values) {
    if (llvm::all_equal(values))
      values.resize(1);
    return folder.constant<float>(folder.builder.getF32Type(),
                                  {static_cast<int64_t>(values.size())},
                                  values);
  };
  Value offsets = parameter(offset), divisors = parameter(divisor);
  auto [low, high] = folder.bounds(out);
  return QuantizeOp::create(
      folder.builder, folder.loc, folder.storageLike(op.getResult()), source,
      offsets, divisors, low, high, folder.i32(out.zeroPoint), permutation);
}

Value foldDequantize(ScaleFolder &folder, quant::DequantizeCastOp op) {
  Affine in(op.getInput());
  return DequantizeOp::create(folder.builder, folder.loc,
                              typeOf(op.getResult()),
                              folder.integer(op.getInput()),
                              folder.f32(in.scale), folder.i32(in.zeroPoint));
}

FailureOr<Value> fold(ScaleFolder &folder, Operation *op) {
  if (auto cast = dyn_cast<quant::QuantizeCastOp>(op))
    return foldQuantize(folder, cast);
  if (auto cast = dyn_cast<quant::DequantizeCastOp>(op))
    return foldDequantize(folder, cast);
  if (auto scales = dyn_cast<ScaleOpInterface>(op))
    return scales.foldScales(folder);
  return op->emitOpError("has no integer form");
}

struct FoldScalesPass : octet::impl::FoldScalesBase<FoldScalesPass> {
  void runOnOperation() override {
    if (llvm::any_of(getOperation().getArguments(), isQuantized)) {
      getOperation().emitOpError(
          "has an argument of a quantized type; quantize it inside");
      return signalPassFailure();
    }
    ScaleFolder folder(&getContext());
    SmallVector<Operation *> dead;
    for (Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (llvm::none_of(op.getOperands(), isQuantized) &&
          llvm::none_of(op.getResults(), isQuantized))
        continue;
      folder.builder.setInsertionPoint(&op);
      folder.loc = op.getLoc();
      auto result = fold(folder, &op);
      if (failed(result))
        return signalPassFailure();
      if (isQuantized(op.getResult(0)))
        folder.setInteger(op.getResult(0), *result);
      else
        op.getResult(0).replaceAllUsesWith(*result);
      dead.push_back(&op);
    }
    for (Operation *op : llvm::reverse(dead))
      op->erase();
  }
};

} // namespace
