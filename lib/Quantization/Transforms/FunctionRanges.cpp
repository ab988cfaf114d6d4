//===- FunctionRanges.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionRanges.h"
#include "mlir/IR/Builders.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace octet;

namespace {
/// A function of one value and the observer of its result.
struct Reader {
  ScaleOpInterface function;
  ObserveOp result;

  double low() { return result.getLow()->convertToFloat(); }
  double high() { return result.getHigh()->convertToFloat(); }

  /// Within the result's range; a NaN, which is no number to be close to, as
  /// infinity.
  double at(double x) {
    double y = function.evaluate(x);
    return std::isnan(y) ? std::numeric_limits<double>::infinity()
                         : std::clamp(y, low(), high());
  }
};
} // namespace

/// Collects the functions that read `value` or what only moves it; false if
/// anything else does.
static bool collectReaders(Value value, SmallVectorImpl<Reader> &readers) {
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
    readers.push_back({op, result});
    return true;
  });
}

static void setRange(ObserveOp op, double low, double high) {
  Builder builder(op.getContext());
  op.setLowAttr(builder.getF32FloatAttr(low));
  op.setHighAttr(builder.getF32FloatAttr(high));
}

/// Where a range from `start` to `end` may begin instead: at the place farthest
/// from `start` whose results are, to a quarter of their steps, those of all
/// places before it.
static double cutStart(MutableArrayRef<Reader> readers, double start,
                       double end) {
  constexpr int places = 4 * activationMax;
  int best = places;
  for (Reader &reader : readers) {
    double tolerance = (reader.high() - reader.low()) / places;
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

void octet::cutSaturated(ObserveOp op) {
  SmallVector<Reader> readers;
  if (op.getOutput().use_empty() || !collectReaders(op.getOutput(), readers))
    return;
  double low = op.getLow()->convertToFloat();
  double high = op.getHigh()->convertToFloat();
  low = cutStart(readers, low, high);
  high = std::max(low, cutStart(readers, high, low));
  setRange(op, low, high);
}
