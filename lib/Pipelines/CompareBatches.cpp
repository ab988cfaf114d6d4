//===- CompareBatches.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With the batch known, shapes are constants, and what a model computes of them
// is folded: a sum divided by the number of samples looks like one divided by a
// constant. It shows where the model is imported with another batch.
//
//===----------------------------------------------------------------------===//

#include "CompareBatches.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/OnnxNames.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace octet;

namespace {
class Comparison {
public:
  Comparison(int64_t fewSamples, int64_t severalSamples)
      : few(fewSamples), several(severalSamples) {}

  LogicalResult run(ModuleOp fewModule, ModuleOp severalModule) {
    auto fewOps = operationsOf(fewModule),
         severalOps = operationsOf(severalModule);
    bool takesSameBranches = fewModule->getAttr(modelHashAttr) ==
                             severalModule->getAttr(modelHashAttr);
    if (!takesSameBranches)
      return fewModule.emitError() << explanation("the model");
    for (auto &[name, ops] : severalOps) {
      auto &others = fewOps[name];
      bool areSame = ops.size() == others.size();
      for (size_t i = 0; areSame && i < ops.size(); ++i)
        areSame = isSame(others[i], ops[i]);
      if (!areSame)
        return emitError(ops.front()->getLoc()) << explanation("this node");
      fewOps.erase(name);
    }
    for (auto &[name, ops] : fewOps)
      if (!ops.empty())
        return emitError(ops.front()->getLoc()) << explanation("this node");
    return success();
  }

private:
  static std::string explanation(StringRef what) {
    return ("computes with the number of samples: the model's first dimension "
            "is symbolic, and what " +
            what + " does depends on its size; fix it by --shape or --dim")
        .str();
  }

  using Operations = llvm::MapVector<StringRef, SmallVector<Operation *>>;

  /// By ONNX value, what is computed at run time. Moves of all elements are
  /// left out: a batch of one is a dimension that they need not move.
  static Operations operationsOf(ModuleOp module) {
    Operations result;
    auto main = module.lookupSymbol<func::FuncOp>("main");
    for (Operation &op : main.getBody().front().without_terminator())
      if (!isa<arith::ConstantOp>(op) &&
          !(op.getNumOperands() == 1 && movesAllElements(&op)))
        result[getOnnxValueName(op.getLoc())].push_back(&op);
    return result;
  }

  /// `size` of an import with few samples, if it is that of the batch, as it is
  /// with several.
  bool mayBecome(int64_t size, int64_t other) const {
    return size == other || size * several == other * few;
  }

  bool isSame(Operation *a, Operation *b) const {
    if (a->getName() != b->getName() ||
        a->getNumOperands() != b->getNumOperands())
      return false;
    auto attributes = [](Operation *op) {
      NamedAttrList list(op->getAttrDictionary());
      // A slice takes all samples; its result's size is looked at below.
      if (auto slice = dyn_cast<SliceOp>(op))
        list.erase(slice.getSizesAttrName());
      return list.getDictionary(op->getContext());
    };
    if (attributes(a) != attributes(b))
      return false;
    for (auto [x, y] : llvm::zip(a->getOperands(), b->getOperands()))
      if (!isSameOperand(x, y))
        return false;
    return llvm::all_of(llvm::zip(a->getResults(), b->getResults()),
                        [&](auto results) {
                          auto [x, y] = results;
                          return mayBecome(typeOf(x).getNumElements(),
                                           typeOf(y).getNumElements());
                        });
  }

  bool isSameOperand(Value a, Value b) const {
    Attribute x, y;
    bool isConstant = matchPattern(a, m_Constant(&x));
    if (isConstant != matchPattern(b, m_Constant(&y)))
      return false;
    if (!isConstant || x == y)
      return true;
    ConstantView left = x, right = y;
    if (!left || !right || left.getElementType() != right.getElementType())
      return false;
    // The same values for each sample.
    auto from = left.getType().getShape(), to = right.getType().getShape();
    if (from.size() != to.size() || left.getType() == right.getType())
      return false;
    for (auto [size, other] : llvm::zip(from, to))
      if (!mayBecome(size, other) || size == 0)
        return false;
    Shape position(to.size(), 0);
    for (const APInt &bits : right.getValues<APInt>()) {
      int64_t at = 0;
      for (auto [i, size] : llvm::zip(position, from))
        at = at * size + i % size;
      if (left.getValue<APInt>(at) != bits)
        return false;
      advance(position, to);
    }
    return true;
  }

  int64_t few, several;
};
} // namespace

LogicalResult octet::compareBatches(ModuleOp few, int64_t fewSamples,
                                    ModuleOp several, int64_t severalSamples) {
  return Comparison(fewSamples, severalSamples).run(few, several);
}
