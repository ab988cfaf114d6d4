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
#include "octet/Quantization/Passes.h"
#include "octet/Quantization/Scheme.h"

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
    adoptConcatScales();
    getOperation().walk([&](Conv2DOp op) { quantizeFilter(op); });
    getOperation().walk([&](Operation *op) {
      if (isa<AddOp, SubOp, MulOp>(op))
        quantizeConstantOperands(op);
    });
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
  /// QS-10: a value that only a concatenation uses takes the scale of its
  /// result: no requantization is then needed.
  void adoptConcatScales() {
    getOperation().walk([&](ConcatOp concat) {
      ObserveOp result;
      for (Operation *user : concat->getUsers())
        if (auto observer = dyn_cast<ObserveOp>(user))
          result = observer;
      if (!result)
        return;
      for (Value input : concat.getInputs())
        if (auto observer = input.getDefiningOp<ObserveOp>();
            observer && input.hasOneUse())
          types[observer] = types[result];
    });
  }

  /// QS-4: one scale for each output channel.
  void quantizeFilter(Conv2DOp conv) {
    DenseFPElementsAttr filter, bias;
    auto input = conv.getInput().getDefiningOp();
    // The scale of the input decides how large a bias may be. Moves pass it on.
    while (input &&
           isa<MaxPool2DOp, ReshapeOp, TransposeOp, SliceOp, PadOp>(input))
      input = input->getOperand(0).getDefiningOp();
    if (!isa_and_nonnull<ObserveOp>(input) ||
        !matchPattern(conv.getFilter(), m_Constant(&filter)) ||
        (conv.getBias() && !matchPattern(conv.getBias(), m_Constant(&bias))))
      return;
    float inputScale = types[input].getScale();
    int64_t channels = filter.getType().getDimSize(0);
    auto weights = llvm::to_vector(filter.getValues<float>());
    size_t perChannel = weights.size() / channels;
    SmallVector<float> scales;
    for (int64_t c = 0; c < channels; ++c) {
      auto channel = ArrayRef(weights).slice(c * perChannel, perChannel);
      double magnitudes = 0.0;
      for (float w : channel) {
        if (!std::isfinite(w))
          return note(conv, "its filter is not finite");
        magnitudes += std::fabs(w);
      }
      float shift = bias ? bias.getValues<float>()[c] : 0.0f;
      if (!std::isfinite(shift))
        return note(conv, "its bias is not finite");
      scales.push_back(weightScale(channel, shift, inputScale));
      // QS-11: no accumulator can leave 31 bits. Each weight rounds up by at
      // most half a step.
      double bound = (magnitudes / scales.back() + 0.5 * perChannel) * 255 +
                     std::fabs(shift) / (inputScale * scales.back());
      if (bound >= 2147483647.0)
        return note(conv, "its sums could leave 32 bits");
    }
    OpBuilder builder(conv);
    Value rounded =
        roundTrip(builder, conv.getFilter().getLoc(), conv.getFilter(),
                  weightType(&getContext(), scales, /*axis=*/0));
    conv.getFilterMutable().assign(rounded);
    ++numFilters;
  }

  static void note(Operation *op, StringRef reason) {
    op->setAttr(noteAttr, StringAttr::get(op->getContext(), reason));
  }

  /// A constant beside a value with a scale gets the scale of its own range.
  void quantizeConstantOperands(Operation *op) {
    bool besideScaled = llvm::any_of(op->getOperands(), [](Value operand) {
      return operand.getDefiningOp<ObserveOp>();
    });
    for (OpOperand &operand : op->getOpOperands()) {
      DenseFPElementsAttr constant;
      if (!besideScaled || !matchPattern(operand.get(), m_Constant(&constant)))
        continue;
      float low = 0.0f, high = 0.0f;
      for (float x : constant.getValues<float>()) {
        low = std::min(low, x);
        high = std::max(high, x);
      }
      OpBuilder builder(op);
      operand.set(roundTrip(builder, op->getLoc(), operand.get(),
                            activationType(&getContext(), low, high)));
    }
  }

  llvm::MapVector<Operation *, quant::UniformQuantizedType> types;
};

} // namespace
