//===- EnterPhase.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "octet/Pipelines/Passes.h"
#include "octet/Pipelines/Phases.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <numeric>

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_ENTERPHASE
#include "octet/Pipelines/Passes.h.inc"
} // namespace octet

/// Puts each value's uses in the order of the text, the last one first, as the
/// parser leaves them.
static void sortUses(ModuleOp module) {
  llvm::DenseMap<Operation *, unsigned> order;
  module.walk<WalkOrder::PreOrder>(
      [&](Operation *op) { order.try_emplace(op, order.size()); });
  auto sort = [&](Value value) {
    if (value.use_empty() || value.hasOneUse())
      return;
    SmallVector<std::pair<unsigned, unsigned>> places;
    for (OpOperand &use : value.getUses())
      places.emplace_back(order.lookup(use.getOwner()), use.getOperandNumber());
    SmallVector<unsigned> before(places.size()), indices(places.size());
    std::iota(before.begin(), before.end(), 0);
    llvm::sort(before,
               [&](unsigned a, unsigned b) { return places[a] > places[b]; });
    // shuffleUseList wants each use's new place.
    for (auto [place, use] : llvm::enumerate(before))
      indices[use] = place;
    value.shuffleUseList(indices);
  };
  module.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), sort);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), sort);
  });
}

namespace {
struct EnterPhasePass : octet::impl::EnterPhaseBase<EnterPhasePass> {
  using EnterPhaseBase::EnterPhaseBase;

  void runOnOperation() override {
    if (failed(enter()))
      signalPassFailure();
  }

private:
  LogicalResult enter() {
    ModuleOp module = getOperation();
    const Phase *entered = lookupPhase(phase);
    if (!entered)
      return module.emitError() << "phase '" << phase
                                << "' is unknown; there are " << listPhases();
    if (module->hasAttr(phaseAttr) &&
        !llvm::is_contained(entered->follows, getPhase(module)))
      return module.emitError()
             << "phase '" << phase << "' follows "
             << llvm::join(entered->follows, " or ") << "; this module is "
             << "behind '" << getPhase(module) << "'";
    Builder builder(&getContext());
    if (!target.empty()) {
      auto before = module->getAttrOfType<StringAttr>(targetAttr);
      if (before && before.getValue() != target)
        return module.emitError()
               << "this module was laid out for " << before.getValue()
               << ", not for " << target;
      module->setAttr(targetAttr, builder.getStringAttr(target));
    }
    module->setAttr(phaseAttr, builder.getStringAttr(phase));
    sortUses(module);
    return success();
  }
};
} // namespace
