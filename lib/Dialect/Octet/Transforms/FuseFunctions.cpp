//===- FuseFunctions.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FUSEFUNCTIONS
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

/// The largest body: more is no activation that anybody wrote.
constexpr size_t mostOperations = 64;

/// The number that `value` is everywhere, if it is a constant of one element.
std::optional<APFloat> matchNumber(Value value) {
  ConstantView elements = matchFloats(value);
  if (!elements || elements.getNumElements() != 1)
    return std::nullopt;
  return elements.getValue<APFloat>(0);
}

/// True for functions of elements at one position and of numbers.
bool isFunction(Operation *op) {
  auto element = dyn_cast_or_null<ElementOpInterface>(op);
  if (!element || !element.hasElementForm() || op->getNumResults() != 1)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && type.getElementType().isF32() &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return operand.getType() == type || matchNumber(operand);
         });
}

/// Operations that compute a function of one value, the last one in front.
struct Function {
  SmallVector<Operation *> ops;
  Value input;
};

struct FuseFunctionsPass : octet::impl::FuseFunctionsBase<FuseFunctionsPass> {
  void runOnOperation() override {
    SmallVector<Operation *> last;
    for (Operation &op : llvm::reverse(getOperation().getBody().front()))
      last.push_back(&op);
    SmallPtrSet<Operation *, 16> taken;
    for (Operation *op : last) {
      if (taken.contains(op) || !isFunction(op))
        continue;
      Function function = find(op);
      // What prepares an input for its first layer becomes part of its scale.
      if (function.ops.size() < 2 || isNormalization(op->getResult(0)))
        continue;
      taken.insert(function.ops.begin(), function.ops.end());
      fuse(function);
    }
  }

private:
  /// Takes in one operand's producer after the other, the last one first, as
  /// long as nothing else uses them; the most operations between which and one
  /// value nothing else comes in.
  static Function find(Operation *root) {
    SmallVector<Operation *> ops{root};
    Function best;
    while (true) {
      SetVector<Value> inputs;
      for (Operation *op : ops)
        for (Value operand : op->getOperands())
          if (!matchNumber(operand) &&
              !llvm::is_contained(ops, operand.getDefiningOp()))
            inputs.insert(operand);
      if (inputs.size() == 1 && !matchPattern(inputs[0], m_Constant()))
        best = {ops, inputs[0]};
      Operation *next = nullptr;
      for (Value input : inputs) {
        Operation *producer = input.getDefiningOp();
        if (!isFunction(producer) ||
            !llvm::all_of(producer->getUsers(), [&](Operation *user) {
              return llvm::is_contained(ops, user);
            }))
          continue;
        if (!next || next->isBeforeInBlock(producer))
          next = producer;
      }
      if (!next || ops.size() == mostOperations)
        return best;
      ops.push_back(next);
    }
  }

  void fuse(const Function &function) {
    Operation *root = function.ops.front();
    IRRewriter rewriter(root);
    SmallVector<Location> locations;
    for (Operation *op : llvm::reverse(function.ops))
      locations.push_back(op->getLoc());
    auto map = MapOp::create(rewriter, rewriter.getFusedLoc(locations),
                             root->getResult(0).getType(), function.input);
    Block &block = map.getBody().emplaceBlock();
    DenseMap<Value, Value> scalars;
    scalars[function.input] =
        block.addArgument(rewriter.getF32Type(), map.getLoc());
    rewriter.setInsertionPointToStart(&block);
    for (Operation *op : llvm::reverse(function.ops)) {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands()) {
        Value &scalar = scalars[operand];
        if (!scalar)
          scalar = arith::ConstantOp::create(
              rewriter, op->getLoc(),
              rewriter.getFloatAttr(rewriter.getF32Type(),
                                    *matchNumber(operand)));
        operands.push_back(scalar);
      }
      scalars[op->getResult(0)] =
          cast<ElementOpInterface>(op).lowerElement(rewriter, operands);
    }
    YieldOp::create(rewriter, root->getLoc(), scalars[root->getResult(0)]);
    rewriter.replaceAllUsesWith(root->getResult(0), map.getOutput());
    for (Operation *op : function.ops)
      rewriter.eraseOp(op);
    ++numFused;
  }
};

} // namespace
