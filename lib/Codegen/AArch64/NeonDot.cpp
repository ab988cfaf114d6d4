//===- NeonDot.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArmIsa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace octet;

namespace {

/// sdot adds, in each of 4 lanes, the products of 4 signed bytes; its second
/// operand may be one word of a register for all lanes, which a splat of a
/// loaded word becomes.
class NeonDot : public DotIsa {
public:
  explicit NeonDot(bool unsignedInput) : unsignedInput(unsignedInput) {}

  bool accepts(const LaneContraction &c) const override {
    return c.pack == 4 && c.signedLeft == takesSigned() && c.lanes % 4 == 0;
  }
  bool takesSigned() const override { return !unsignedInput; }
  int64_t width() const override { return 4; }

  Values splat(OpBuilder &b, Location loc, Value row,
               int64_t group) const override {
    int64_t words = cast<VectorType>(row.getType()).getDimSize(0) / 4;
    row = vector::BitCastOp::create(
        b, loc, VectorType::get({words}, b.getI32Type()), row);
    // A lone word is loaded as a float and then copied to all lanes: left
    // alone, LLVM loads it into all lanes, which takes longer on every CPU.
    if (words == 1) {
      int64_t poison = vector::ShuffleOp::kPoisonIndex;
      row = vector::BitCastOp::create(
          b, loc, VectorType::get({1}, b.getF32Type()), row);
      row = vector::ShuffleOp::create(
          b, loc, row, row, ArrayRef<int64_t>{0, poison, poison, poison});
      row = LLVM::FreezeOp::create(b, loc, row);
      row = vector::BitCastOp::create(
          b, loc, VectorType::get({4}, b.getI32Type()), row);
    }
    Value all = vector::ShuffleOp::create(b, loc, row, row,
                                          SmallVector<int64_t>(4, group));
    return {vector::BitCastOp::create(
        b, loc, VectorType::get({16}, b.getI8Type()), all)};
  }

  Value accumulate(OpBuilder &b, Location loc, Value accumulator,
                   const Values &left, const Values &right) const override {
    return dot(b, loc, accumulator, left[0], right[0]);
  }

  bool hasTaps() const override { return true; }
  Value accumulateTaps(OpBuilder &b, Location loc, Value accumulator,
                       ArrayRef<Value> inputs,
                       ArrayRef<Value> filters) const override {
    Value x = interleaveTaps(b, loc, inputs);
    Value w = interleaveTaps(b, loc, filters);
    return accumulateParts(
        b, loc, accumulator, x, w, width(), 4,
        [&](Value acc, Value x, Value w) { return dot(b, loc, acc, x, w); });
  }

private:
  Value dot(OpBuilder &b, Location loc, Value accumulator, Value bytes,
            Value filter) const {
    if (unsignedInput)
      return callIntrinsic(b, loc, "llvm.aarch64.neon.usdot.v4i32.v16i8",
                           accumulator.getType(), {accumulator, bytes, filter});
    return callIntrinsic(b, loc, "llvm.aarch64.neon.sdot.v4i32.v16i8",
                         accumulator.getType(), {accumulator, filter, bytes});
  }

  bool unsignedInput;
};

} // namespace

std::unique_ptr<DotIsa> octet::createNeonDotIsa(bool unsignedInput) {
  return std::make_unique<NeonDot>(unsignedInput);
}
