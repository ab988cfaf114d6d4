//===- OctetToLinalg.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Conversion/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_OCTETTOLINALG
#include "octet/Conversion/Passes.h.inc"
} // namespace octet

namespace {
struct OctetToLinalgPass : octet::impl::OctetToLinalgBase<OctetToLinalgPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    lowering::populateContractionPatterns(patterns);
    lowering::populatePoolPatterns(patterns);
    lowering::populateElementwisePatterns(patterns);
    lowering::populateMovementPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    getOperation().walk([&](Operation *op) {
      if (isa<OctetDialect>(op->getDialect())) {
        op->emitOpError("has no lowering to linalg for these types");
        signalPassFailure();
      }
    });
  }
};
} // namespace
