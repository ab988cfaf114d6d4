//===- Avx2.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86Isa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace octet;

namespace {

/// vpmaddwd multiplies i16 and adds pairs into i32 lanes, exactly. Bytes are
/// widened in place: the even ones and the odd ones of each 16-bit word. (The
/// byte form, vpmaddubsw, saturates.)
class Avx2 : public DotIsa {
public:
  bool accepts(const LaneContraction &c) const override {
    return c.pack == 4 && !c.signedLeft && c.lanes % width() == 0;
  }
  int64_t width() const override { return 8; }

  Values splat(OpBuilder &b, Location loc, Value row, int64_t group,
               bool) const override {
    Value words = toWords(b, loc, splatWord(b, loc, row, group, 32));
    return {arith::AndIOp::create(b, loc, words, constant(b, loc, 255)),
            arith::ShRUIOp::create(b, loc, words, constant(b, loc, 8))};
  }

  Values filter(OpBuilder &b, Location loc, Value part) const override {
    Value words = toWords(b, loc, part), eight = constant(b, loc, 8);
    Value even = arith::ShLIOp::create(b, loc, words, eight);
    return {arith::ShRSIOp::create(b, loc, even, eight),
            arith::ShRSIOp::create(b, loc, words, eight)};
  }

  Value accumulate(OpBuilder &b, Location loc, Value accumulator,
                   const Values &left, const Values &right) const override {
    for (auto [x, w] : llvm::zip(left, right))
      accumulator = addPairs(b, loc, accumulator, x, w);
    return accumulator;
  }

  /// Two taps at a time, interleaved and then widened.
  Value accumulateTaps(OpBuilder &b, Location loc, Value accumulator,
                       ArrayRef<Value> inputs,
                       ArrayRef<Value> filters) const override {
    for (size_t tap = 0; tap < inputs.size(); tap += 2) {
      auto pair = [&](ArrayRef<Value> taps) -> Value {
        Value second = tap + 1 < taps.size()
                           ? taps[tap + 1]
                           : arith::ConstantOp::create(
                                 b, loc, b.getZeroAttr(taps[tap].getType()));
        return vector::InterleaveOp::create(b, loc, taps[tap], second);
      };
      accumulator = accumulateParts(
          b, loc, accumulator, pair(inputs), pair(filters), width(), 2,
          [&](Value acc, Value x, Value w) {
            return addPairs(b, loc, acc,
                            arith::ExtUIOp::create(b, loc, wordType(b), x),
                            arith::ExtSIOp::create(b, loc, wordType(b), w));
          });
    }
    return accumulator;
  }

private:
  static Value addPairs(OpBuilder &b, Location loc, Value accumulator, Value x,
                        Value w) {
    Value pairs = callIntrinsic(b, loc, "llvm.x86.avx2.pmadd.wd",
                                accumulator.getType(), {x, w});
    return arith::AddIOp::create(b, loc, accumulator, pairs);
  }

  static VectorType wordType(OpBuilder &b) {
    return VectorType::get({16}, b.getI16Type());
  }
  static Value toWords(OpBuilder &b, Location loc, Value bytes) {
    return vector::BitCastOp::create(b, loc, wordType(b), bytes);
  }
  static Value constant(OpBuilder &b, Location loc, int64_t value) {
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(wordType(b), b.getI16IntegerAttr(value)));
  }
};

} // namespace

std::unique_ptr<DotIsa> octet::createAvx2Isa() {
  return std::make_unique<Avx2>();
}
