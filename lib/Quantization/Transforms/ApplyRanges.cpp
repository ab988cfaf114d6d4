//===- ApplyRanges.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
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

  LogicalResult apply() {
    auto loaded = load();
    if (failed(loaded))
      return failure();
    double covered = percentile > 0 ? percentile : loaded->percentile;
    if (!isPercentile(covered))
      return getOperation().emitError(
          "the percentile must be above 50 and at most 100");
    auto hash = [&](StringRef name) {
      auto value = getOperation()->getAttrOfType<StringAttr>(name);
      return value ? value.getValue() : StringRef();
    };
    if (!fitsModel(*loaded, hash("octet.model_hash"), hash("octet.file_hash")))
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
      if (it->second.notFinite > 0) {
        op.emitError() << "'" << op.getKey() << "' was NaN or infinite "
                       << it->second.notFinite << " times during calibration"
                       << (loaded->inputsFinite.value_or(false) ? ", " : "; ")
                       << explainNotFinite(*loaded);
        return WalkResult::interrupt();
      }
      auto [low, high] = percentileRange(it->second, covered);
      op.setLowAttr(builder.getF32FloatAttr(low));
      op.setHighAttr(builder.getF32FloatAttr(high));
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }
};
} // namespace
