//===- CompleteCalls.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_COMPLETECALLS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
struct CompleteCallsPass : octet::impl::CompleteCallsBase<CompleteCallsPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto own : module.getOps<ModuleOp>())
      for (auto kernel : own.getOps<func::FuncOp>())
        if (auto declared =
                module.lookupSymbol<func::FuncOp>(kernel.getSymName()))
          for (StringRef name : {scratchAttr, partsAttr, workAttr})
            if (Attribute value = kernel->getAttr(name))
              declared->setAttr(name, value);

    module.walk([&](func::CallOp call) {
      auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
      auto scratch = numberOf(kernel, scratchAttr);
      auto parts = numberOf(kernel, partsAttr);
      if (!scratch || !parts)
        return;
      OpBuilder builder(call);
      auto loc = call.getLoc();
      auto index = [&](int64_t value) -> Value {
        return arith::ConstantIndexOp::create(builder, loc, value);
      };
      Value memory = memref::AllocOp::create(
          builder, loc, MemRefType::get({*scratch}, builder.getI8Type()));
      call.getOperandsMutable().append({memory, index(0), index(*parts)});
      SmallVector<Type> types(call.getOperandTypes());
      kernel.setFunctionType(builder.getFunctionType(types, {}));
    });
  }

private:
  static std::optional<int64_t> numberOf(func::FuncOp kernel, StringRef name) {
    auto value =
        kernel ? kernel->getAttrOfType<IntegerAttr>(name) : IntegerAttr();
    return value ? std::optional(value.getInt()) : std::nullopt;
  }
};
} // namespace
