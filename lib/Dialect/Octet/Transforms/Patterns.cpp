//===- Patterns.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/Transforms/Patterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

LogicalResult octet::applyToFixpoint(Operation *op, RewritePatternSet patterns,
                                     bool fold) {
  int64_t operations = 0;
  op->walk([&](Operation *) { ++operations; });
  GreedyRewriteConfig config;
  config.enableFolding(fold);
  // How many iterations a long chain takes depends on its length; only what
  // undoes itself again and again exceeds this number of rewrites.
  config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
  config.setMaxNumRewrites(100 * (operations + 1000) + operations * operations);
  if (succeeded(applyPatternsGreedily(op, std::move(patterns), config)))
    return success();
  return op->emitError("rewriting the graph came to no end; please report this "
                       "model");
}
