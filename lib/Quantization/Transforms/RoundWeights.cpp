//===- RoundWeights.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Quantization/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_ROUNDWEIGHTS
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

/// What 8 bits hold of weights whose output channels are the first dimension.
DenseElementsAttr rounded(DenseFPElementsAttr weights) {
  auto values = llvm::to_vector(weights.getValues<float>());
  size_t perChannel = values.size() / weights.getType().getDimSize(0);
  for (size_t first = 0; first < values.size(); first += perChannel) {
    auto channel = MutableArrayRef(values).slice(first, perChannel);
    float scale = weightScale(channel, /*bias=*/0.0f, /*inputScale=*/1.0f);
    for (float &w : channel)
      if (std::isfinite(w))
        w = scale * quantizeValue(w, scale, 0, weightMin, weightMax);
  }
  return DenseElementsAttr::get(weights.getType(), ArrayRef<float>(values));
}

struct RoundWeightsPass : octet::impl::RoundWeightsBase<RoundWeightsPass> {
  void runOnOperation() override {
    getOperation().walk([&](ScaleOpInterface op) {
      for (OpOperand &operand : op->getOpOperands()) {
        DenseFPElementsAttr weights;
        if (op.getOperandRole(operand.getOperandNumber()) !=
                OperandRole::Weight ||
            !matchPattern(operand.get(), m_Constant(&weights)) ||
            !weights.getElementType().isF32() || weights.empty())
          continue;
        OpBuilder builder(op);
        operand.set(arith::ConstantOp::create(builder, operand.get().getLoc(),
                                              rounded(weights)));
        ++numRounded;
      }
    });
  }
};

} // namespace
