//===- CheckSamples.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_CHECKSAMPLES
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

/// What a value says of samples: nothing (`rows` is 0), or its first dimension
/// is made of `rows` rows of each sample, in the samples' order.
using Rows = int64_t;

class Checker {
public:
  explicit Checker(func::FuncOp function) : function(function) {}

  LogicalResult run() {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (function.getArgAttr(i, "octet.symbolic_batch")) {
        batch = typeOf(function.getArgument(i)).getDimSize(0);
        rows[function.getArgument(i)] = 1;
      }
    if (batch == 0)
      return success();
    for (Operation &op : function.getBody().front()) {
      if (isa<func::ReturnOp>(op))
        return checkResults(op);
      if (op.getNumResults() != 1 || !isa<OctetDialect>(op.getDialect()) ||
          llvm::all_of(op.getOperands(),
                       [&](Value v) { return rowsOf(v) == 0; }))
        continue;
      auto result = transfer(&op);
      if (!result)
        return op.emitOpError()
               << "mixes samples: the model's first dimension is symbolic, and "
                  "this node's result for one sample depends on others; export "
                  "the model with a fixed first dimension";
      rows[op.getResult(0)] = *result;
    }
    return success();
  }

private:
  static RankedTensorType typeOf(Value value) {
    return cast<RankedTensorType>(value.getType());
  }
  Rows rowsOf(Value value) const { return rows.lookup(value); }

  LogicalResult checkResults(Operation &terminator) {
    for (Value value : terminator.getOperands())
      if (rowsOf(value) == 0)
        return emitError(value.getLoc())
               << "output does not depend on the sample, while the model's "
                  "first dimension is symbolic; export the model with a fixed "
                  "first dimension";
    return success();
  }

  /// Rows of `op`'s result, or none if samples meet in it.
  std::optional<Rows> transfer(Operation *op) const {
    Value first = op->getOperand(0);
    Rows own = rowsOf(first);
    auto saysNothing = [&](ArrayRef<Value> values) {
      return llvm::all_of(values,
                          [&](Value v) { return !v || rowsOf(v) == 0; });
    };
    auto keepIf = [&](bool condition) {
      return condition ? std::optional(own) : std::nullopt;
    };
    return llvm::TypeSwitch<Operation *, std::optional<Rows>>(op)
        .Case<AddOp, SubOp, MulOp, DivOp, IntegerAddOp, IntegerMulOp>(
            [&](auto binary) { return broadcast(binary); })
        .Case([&](MatMulOp matmul) { return product(matmul); })
        .Case([&](Conv2DOp conv) {
          return keepIf(saysNothing({conv.getFilter(), conv.getBias()}));
        })
        .Case([&](IntegerConv2DOp conv) {
          return keepIf(saysNothing(
              {conv.getFilter(), conv.getBias(), conv.getMultiplier()}));
        })
        .Case<MaxPool2DOp, AvgPool2DOp, IntegerAvgPool2DOp, ClampOp,
              ActivationOp, LookupOp, CastOp, DequantizeOp, CopyOp>([&](auto) {
          return keepIf(
              saysNothing(llvm::to_vector(op->getOperands().drop_front())));
        })
        .Case([&](ReduceMeanOp mean) {
          return keepIf(!llvm::is_contained(mean.getAxes(), 0));
        })
        .Case([&](SoftmaxOp softmax) { return keepIf(softmax.getAxis() != 0); })
        .Case<TransposeOp, QuantizeOp>(
            [&](auto moved) { return keepIf(moved.getPermutation()[0] == 0); })
        .Case([&](ReshapeOp reshape) -> std::optional<Rows> {
          // Row-major, each sample stays in one piece; rows must not cross it.
          auto shape = typeOf(reshape.getOutput()).getShape();
          if (shape.empty() || shape[0] % batch != 0)
            return std::nullopt;
          return shape[0] / batch;
        })
        .Case([&](SliceOp slice) {
          return keepIf(typeOf(slice.getOutput()).getDimSize(0) ==
                        typeOf(first).getDimSize(0));
        })
        .Case([&](PadOp pad) {
          return keepIf(pad.getLow()[0] == 0 && pad.getHigh()[0] == 0);
        })
        .Case([&](ConcatOp concat) {
          return keepIf(concat.getAxis() != 0 && own != 0 &&
                        llvm::all_of(concat.getInputs(), [&](Value v) {
                          return rowsOf(v) == own;
                        }));
        })
        .Default([](Operation *) { return std::nullopt; });
  }

  /// Operands with rows must keep them in front; others broadcast over them.
  template <typename BinaryOp>
  std::optional<Rows> broadcast(BinaryOp op) const {
    int64_t rank = typeOf(op.getOutput()).getRank();
    Rows result = 0;
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (!type)
        continue;
      Rows own = rowsOf(operand);
      if (own == 0) {
        if (type.getRank() == rank && rank > 0 && type.getDimSize(0) != 1)
          return std::nullopt;
        continue;
      }
      if (type.getRank() != rank || (result != 0 && result != own))
        return std::nullopt;
      result = own;
    }
    return result;
  }

  std::optional<Rows> product(MatMulOp op) const {
    auto left = typeOf(op.getLhs()), right = typeOf(op.getRhs());
    int64_t rank = typeOf(op.getOutput()).getRank();
    Rows leftRows = rowsOf(op.getLhs()), rightRows = rowsOf(op.getRhs());
    if (op.getBias() && rowsOf(op.getBias()) != 0)
      return std::nullopt;
    // Rows of the left side are rows of the result; the right side's first
    // dimension is one only where it counts matrices.
    if (leftRows && left.getRank() != rank)
      return std::nullopt;
    if (rightRows && (right.getRank() != rank || rank < 3))
      return std::nullopt;
    if (leftRows && rightRows)
      return leftRows == rightRows ? std::optional(leftRows) : std::nullopt;
    auto other = leftRows ? right : left;
    if (rank >= 3 && other.getRank() == rank && other.getDimSize(0) != 1)
      return std::nullopt;
    return leftRows ? leftRows : rightRows;
  }

  func::FuncOp function;
  int64_t batch = 0;
  DenseMap<Value, Rows> rows;
};

struct CheckSamplesPass : octet::impl::CheckSamplesBase<CheckSamplesPass> {
  void runOnOperation() override {
    if (failed(Checker(getOperation()).run()))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
