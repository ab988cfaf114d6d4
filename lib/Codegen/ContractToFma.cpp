//===- ContractToFma.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "octet/Codegen/ContractionRewriter.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_CONTRACTTOFMA
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// LLVM splits a block of 16 lanes into the target's registers.
class Fma : public DotIsa {
public:
  bool accepts(const LaneContraction &c) const override { return c.pack == 1; }
  int64_t width() const override { return 16; }

  Values splat(OpBuilder &b, Location loc, Value row,
               int64_t group) const override {
    return {vector::ExtractOp::create(b, loc, row, group)};
  }

  Value accumulate(OpBuilder &b, Location loc, Value accumulator,
                   const Values &left, const Values &right) const override {
    Value x =
        vector::BroadcastOp::create(b, loc, accumulator.getType(), left[0]);
    // Not vector.fma, which LLVM may split into a product and a sum.
    return math::FmaOp::create(b, loc, x, right[0], accumulator);
  }
};

struct ContractToFmaPass : octet::impl::ContractToFmaBase<ContractToFmaPass> {
  void runOnOperation() override {
    rewriteContractions(getOperation(), Fma(), numRewritten);
  }
};
} // namespace
