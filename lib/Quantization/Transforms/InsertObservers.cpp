//===- InsertObservers.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "octet/Quantization/Passes.h"
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
    Block &body = getOperation().getBody().front();
    SmallVector<Value> values(body.getArguments());
    for (Operation &op : body)
      if (isa<OctetDialect>(op.getDialect()))
        values.append(op.result_begin(), op.result_end());
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
    auto observer = ObserveOp::create(builder, value.getLoc(), value, key);
    value.replaceAllUsesExcept(observer.getOutput(), observer);
    ++numObservers;
  }

  llvm::StringSet<> keys;
};
} // namespace
