//===- SignedStorage.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A quantized value q is kept as q - 128, which flips the top bit of its byte:
// zero points move by 128, and biases make up for what the products lose. How
// each operation changes is its own business (StorageOpInterface).
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_SIGNEDSTORAGE
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
struct SignedStoragePass : octet::impl::SignedStorageBase<SignedStoragePass> {
  void runOnOperation() override {
    StorageConverter converter(&getContext());
    for (Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().front())) {
      converter.builder.setInsertionPoint(&op);
      if (auto storage = dyn_cast<StorageOpInterface>(op)) {
        if (failed(storage.convertStorage(converter)))
          return signalPassFailure();
        continue;
      }
      for (OpOperand &operand : op.getOpOperands())
        converter.takeUnsigned(operand);
    }
  }
};
} // namespace
