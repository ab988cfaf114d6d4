//===- CheckSamples.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_CHECKSAMPLES
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

/// What a value says of samples: nothing (`rows` is 0), or its first dimension
/// is made of `rows` rows of each sample, in the samples' order.
using Rows = int64_t;

class Checker {
public:
  explicit Checker(func::FuncOp function) : function(function) {}

  LogicalResult run() {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (function.getArgAttr(i, symbolicBatchAttr)) {
        batch = typeOf(function.getArgument(i)).getDimSize(0);
        rows[function.getArgument(i)] = 1;
      }
    if (batch == 0)
      return success();
    for (Operation &op : function.getBody().front()) {
      if (isa<func::ReturnOp>(op))
        return checkResults(op);
      auto dimensions = dyn_cast<DimensionOpInterface>(op);
      auto rows = llvm::map_to_vector(op.getOperands(),
                                      [&](Value v) { return rowsOf(v); });
      if (!dimensions || llvm::all_of(rows, [](Rows r) { return r == 0; }))
        continue;
      auto result = dimensions.inferRows(rows, batch);
      if (!result)
        return op.emitOpError()
               << "mixes samples: the model's first dimension is symbolic, and "
                  "this node's result for one sample depends on others; fix "
                  "the "
                  "first dimension by --shape or --dim";
      for (Value value : op.getResults())
        this->rows[value] = *result;
    }
    return success();
  }

private:
  Rows rowsOf(Value value) const { return rows.lookup(value); }

  LogicalResult checkResults(Operation &terminator) {
    for (Value value : terminator.getOperands())
      if (rowsOf(value) == 0)
        return emitError(value.getLoc())
               << "output does not depend on the sample, while the model's "
                  "first dimension is symbolic; fix that by --shape or --dim";
    return success();
  }

  func::FuncOp function;
  int64_t batch = 0;
  DenseMap<Value, Rows> rows;
};

struct CheckSamplesPass : octet::impl::CheckSamplesBase<CheckSamplesPass> {
  void runOnOperation() override {
    if (failed(Checker(getOperation()).run()))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
