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
    Block &body = getOperation().getBody().front();
    SmallVector<Value> values(body.getArguments());
    for (Operation &op : body)
      if (isa<OctetDialect>(op.getDialect()))
        values.append(op.result_begin(), op.result_end());
    // From the last: what stays in f32 reads values as they are.
    for (Value value : llvm::reverse(values))
      if (needsScale(value) && goesUnrounded(value))
        exact.insert(value);
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

  void observe(Value value) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(value);
    // Values that share a name, as halves of a decomposed node do, are kept
    // apart by a number.
    std::string key = getOnnxValueName(value.getLoc()).str();
    for (int i = 1; key.empty() || !keys.insert(key).second; ++i)
      key = (getOnnxValueName(value.getLoc()) + "#" + Twine(i)).str();
    if (exact.contains(value))
      return;
    auto observer = ObserveOp::create(builder, value.getLoc(), value, key);
    value.replaceAllUsesExcept(observer.getOutput(), observer);
    ++numObservers;
  }

  /// True if all that reads `value` or what moves and joins it takes it
  /// unrounded: exact operands and, with `orFloat`, what computes those.
  static bool isReadUnrounded(Value value, bool orFloat) {
    return !value.use_empty() &&
           llvm::all_of(value.getUses(), [&](OpOperand &use) {
             Operation *user = use.getOwner();
             auto op = dyn_cast<ScaleOpInterface>(user);
             if (!op)
               return false;
             if (op.getOperandRole(use.getOperandNumber()) ==
                 OperandRole::Exact)
               return true;
             if (user->hasAttr(noteAttr))
               return orFloat;
             return (op.getScaleRole() == ScaleRole::Same ||
                     op.getScaleRole() == ScaleRole::Joined) &&
                    isReadUnrounded(user->getResult(0), orFloat);
           });
  }

  /// True if `value` gets no scale for the sake of what reads it. What computes
  /// an exact operand then stays in f32, and so do moves and f32 values on
  /// their way there; what works in integers before that still does.
  static bool goesUnrounded(Value value) {
    auto op = value.getDefiningOp<ScaleOpInterface>();
    if (!op)
      return false;
    if (isReadUnrounded(value, /*orFloat=*/false)) {
      op->setAttr(noteAttr,
                  StringAttr::get(op.getContext(),
                                  "errors of its result would add up"));
      return true;
    }
    return (op.getScaleRole() == ScaleRole::Joined ||
            op.getScaleRole() == ScaleRole::Float) &&
           isReadUnrounded(value, /*orFloat=*/true);
  }

  llvm::StringSet<> keys;
  llvm::SmallPtrSet<Value, 16> exact;
};
} // namespace
