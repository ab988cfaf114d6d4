//===- Vnni.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86Isa.h"

using namespace mlir;
using namespace octet;

namespace {

/// vpdpbusd multiplies unsigned bytes of one operand with signed bytes of the
/// other and adds groups of four to each i32 lane, without saturation.
class Vnni : public DotIsa {
public:
  explicit Vnni(int64_t bits) : bits(bits) {}

  bool accepts(const LaneContraction &c) const override {
    return c.pack == 4 && !c.signedLeft && c.lanes % width() == 0;
  }
  int64_t width() const override { return bits / 32; }

  Values splat(OpBuilder &b, Location loc, Value row,
               int64_t group) const override {
    return {splatWord(b, loc, row, group, bits / 8)};
  }

  Value accumulate(OpBuilder &b, Location loc, Value accumulator,
                   const Values &left, const Values &right) const override {
    return dot(b, loc, accumulator, left[0], right[0]);
  }

  bool hasTaps() const override { return true; }
  Value accumulateTaps(OpBuilder &b, Location loc, Value accumulator,
                       ArrayRef<Value> inputs,
                       ArrayRef<Value> filters) const override {
    return accumulateParts(
        b, loc, accumulator, interleaveTaps(b, loc, inputs),
        interleaveTaps(b, loc, filters), width(), 4,
        [&](Value acc, Value x, Value w) { return dot(b, loc, acc, x, w); });
  }

private:
  Value dot(OpBuilder &b, Location loc, Value accumulator, Value bytes,
            Value filter) const {
    return callIntrinsic(b, loc,
                         ("llvm.x86.avx512.vpdpbusd." + Twine(bits)).str(),
                         accumulator.getType(), {accumulator, bytes, filter});
  }

  int64_t bits;
};

} // namespace

std::unique_ptr<DotIsa> octet::createVnniIsa(int64_t bits) {
  return std::make_unique<Vnni>(bits);
}
