//===- AssignLayouts.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// The border of one tensor, and what it holds.
struct Border {
  SmallVector<int64_t> sizes{0, 0, 0, 0};
  std::optional<APFloat> value;
  SmallVector<PadOp> pads;
};

struct AssignLayoutsPass : octet::impl::AssignLayoutsBase<AssignLayoutsPass> {
  using AssignLayoutsBase::AssignLayoutsBase;

  void runOnOperation() override {
    separateResults();
    llvm::MapVector<Value, Border> borders = collectBorders();
    getOperation().walk([&](Operation *op) {
      if (!isa_and_nonnull<OctetDialect>(op->getDialect()) || isReturned(op))
        return;
      // An observed tensor is the one behind the observer.
      if (auto observe = dyn_cast<ObserveOp>(op)) {
        observe.getOutput().setType(observe.getInput().getType());
        return;
      }
      for (Value result : op->getResults())
        if (typeOf(result).getRank() == 4) {
          auto it = borders.find(result);
          setLayout(result,
                    it == borders.end() ? Border().sizes : it->second.sizes);
        }
    });
    for (auto &[value, border] : borders)
      for (PadOp pad : border.pads)
        padInPlace(pad, border);
  }

private:
  static bool isReturned(Operation *op) {
    return llvm::any_of(op->getUsers(), [](Operation *user) {
      return isa<func::ReturnOp>(user);
    });
  }

  /// The caller's buffers are dense, and each is written once: a result that
  /// is used elsewhere too, that no operation computes, or whose contraction
  /// works on whole blocks, is copied.
  void separateResults() {
    Operation *terminator = getOperation().getBody().front().getTerminator();
    OpBuilder builder(terminator);
    for (OpOperand &operand : terminator->getOpOperands()) {
      Value value = operand.get();
      Operation *op = value.getDefiningOp();
      bool computedHere = op && isa<OctetDialect>(op->getDialect()) &&
                          !isa<ObserveOp>(op) && value.hasOneUse();
      // Blocks of channels need more room than the caller's buffer has.
      if (!computedHere || allocatedChannels(value) > lastSize(value))
        operand.set(
            CopyOp::create(builder, value.getLoc(), value.getType(), value));
    }
  }

  llvm::MapVector<Value, Border> collectBorders() {
    llvm::MapVector<Value, Border> borders;
    SmallPtrSet<Operation *, 8> inPlace;
    getOperation().walk([&](PadOp pad) {
      Value input = pad.getInput();
      Operation *producer = input.getDefiningOp();
      auto low = pad.getLow(), high = pad.getHigh();
      // Only memory that an operation of its own writes can grow a border; an
      // observed tensor is the one behind the observer.
      if (typeOf(input).getRank() != 4 || !producer ||
          !isa<OctetDialect>(producer->getDialect()) ||
          isa<ObserveOp>(producer) || inPlace.contains(producer) || low[0] ||
          high[0] || low[3] || high[3] || isReturned(pad))
        return;
      Border &border = borders[input];
      if (border.value && !border.value->bitwiseIsEqual(pad.getValue()))
        return;
      border.value = pad.getValue();
      int64_t sizes[] = {low[1], low[2], high[1], high[2]};
      for (int i = 0; i < 4; ++i)
        border.sizes[i] = std::max(border.sizes[i], sizes[i]);
      border.pads.push_back(pad);
      inPlace.insert(pad);
    });
    return borders;
  }

  static int64_t lastSize(Value value) {
    auto shape = typeOf(value).getShape();
    return shape.empty() ? 1 : shape.back();
  }

  static bool isContraction(Value value) {
    auto op = value.getDefiningOp<LoweringOpInterface>();
    return op && op.countMacs() > 0;
  }

  /// Channels that a contraction's blocks need; those of others as they are.
  int64_t allocatedChannels(Value value) const {
    if (typeOf(value).getRank() != 4 || !isContraction(value))
      return lastSize(value);
    return llvm::alignTo(lastSize(value), channelAlignment);
  }

  /// The pad's result becomes its input's memory, around which there is room.
  void padInPlace(PadOp pad, const Border &border) {
    ArrayRef<int64_t> low = pad.getLow(), high = pad.getHigh();
    int64_t pads[] = {low[1], low[2], high[1], high[2]};
    SmallVector<int64_t> rest = border.sizes;
    for (int i = 0; i < 4; ++i)
      rest[i] -= pads[i];
    auto type = typeOf(pad.getOutput());
    auto layout = LayoutAttr::get(
        &getContext(), getPhysicalShape(typeOf(pad.getInput())).back(), rest);
    OpBuilder builder(pad);
    auto written = BorderOp::create(
        builder, pad.getLoc(),
        RankedTensorType::get(type.getShape(), type.getElementType(), layout),
        pad.getInput(), ArrayRef<int64_t>(pads), pad.getValue());
    pad.replaceAllUsesWith(written.getOutput());
    pad.erase();
    ++numInPlace;
  }

  void setLayout(Value value, ArrayRef<int64_t> border) {
    auto type = typeOf(value);
    int64_t channels = type.getShape().back();
    if (channelAlignment > 1)
      channels = channels <= 4 && !isContraction(value)
                     ? 4
                     : llvm::alignTo(channels, channelAlignment);
    if (channels == type.getShape().back() &&
        llvm::all_of(border, [](int64_t b) { return b == 0; }))
      return;
    value.setType(RankedTensorType::get(
        type.getShape(), type.getElementType(),
        LayoutAttr::get(&getContext(), channels, border)));
  }
};

} // namespace
