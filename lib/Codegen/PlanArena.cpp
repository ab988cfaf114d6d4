//===- PlanArena.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_PLANARENA
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// Cache lines and the widest vectors are 64 bytes.
constexpr int64_t alignment = 64;

/// One allocation: live from its first use to its last, in operation order.
struct Buffer {
  memref::AllocOp op;
  int64_t size;
  unsigned first, last;
  int64_t offset = 0;

  bool overlapsInTime(const Buffer &other) const {
    return first <= other.last && other.first <= last;
  }
};

int64_t byteSize(MemRefType type) {
  return llvm::alignTo(type.getNumElements() *
                           llvm::divideCeil(type.getElementTypeBitWidth(), 8),
                       alignment);
}

struct PlanArenaPass : octet::impl::PlanArenaBase<PlanArenaPass> {
  void runOnOperation() override {
    auto run = getOperation().lookupSymbol<func::FuncOp>(runFunction);
    if (!run) {
      getOperation().emitError("has no function ") << runFunction;
      return signalPassFailure();
    }
    auto buffers = collect(run);
    int64_t size = place(buffers);
    for (const Buffer &buffer : buffers)
      totalBytes += buffer.size;
    arenaBytes += size;

    OpBuilder builder(&getContext());
    auto arenaType = MemRefType::get({size}, builder.getI8Type());
    auto attributes = builder.getDictionaryAttr(
        builder.getNamedAttr("llvm.noalias", builder.getUnitAttr()));
    if (failed(run.insertArgument(0, arenaType, attributes, run.getLoc())))
      return signalPassFailure();
    for (Buffer &buffer : buffers) {
      builder.setInsertionPoint(buffer.op);
      auto loc = buffer.op.getLoc();
      Value offset =
          arith::ConstantIndexOp::create(builder, loc, buffer.offset);
      Value view =
          memref::ViewOp::create(builder, loc, buffer.op.getType(),
                                 run.getArgument(0), offset, ValueRange());
      buffer.op.replaceAllUsesWith(view);
      buffer.op.erase();
    }
    getOperation()->setAttr(arenaSizeAttr, builder.getI64IntegerAttr(size));
  }

private:
  static SmallVector<Buffer> collect(func::FuncOp run) {
    DenseMap<Operation *, unsigned> order;
    for (Operation &op : run.getBody().front())
      order[&op] = order.size();
    SmallVector<Buffer> buffers;
    run.walk([&](memref::AllocOp alloc) {
      unsigned first = ~0u, last = 0;
      for (Operation *user : alloc->getUsers()) {
        unsigned at =
            order.lookup(run.getBody().front().findAncestorOpInBlock(*user));
        first = std::min(first, at);
        last = std::max(last, at);
      }
      buffers.push_back({alloc, byteSize(alloc.getType()), first, last});
    });
    return buffers;
  }

  /// Gives every buffer an offset; returns the arena's size.
  static int64_t place(MutableArrayRef<Buffer> buffers) {
    SmallVector<Buffer *> bySize =
        llvm::map_to_vector(buffers, [](Buffer &b) { return &b; });
    llvm::sort(bySize, [](Buffer *a, Buffer *b) {
      return std::tie(b->size, a->first, a) < std::tie(a->size, b->first, b);
    });
    int64_t arena = alignment;
    SmallVector<Buffer *> placed; // by offset
    for (Buffer *buffer : bySize) {
      int64_t offset = 0;
      for (Buffer *other : placed) {
        if (!buffer->overlapsInTime(*other))
          continue;
        if (offset + buffer->size <= other->offset)
          break;
        offset = std::max(offset, other->offset + other->size);
      }
      buffer->offset = offset;
      placed.insert(llvm::upper_bound(placed, buffer,
                                      [](Buffer *a, Buffer *b) {
                                        return a->offset < b->offset;
                                      }),
                    buffer);
      arena = std::max(arena, offset + buffer->size);
    }
    return arena;
  }
};

} // namespace
