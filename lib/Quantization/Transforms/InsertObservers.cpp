//===- InsertObservers.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "octet/Dialect/Octet/IR/LayerInfo.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Quantization/Passes.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_INSERTOBSERVERS
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {
struct InsertObserversPass
    : octet::impl::InsertObserversBase<InsertObserversPass> {
  void runOnOperation() override {
    keys.clear();
    exact.clear();
    readings.clear();
    Block &body = getOperation().getBody().front();
    SmallVector<Value> values(body.getArguments());
    for (Operation &op : body)
      if (isa<OctetDialect>(op.getDialect()))
        values.append(op.result_begin(), op.result_end());
    // From the last: what stays in f32 reads values as they are.
    for (Value value : llvm::reverse(values)) {
      readings[value] = readingOf(value);
      if (needsScale(value) && goesUnrounded(value))
        exact.insert(value);
    }
    for (Value value : values)
      if (needsScale(value))
        observe(value);
  }

private:
  static bool needsScale(Value value) {
    auto type = typeOf(value);
    if (!type.getElementType().isF32() || value.use_empty())
      return false;
    if (isNormalization(value))
      return llvm::any_of(value.getUsers(), [](Operation *user) {
        return isa<OctetDialect>(user->getDialect()) &&
               !isNormalization(user->getResult(0));
      });
    auto scales = value.getDefiningOp<ScaleOpInterface>();
    return scales && scales.getScaleRole() != ScaleRole::Same;
  }

  /// An input that is only moved goes by its own name, not by that of the
  /// node that it is moved for.
  static StringRef nameOf(Value value) {
    Value origin = value;
    while (auto op = origin.getDefiningOp<ScaleOpInterface>()) {
      if (op.getScaleRole() != ScaleRole::Same || op->getNumOperands() != 1)
        break;
      origin = op->getOperand(0);
    }
    auto argument = dyn_cast<BlockArgument>(origin);
    auto function =
        argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                 : func::FuncOp();
    auto name = function ? function.getArgAttrOfType<StringAttr>(
                               argument.getArgNumber(), nameAttr)
                         : StringAttr();
    return name ? name.getValue() : getOnnxValueName(value.getLoc());
  }

  void observe(Value value) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(value);
    // Values that share a name, as halves of a decomposed node do, are kept
    // apart by a number.
    StringRef name = nameOf(value);
    std::string key = name.str();
    for (int i = 1; key.empty() || !keys.insert(key).second; ++i)
      key = (name + "#" + Twine(i)).str();
    if (exact.contains(value))
      return;
    auto observer = ObserveOp::create(builder, value.getLoc(), value, key);
    value.replaceAllUsesExcept(observer.getOutput(), observer);
    ++numObservers;
  }

  /// True for what is f32 whatever is calibrated (octet-choose-rows).
  static bool isFloat(Value value) {
    auto op = value.getDefiningOp<ScaleOpInterface>();
    if (!op)
      return matchPattern(value, m_Constant());
    if (op.getScaleRole() == ScaleRole::Same && op->getNumOperands() > 0)
      return isFloat(op->getOperand(0));
    return op.getScaleRole() == ScaleRole::Float || op->hasAttr(noteAttr) ||
           op->hasAttr(rowsAttr);
  }

  /// How all that reads a value or what moves and joins it takes it.
  enum Reading {
    /// Some of it may be rounded.
    Rounded,
    /// By exact operands and by what computes those.
    AsFloat,
    /// By exact operands.
    Exactly
  };

  /// Readers' results have been looked at before.
  Reading readingOf(Value value) const {
    if (value.use_empty())
      return Rounded;
    Reading least = Exactly, byFloats = isFloat(value) ? AsFloat : Rounded;
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      auto op = dyn_cast<ScaleOpInterface>(user);
      if (!op) {
        least = std::min(least, byFloats);
        continue;
      }
      if (op.getOperandRole(use.getOperandNumber()) == OperandRole::Exact)
        continue;
      Reading through = Rounded;
      if (user->hasAttr(noteAttr) || user->hasAttr(rowsAttr))
        through = AsFloat;
      else if (op.getScaleRole() == ScaleRole::Float)
        through = byFloats;
      else if (op.getScaleRole() == ScaleRole::Same ||
               op.getScaleRole() == ScaleRole::Joined)
        through = readings.lookup(user->getResult(0));
      least = std::min(least, through);
    }
    return least;
  }

  /// True if `value` gets no scale for the sake of what reads it. What computes
  /// an exact operand then stays in f32, and so do moves and f32 values on
  /// their way there; what works in integers before that still does.
  bool goesUnrounded(Value value) const {
    auto op = value.getDefiningOp<ScaleOpInterface>();
    if (!op)
      return false;
    if (readings.lookup(value) == Exactly) {
      op->setAttr(noteAttr,
                  StringAttr::get(op.getContext(),
                                  "errors of its result would add up"));
      return true;
    }
    return (op.getScaleRole() == ScaleRole::Joined || isFloat(value)) &&
           readings.lookup(value) == AsFloat;
  }

  llvm::StringSet<> keys;
  llvm::SmallPtrSet<Value, 16> exact;
  llvm::DenseMap<Value, Reading> readings;
};
} // namespace
