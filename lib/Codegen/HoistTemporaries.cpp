#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_HOISTTEMPORARIES
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
struct HoistTemporariesPass
    : octet::impl::HoistTemporariesBase<HoistTemporariesPass> {
  using HoistTemporariesBase::HoistTemporariesBase;

  void runOnOperation() override {
    llvm::StringMap<SmallVector<MemRefType>> added;
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (kernel->hasAttr(kernelAttr) &&
          failed(hoist(kernel, added[kernel.getSymName()])))
        return signalPassFailure();
    getOperation().walk([&](func::CallOp call) {
      OpBuilder builder(call);
      for (MemRefType type : added.lookup(call.getCallee()))
        call.getOperandsMutable().append(
            memref::AllocOp::create(builder, call.getLoc(), type).getResult());
    });
  }

private:
  LogicalResult hoist(func::FuncOp kernel, SmallVector<MemRefType> &types) {
    SmallVector<memref::AllocOp> large;
    int64_t onStack = 0;
    kernel.walk([&](memref::AllocOp alloc) {
      auto type = alloc.getType();
      int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
      if (onStack + bytes > maxStackBytes)
        large.push_back(alloc);
      else
        onStack += bytes;
    });
    Builder builder(&getContext());
    auto attributes = builder.getDictionaryAttr(
        builder.getNamedAttr("llvm.noalias", builder.getUnitAttr()));
    for (memref::AllocOp alloc : large) {
      unsigned index = kernel.getNumArguments();
      if (failed(kernel.insertArgument(index, alloc.getType(), attributes,
                                       alloc.getLoc())))
        return failure();
      types.push_back(alloc.getType());
      alloc.replaceAllUsesWith(kernel.getArgument(index));
      alloc.erase();
      ++numHoisted;
    }
    return success();
  }
};
} // namespace
