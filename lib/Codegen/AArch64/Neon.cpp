//===- Neon.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArmIsa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace octet;

namespace {

/// Two signed products, at most 2 · 128 · 127 in magnitude, fit an i16: smull
/// and smlal multiply bytes into i16 lanes, sadalp adds pairs of those to i32.
class Neon : public DotIsa {
public:
  bool accepts(const LaneContraction &c) const override {
    return c.pack == 4 && c.signedLeft && c.lanes % 4 == 0;
  }
  bool takesSigned() const override { return true; }
  int64_t width() const override { return 4; }

  /// Bytes 0 and 1, then 2 and 3, of the group in every lane, as i16.
  Values splat(OpBuilder &b, Location loc, Value row,
               int64_t group) const override {
    Values result;
    for (int64_t first : {0, 2}) {
      SmallVector<int64_t> order;
      for (int64_t i = 0; i < 8; ++i)
        order.push_back(4 * group + first + i % 2);
      result.push_back(widen(b, loc, row, order));
    }
    return result;
  }

  Values filter(OpBuilder &b, Location loc, Value part) const override {
    return {widen(b, loc, part, {0, 1, 4, 5, 8, 9, 12, 13}),
            widen(b, loc, part, {2, 3, 6, 7, 10, 11, 14, 15})};
  }

  Value accumulate(OpBuilder &b, Location loc, Value accumulator,
                   const Values &left, const Values &right) const override {
    Value first = arith::MulIOp::create(b, loc, left[0], right[0]);
    Value second = arith::MulIOp::create(b, loc, left[1], right[1]);
    Value sums = arith::AddIOp::create(b, loc, first, second);
    Value pairs = callIntrinsic(b, loc, "llvm.aarch64.neon.saddlp.v4i32.v8i16",
                                accumulator.getType(), sums);
    return arith::AddIOp::create(b, loc, accumulator, pairs);
  }

private:
  static Value widen(OpBuilder &b, Location loc, Value bytes,
                     ArrayRef<int64_t> order) {
    Value chosen = vector::ShuffleOp::create(b, loc, bytes, bytes, order);
    return arith::ExtSIOp::create(b, loc, VectorType::get({8}, b.getI16Type()),
                                  chosen);
  }
};

} // namespace

std::unique_ptr<DotIsa> octet::createNeonIsa() {
  return std::make_unique<Neon>();
}
