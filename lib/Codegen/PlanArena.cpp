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
  int64_t duration() const { return last - first + 1; }
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
    liveBytes += mostLive(buffers);

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

  /// The most bytes that are live at a time: no arena is smaller.
  static int64_t mostLive(ArrayRef<Buffer> buffers) {
    int64_t most = 0;
    for (const Buffer &at : buffers) {
      int64_t live = 0;
      for (const Buffer &other : buffers)
        if (other.first <= at.first && at.first <= other.last)
          live += other.size;
      most = std::max(most, live);
    }
    return most;
  }

  /// Gives every buffer an offset; returns the arena's size. None of the orders
  /// is best for all graphs, and none takes long.
  static int64_t place(MutableArrayRef<Buffer> buffers) {
    using Key = llvm::function_ref<int64_t(const Buffer &)>;
    auto bySize = [](const Buffer &b) { return b.size; };
    auto byDuration = [](const Buffer &b) { return b.duration(); };
    auto byArea = [](const Buffer &b) { return b.size * b.duration(); };
    int64_t best = std::numeric_limits<int64_t>::max();
    SmallVector<int64_t> offsets(buffers.size());
    for (Key key : {Key(bySize), Key(byDuration), Key(byArea)}) {
      int64_t arena = placeInOrder(buffers, key);
      if (arena >= best)
        continue;
      best = arena;
      for (auto [offset, buffer] : llvm::zip_equal(offsets, buffers))
        offset = buffer.offset;
    }
    for (auto [offset, buffer] : llvm::zip_equal(offsets, buffers))
      buffer.offset = offset;
    return best;
  }

  /// The same with the largest `key` first, each at the lowest free offset.
  static int64_t placeInOrder(MutableArrayRef<Buffer> buffers,
                              llvm::function_ref<int64_t(const Buffer &)> key) {
    SmallVector<Buffer *> order =
        llvm::map_to_vector(buffers, [](Buffer &b) { return &b; });
    llvm::sort(order, [&](Buffer *a, Buffer *b) {
      return std::tuple(key(*b), b->size, a->first, a) <
             std::tuple(key(*a), a->size, b->first, b);
    });
    int64_t arena = alignment;
    SmallVector<Buffer *> placed; // by offset
    for (Buffer *buffer : order) {
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
