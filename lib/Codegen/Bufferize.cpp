//===- Bufferize.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_BUFFERIZE
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
struct BufferizePass : octet::impl::BufferizeBase<BufferizePass> {
  void runOnOperation() override {
    // What calls kernels is on memory already.
    if (getOperation().getSymName() == runFunction)
      return;
    // What a tile is computed into before it is put into the result is part of
    // the result.
    RewritePatternSet slices(&getContext());
    tensor::populateFoldTensorEmptyPatterns(slices);
    IRRewriter rewriter(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(slices))) ||
        failed(bufferization::eliminateEmptyTensors(rewriter, getOperation())))
      return signalPassFailure();
    bufferization::OneShotBufferizationOptions options;
    options.memCpyFn = [](OpBuilder &builder, Location loc, Value from,
                          Value to) {
      linalg::CopyOp::create(builder, loc, from, to);
      return success();
    };
    bufferization::BufferizationState state;
    if (failed(
            bufferization::runOneShotBufferize(getOperation(), options, state)))
      signalPassFailure();
  }
};
} // namespace
