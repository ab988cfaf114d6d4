//===- OctetToLinalg.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "octet/Conversion/Passes.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_OCTETTOLINALG
#include "octet/Conversion/Passes.h.inc"
} // namespace octet

/// The tensor to compute `result` into: the slice that it is inserted into, or
/// an empty tensor.
static Value getDestination(OpBuilder &builder, Value result) {
  auto loc = result.getLoc();
  auto type = lowering::signlessType(typeOf(result));
  if (result.hasOneUse())
    if (auto cast = dyn_cast<tensor::BitcastOp>(*result.user_begin()))
      result = cast.getResult();
  if (result.hasOneUse())
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(*result.user_begin());
        insert && insert.getSource() == result)
      return tensor::ExtractSliceOp::create(
          builder, loc, type, insert.getDest(), insert.getMixedOffsets(),
          insert.getMixedSizes(), insert.getMixedStrides());
  return tensor::EmptyOp::create(builder, loc, type.getShape(),
                                 type.getElementType());
}

namespace {
struct OctetToLinalgPass : octet::impl::OctetToLinalgBase<OctetToLinalgPass> {
  void runOnOperation() override {
    SmallVector<LoweringOpInterface> ops;
    getOperation().walk([&](LoweringOpInterface op) { ops.push_back(op); });
    for (LoweringOpInterface op : ops)
      if (failed(lower(op)))
        return signalPassFailure();
  }

private:
  static LogicalResult lower(LoweringOpInterface op) {
    OpBuilder builder(op);
    SmallVector<Value> inputs, outputs;
    for (Value operand : op->getOperands())
      inputs.push_back(isa<RankedTensorType>(operand.getType())
                           ? lowering::toSignless(builder, op.getLoc(), operand)
                           : operand);
    for (Value result : op->getResults())
      outputs.push_back(getDestination(builder, result));
    auto values = op.lower(builder, inputs, outputs);
    if (failed(values))
      return op->emitOpError("has no lowering to linalg for these types");
    for (auto [result, value] : llvm::zip(op->getResults(), *values)) {
      if (value.getType() != result.getType())
        value = tensor::BitcastOp::create(builder, op.getLoc(),
                                          result.getType(), value);
      result.replaceAllUsesWith(value);
    }
    op->erase();
    return success();
  }
};
} // namespace
