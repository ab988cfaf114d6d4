//===- MaterializePads.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Octet.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_MATERIALIZEPADS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
struct MaterializePadsPass
    : octet::impl::MaterializePadsBase<MaterializePadsPass> {
  void runOnOperation() override {
    getOperation().walk([&](WindowOpInterface op) {
      auto pads = op.getPads();
      if (llvm::all_of(pads, [](int64_t p) { return p == 0; }))
        return;
      OpBuilder builder(op);
      Value padded = PadOp::create(builder, op.getLoc(), op->getOperand(0),
                                   ArrayRef<int64_t>{0, pads[0], pads[1], 0},
                                   ArrayRef<int64_t>{0, pads[2], pads[3], 0},
                                   APFloat(op.getNeutralValue()));
      op.takePadded(builder, padded);
      ++numPads;
    });
  }
};
} // namespace
