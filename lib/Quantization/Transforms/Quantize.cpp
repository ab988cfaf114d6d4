//===- Quantize.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Quantization/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_QUANTIZE
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

/// The value as the type `element` represents it.
Value roundTrip(OpBuilder &builder, Location loc, Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  auto quantized = RankedTensorType::get(type.getShape(), element);
  Value cast = quant::QuantizeCastOp::create(builder, loc, quantized, value);
  return quant::DequantizeCastOp::create(builder, loc, type, cast);
}

struct QuantizePass : octet::impl::QuantizeBase<QuantizePass> {
  void runOnOperation() override {
    types.clear();
    auto result = getOperation().walk([&](ObserveOp op) {
      if (!op.getLow()) {
        op.emitError("has no range; run octet-apply-ranges first");
        return WalkResult::interrupt();
      }
      types[op] = activationType(&getContext(), op.getLow()->convertToFloat(),
                                 op.getHigh()->convertToFloat());
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    SmallVector<ScaleOpInterface> ops;
    getOperation().walk([&](ScaleOpInterface op) { ops.push_back(op); });
    for (ScaleOpInterface op : ops)
      quantizeConstants(op);
    for (auto [op, type] : types) {
      OpBuilder builder(op);
      auto observer = cast<ObserveOp>(op);
      observer.replaceAllUsesWith(
          roundTrip(builder, op->getLoc(), observer.getInput(), type));
      ++numActivations;
      op->erase();
    }
  }

private:
  static void note(Operation *op, StringRef reason) {
    op->setAttr(noteAttr, StringAttr::get(op->getContext(), reason));
  }

  /// Constants beside a value with a scale: weights get a scale for each output
  /// channel, others that of their own range.
  void quantizeConstants(ScaleOpInterface op) {
    auto role = op.getScaleRole();
    if ((role != ScaleRole::Own && role != ScaleRole::Joined) ||
        op->hasAttr(noteAttr) || op->hasAttr(rowsAttr))
      return;
    ObserveOp scaled;
    for (Value operand : op->getOperands())
      if (!scaled)
        scaled = scaleSource(operand).getDefiningOp<ObserveOp>();
    if (!scaled)
      return;
    if (std::string reason = op.explainFloat(); !reason.empty())
      return note(op, reason);
    ConstantView bias;
    for (OpOperand &operand : op->getOpOperands())
      if (op.getOperandRole(operand.getOperandNumber()) == OperandRole::Bias)
        bias = matchFloats(operand.get());
    for (OpOperand &operand : op->getOpOperands()) {
      ConstantView constant = matchFloats(operand.get());
      if (!constant)
        continue;
      switch (op.getOperandRole(operand.getOperandNumber())) {
      case OperandRole::Weight:
        quantizeWeight(operand, constant, bias, types[scaled].getScale());
        break;
      case OperandRole::Activation:
        quantizeActivation(operand, constant);
        break;
      default:
        break;
      }
    }
  }

  void quantizeActivation(OpOperand &operand, ConstantView constant) {
    float low = 0.0f, high = 0.0f;
    for (float x : constant.getValues<float>()) {
      low = std::min(low, x);
      high = std::max(high, x);
    }
    OpBuilder builder(operand.getOwner());
    operand.set(roundTrip(builder, operand.getOwner()->getLoc(), operand.get(),
                          activationType(&getContext(), low, high)));
  }

  /// QS-4: one scale for each output channel; the scale of the input decides
  /// how large a bias may be.
  void quantizeWeight(OpOperand &operand, ConstantView filter,
                      ConstantView bias, float inputScale) {
    Operation *op = operand.getOwner();
    int64_t channels = filter.getType().getDimSize(0);
    auto weights = filter.getArray<float>();
    size_t perChannel = weights.size() / channels;
    SmallVector<float> scales;
    for (int64_t c = 0; c < channels; ++c) {
      auto channel = ArrayRef<float>(weights).slice(c * perChannel, perChannel);
      float shift = bias ? bias.getValue<float>(c) : 0.0f;
      scales.push_back(weightScale(channel, shift, inputScale));
      double bound = accumulatorBound(channel, scales.back()) * activationMax +
                     std::fabs(shift) / (inputScale * scales.back());
      if (bound >= 2147483647.0)
        return note(op, "its sums could leave 32 bits");
    }
    OpBuilder builder(op);
    operand.set(roundTrip(builder, operand.get().getLoc(), operand.get(),
                          weightType(&getContext(), scales, /*axis=*/0)));
    ++numFilters;
  }

  /// QS-11: Σ|w_q| of the weights as they will be.
  static double accumulatorBound(ArrayRef<float> weights, float scale) {
    double sum = 0.0;
    for (float w : weights)
      sum += std::abs(quantizeValue(w, scale, 0, weightMin, weightMax));
    return sum;
  }

  llvm::MapVector<Operation *, quant::UniformQuantizedType> types;
};

} // namespace
