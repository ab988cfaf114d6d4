//===- JoinRanges.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Quantization/Passes.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_JOINRANGES
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

/// Beyond this ratio of ranges a concatenation would cost its narrow inputs
/// four of their bits.
constexpr float widestJoin = 16.0f;

/// True if `value` only moves and joins others on its way out of the function.
bool isOnItsWayOut(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (isa<func::ReturnOp>(user))
      return true;
    auto op = dyn_cast<ScaleOpInterface>(user);
    return op && !isa<WindowOpInterface>(user) &&
           (op.getScaleRole() == ScaleRole::Same ||
            op.getScaleRole() == ScaleRole::Joined) &&
           isOnItsWayOut(user->getResult(0));
  });
}

/// The observer of `op`'s result, or null.
ObserveOp observerOf(Operation *op) {
  for (Operation *user : op->getUsers())
    if (auto observer = dyn_cast<ObserveOp>(user))
      return observer;
  return {};
}

struct JoinRangesPass : octet::impl::JoinRangesBase<JoinRangesPass> {
  void runOnOperation() override {
    // Without observers, of which joining erases some.
    SmallVector<ScaleOpInterface> ops;
    getOperation().walk([&](ScaleOpInterface op) {
      if (!isa<ObserveOp>(op) && op.getScaleRole() == ScaleRole::Joined)
        ops.push_back(op);
    });
    // From the last: a value that is joined twice takes the outer scale.
    for (ScaleOpInterface op : llvm::reverse(ops))
      join(op);
  }

private:
  /// QS-10: what only a concatenation uses takes the scale of its result: no
  /// requantization is then needed. Where that would cost bits, it stays in
  /// f32.
  void join(Operation *op) {
    ObserveOp result = observerOf(op);
    if (!result || !result.getLow())
      return;
    if (isOnItsWayOut(result.getOutput())) {
      note(op, "only joins values on their way to an output");
      result.replaceAllUsesWith(result.getInput());
      result.erase();
      return;
    }
    SmallVector<ObserveOp> adopting;
    float widest = 0.0f, narrowest = std::numeric_limits<float>::infinity();
    for (Value input : op->getOperands()) {
      auto observer = scaleSource(input).getDefiningOp<ObserveOp>();
      if (!observer || !observer.getLow())
        continue;
      float range = std::max(std::fabs(observer.getLow()->convertToFloat()),
                             std::fabs(observer.getHigh()->convertToFloat()));
      widest = std::max(widest, range);
      if (range > 0.0f)
        narrowest = std::min(narrowest, range);
      if (isUsedOnlyBy(input, observer))
        adopting.push_back(observer);
    }
    if (widest > widestJoin * narrowest)
      return note(op, "joins values whose ranges differ by more than 16 times");
    for (ObserveOp observer : adopting) {
      observer.setLowAttr(result.getLowAttr());
      observer.setHighAttr(result.getHighAttr());
    }
  }

  /// True if `value`, which has `source`'s scale, is all that it is used for.
  static bool isUsedOnlyBy(Value value, ObserveOp source) {
    while (value.hasOneUse() && value != source.getOutput())
      value = value.getDefiningOp()->getOperand(0);
    return value.hasOneUse();
  }

  static void note(Operation *op, StringRef reason) {
    op->setAttr(noteAttr, StringAttr::get(op->getContext(), reason));
  }
};

} // namespace
