//===- RoundWeights.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
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
ElementsAttr rounded(ConstantView weights) {
  auto given = weights.getArray<float>();
  ConstantBuffer result(weights.getType());
  auto values = result.getValues<float>();
  size_t perChannel = values.size() / weights.getType().getDimSize(0);
  for (size_t first = 0; first < values.size(); first += perChannel) {
    auto channel = ArrayRef<float>(given).slice(first, perChannel);
    float scale = weightScale(channel, /*bias=*/0.0f, /*inputScale=*/1.0f);
    for (auto [w, to] :
         llvm::zip_equal(channel, values.slice(first, perChannel)))
      to = std::isfinite(w)
               ? scale * quantizeValue(w, scale, 0, weightMin, weightMax)
               : w;
  }
  return result.finish();
}

struct RoundWeightsPass : octet::impl::RoundWeightsBase<RoundWeightsPass> {
  void runOnOperation() override {
    getOperation().walk([&](ScaleOpInterface op) {
      for (OpOperand &operand : op->getOpOperands()) {
        if (op.getOperandRole(operand.getOperandNumber()) !=
            OperandRole::Weight)
          continue;
        ConstantView weights = matchFloats(operand.get());
        if (!weights || weights.getNumElements() == 0)
          continue;
        OpBuilder builder(op);
        operand.set(arith::ConstantOp::create(builder, operand.get().getLoc(),
                                              rounded(weights)));
        ++numRounded;
      }
    });
    // What was rounded is not kept beside.
    getOperation().walk([](arith::ConstantOp op) {
      if (isOpTriviallyDead(op))
        op.erase();
    });
  }
};

} // namespace
