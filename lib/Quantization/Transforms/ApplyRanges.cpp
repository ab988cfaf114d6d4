//===- ApplyRanges.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Quantization/Calibration/Ranges.h"
#include "octet/Quantization/Passes.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_APPLYRANGES
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {
/// A function of one value and the range of its result.
struct Reader {
  ScaleOpInterface function;
  double low, high;

  /// A NaN, which is no number to be close to, as infinity.
  double at(double x) {
    double y = function.evaluate(x);
    return std::isnan(y) ? std::numeric_limits<double>::infinity()
                         : std::clamp(y, low, high);
  }
};

/// Collects the functions that read `value` or what only moves it; false if
/// anything else does.
bool collectReaders(Value value, SmallVectorImpl<Reader> &readers) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    auto op = dyn_cast<ScaleOpInterface>(user);
    if (!op)
      return false;
    if (op.getScaleRole() == ScaleRole::Same)
      return collectReaders(op->getResult(0), readers);
    if (op.getScaleRole() != ScaleRole::Function || !op->hasOneUse())
      return false;
    auto result = dyn_cast<ObserveOp>(*op->user_begin());
    if (!result || !result.getLow())
      return false;
    readers.push_back({op, result.getLow()->convertToFloat(),
                       result.getHigh()->convertToFloat()});
    return true;
  });
}

/// Where a range from `start` to `end` may begin instead: at the place farthest
/// from `start` whose results are, to a quarter of their steps, those of all
/// places before it.
double cutStart(MutableArrayRef<Reader> readers, double start, double end) {
  constexpr int places = 4 * activationMax;
  int best = places;
  for (Reader &reader : readers) {
    double tolerance = (reader.high - reader.low) / places;
    double least = reader.at(start), most = least;
    int last = 0;
    // Where they are farther apart than twice that, none is close to all.
    for (int i = 1; i <= best && most - least <= 2 * tolerance; ++i) {
      double y = reader.at(start + (end - start) * i / places);
      least = std::min(least, y);
      most = std::max(most, y);
      if (most - y <= tolerance && y - least <= tolerance)
        last = i;
    }
    best = std::min(best, last);
  }
  return start + (end - start) * best / places;
}

/// QS-2: where functions are all that reads a value and they saturate, steps
/// would be spent on what no result tells apart.
void cutSaturated(ObserveOp op) {
  SmallVector<Reader> readers;
  if (op.getOutput().use_empty() || !op.getLow() ||
      !collectReaders(op.getOutput(), readers))
    return;
  double low = op.getLow()->convertToFloat();
  double high = op.getHigh()->convertToFloat();
  low = cutStart(readers, low, high);
  high = std::max(low, cutStart(readers, high, low));
  Builder builder(op.getContext());
  op.setLowAttr(builder.getF32FloatAttr(low));
  op.setHighAttr(builder.getF32FloatAttr(high));
}

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
        DenseFPElementsAttr constant;
        open.push_back(operand.get());
        if (!matchPattern(operand.get(), m_Constant(&constant)))
          continue;
        auto role = scales.getOperandRole(operand.getOperandNumber());
        bool mayBeInfinite = role == OperandRole::Activation;
        for (const APFloat &x : constant.getValues<APFloat>())
          if (x.isNaN() || (x.isInfinity() && !mayBeInfinite))
            return op;
      }
    }
    return nullptr;
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
    if (Operation *producer = op.getInput().getDefiningOp())
      producer->setAttr(noteAttr,
                        StringAttr::get(op.getContext(),
                                        "was NaN or infinite in calibration"));
    op.replaceAllUsesWith(op.getInput());
    op.erase();
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
      cutSaturated(op);
      if (!narrows || !op.getLow())
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
