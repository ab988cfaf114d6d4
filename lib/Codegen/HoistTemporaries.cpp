#include "mlir/Dialect/Arith/IR/Arith.h"
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
/// Cache lines and the widest vectors are 64 bytes.
constexpr int64_t alignment = 64;

struct HoistTemporariesPass
    : octet::impl::HoistTemporariesBase<HoistTemporariesPass> {
  using HoistTemporariesBase::HoistTemporariesBase;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kernelAttr) || kernel.isDeclaration())
      return;
    SmallVector<memref::AllocOp> large;
    int64_t onStack = 0;
    kernel.walk([&](memref::AllocOp alloc) {
      int64_t bytes = sizeOf(alloc.getType());
      if (onStack + bytes > maxStackBytes)
        large.push_back(alloc);
      else
        onStack += bytes;
    });
    int64_t total = 0;
    for (memref::AllocOp alloc : large)
      total += sizeOf(alloc.getType());
    Builder attributes(&getContext());
    kernel->setAttr(scratchAttr, attributes.getI64IntegerAttr(total));
    auto type = MemRefType::get({total}, attributes.getI8Type());
    auto noalias = attributes.getDictionaryAttr(
        attributes.getNamedAttr("llvm.noalias", attributes.getUnitAttr()));
    unsigned index = kernel.getNumArguments();
    if (failed(kernel.insertArgument(index, type, noalias, kernel.getLoc())))
      return signalPassFailure();
    // All at once: they are reused by later parts, not by each other.
    int64_t offset = 0;
    for (memref::AllocOp alloc : large) {
      OpBuilder builder(alloc);
      Value at =
          arith::ConstantIndexOp::create(builder, alloc.getLoc(), offset);
      Value view =
          memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(),
                                 kernel.getArgument(index), at, ValueRange());
      offset += sizeOf(alloc.getType());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
      ++numHoisted;
    }
  }

private:
  static int64_t sizeOf(MemRefType type) {
    return llvm::alignTo(type.getNumElements() *
                             llvm::divideCeil(type.getElementTypeBitWidth(), 8),
                         alignment);
  }
};
} // namespace
