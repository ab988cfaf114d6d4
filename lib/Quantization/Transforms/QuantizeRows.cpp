//===- QuantizeRows.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Quantization/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_QUANTIZEROWS
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

/// A filter of 8 bits, and what an output channel needs of it.
struct Rounded {
  ElementsAttr filter;
  SmallVector<int32_t> sums;
  SmallVector<float> scales;
};

/// The weights `filter`, whose first dimension is the output channels; none if
/// their sums could leave 32 bits (QS-11).
std::optional<Rounded> roundFilter(ConstantView filter) {
  auto type = filter.getType();
  auto weights = filter.getArray<float>();
  ConstantBuffer integers(RankedTensorType::get(
      type.getShape(),
      IntegerType::get(type.getContext(), 8,
                       IntegerType::SignednessSemantics::Signed)));
  auto results = integers.getValues<int8_t>();
  int64_t channels = type.getDimSize(0);
  size_t perChannel = weights.size() / channels;
  Rounded rounded;
  for (int64_t c = 0; c < channels; ++c) {
    auto channel = ArrayRef<float>(weights).slice(c * perChannel, perChannel);
    // The bias is added in f32: it bounds no scale.
    float scale = weightScale(channel, /*bias=*/0.0f, /*inputScale=*/1.0f);
    int64_t sum = 0, magnitude = 0;
    for (auto [i, w] : llvm::enumerate(channel)) {
      int64_t q = quantizeValue(w, scale, 0, weightMin, weightMax);
      results[c * perChannel + i] = q;
      sum += q;
      magnitude += std::abs(q);
    }
    if (magnitude * activationMax > std::numeric_limits<int32_t>::max())
      return std::nullopt;
    rounded.sums.push_back(sum);
    rounded.scales.push_back(scale);
  }
  rounded.filter = integers.finish();
  return rounded;
}

struct QuantizeRowsPass : octet::impl::QuantizeRowsBase<QuantizeRowsPass> {
  using QuantizeRowsBase::QuantizeRowsBase;

  void runOnOperation() override {
    quantized.clear();
    SmallVector<Conv2DOp> layers;
    getOperation().walk([&](Conv2DOp op) {
      bool isChosen =
          all ? op.isLinear() && !op->hasAttr(noteAttr) : op->hasAttr(rowsAttr);
      if (isChosen && typeOf(op.getInput()).getElementType().isF32())
        layers.push_back(op);
    });
    for (Conv2DOp op : layers)
      quantize(op);
    // What was rounded is not kept beside.
    getOperation().walk([](arith::ConstantOp op) {
      if (isOpTriviallyDead(op))
        op.erase();
    });
  }

private:
  void quantize(Conv2DOp op) {
    OpBuilder builder(op);
    auto loc = op.getLoc();
    if (std::string reason = op.explainFloat(); !reason.empty())
      return note(op, reason);
    Value input = behindRounding(op.getInput());
    auto rounded = roundFilter(matchFloats(behindRounding(op.getFilter())));
    if (!rounded)
      return note(op, "its sums could leave 32 bits");
    auto constant = [&](ElementsAttr value) -> Value {
      return arith::ConstantOp::create(builder, loc, value);
    };
    auto perChannel = [&](auto values, Type element) {
      using T = typename decltype(values)::value_type;
      int64_t channels = values.size();
      return constant(makeConstant<T>(
          RankedTensorType::get({channels}, element), ArrayRef<T>(values)));
    };
    DynamicQuantizeOp &rows = quantized[input];
    if (!rows) {
      OpBuilder behind(op);
      behind.setInsertionPointAfterValue(input);
      rows = DynamicQuantizeOp::create(behind, input.getLoc(), input);
    }
    auto linear = IntegerLinearOp::create(
        builder, loc, op.getType(), rows.getOutput(), constant(rounded->filter),
        perChannel(rounded->sums, builder.getI32Type()),
        perChannel(rounded->scales, builder.getF32Type()), rows.getScale(),
        rows.getZeroPoint(), op.getBias(), op.getResidual(),
        op.getClampMinAttr(), op.getClampMaxAttr(), IntegerAttr());
    op.replaceAllUsesWith(linear.getOutput());
    op.erase();
    ++numLinear;
  }

  static void note(Operation *op, StringRef reason) {
    op->setAttr(noteAttr, StringAttr::get(op->getContext(), reason));
  }

  /// Several layers read the same rows.
  llvm::DenseMap<Value, DynamicQuantizeOp> quantized;
};

} // namespace
