//===- ApplyRanges.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionRanges.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Quantization/Calibration/Ranges.h"
#include "octet/Quantization/Passes.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_APPLYRANGES
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {
struct ApplyRangesPass : octet::impl::ApplyRangesBase<ApplyRangesPass> {
  using ApplyRangesBase::ApplyRangesBase;

  void runOnOperation() override {
    if (failed(apply()))
      signalPassFailure();
  }

private:
  FailureOr<Ranges> load() {
    std::string text = ranges;
    if (!rangesFile.empty()) {
      auto buffer = llvm::MemoryBuffer::getFile(rangesFile);
      if (!buffer)
        return getOperation().emitError()
               << rangesFile
               << ": cannot be read: " << buffer.getError().message();
      text = (*buffer)->getBuffer().str();
    }
    auto parsed = parseRanges(text);
    if (!parsed)
      return getOperation().emitError(llvm::toString(parsed.takeError()));
    return std::move(*parsed);
  }

  /// The operation in front of `value` whose weights hold a NaN or, other than
  /// an attention mask or the like, an infinity; null if there is none.
  static Operation *findDamagedWeights(Value value) {
    SmallVector<Value> open{value};
    llvm::SmallPtrSet<Operation *, 32> seen;
    while (!open.empty()) {
      Operation *op = open.pop_back_val().getDefiningOp();
      auto scales = dyn_cast_or_null<ScaleOpInterface>(op);
      if (!scales || !seen.insert(op).second)
        continue;
      for (OpOperand &operand : op->getOpOperands()) {
        open.push_back(operand.get());
        ConstantView constant = matchFloats(operand.get());
        if (!constant)
          continue;
        auto role = scales.getOperandRole(operand.getOperandNumber());
        bool mayBeInfinite = role == OperandRole::Activation;
        if (mayBeInfinite ? hasNaN(constant) : !isFinite(constant))
          return op;
      }
    }
    return nullptr;
  }

  /// A reason for `octet inspect`.
  static void erase(ObserveOp op, StringRef reason) {
    if (Operation *producer = op.getInput().getDefiningOp())
      producer->setAttr(noteAttr, StringAttr::get(op.getContext(), reason));
    op.replaceAllUsesWith(op.getInput());
    op.erase();
  }

  /// What has no finite range has no scale. Damaged weights and data are
  /// errors.
  static LogicalResult stayFloat(ObserveOp op, uint64_t times,
                                 const Ranges &ranges) {
    if (Operation *damaged = findDamagedWeights(op.getInput()))
      return damaged->emitError()
             << "its weights are NaN or infinite, and so is '" << op.getKey()
             << "' behind it; repair or train the model again";
    if (isNormalization(op.getInput()) || !ranges.inputsFinite.value_or(false))
      return op.emitError()
             << "'" << op.getKey() << "' was NaN or infinite " << times
             << " times during calibration"
             << (ranges.inputsFinite.value_or(false) ? ", " : "; ")
             << explainNotFinite(ranges);
    erase(op, "was NaN or infinite in calibration");
    return success();
  }

  LogicalResult apply() {
    auto loaded = load();
    if (failed(loaded))
      return failure();
    double covered = leastError       ? 100.0
                     : percentile > 0 ? percentile
                                      : loaded->percentile;
    bool narrows = leastError || (percentile == 0.0 && loaded->leastError);
    if (!isPercentile(covered))
      return getOperation().emitError(
          "the percentile must be above 50 and at most 100");
    auto hash = [&](StringRef name) {
      auto value = getOperation()->getAttrOfType<StringAttr>(name);
      return value ? value.getValue() : StringRef();
    };
    if (!fitsModel(*loaded, hash(modelHashAttr), hash(fileHashAttr)))
      return getOperation().emitError(
          "the ranges were calibrated on another model; calibrate again");
    Builder builder(&getContext());
    auto result = getOperation().walk([&](ObserveOp op) {
      auto it = loaded->tensors.find(op.getKey());
      if (it == loaded->tensors.end()) {
        op.emitError() << "the ranges hold nothing for '" << op.getKey()
                       << "'; calibrate again";
        return WalkResult::interrupt();
      }
      if (it->second.notFinite > 0)
        return failed(stayFloat(op, it->second.notFinite, *loaded))
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      if (loaded->unrounded.contains(op.getKey())) {
        erase(op, "rounding its result would cost outputs too much");
        return WalkResult::advance();
      }
      auto [low, high] = percentileRange(it->second, covered);
      op.setLowAttr(builder.getF32FloatAttr(low));
      op.setHighAttr(builder.getF32FloatAttr(high));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    // From the last: a function's result has its final range.
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) { observers.push_back(op); });
    for (ObserveOp op : llvm::reverse(observers)) {
      if (!op.getLow())
        continue;
      cutSaturated(op);
      if (!narrows)
        continue;
      auto [low, high] = leastErrorRange(loaded->tensors[op.getKey()],
                                         op.getLow()->convertToFloat(),
                                         op.getHigh()->convertToFloat());
      op.setLowAttr(builder.getF32FloatAttr(low));
      op.setHighAttr(builder.getF32FloatAttr(high));
    }
    return success();
  }
};
} // namespace
