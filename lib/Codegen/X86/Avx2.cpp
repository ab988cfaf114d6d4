//===- Avx2.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Avx2Inputs.h"
#include "X86Isa.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace octet;

namespace {

SmallVector<LaneContraction>
findContractions(Operation *function,
                 llvm::function_ref<bool(const LaneContraction &)> accepts) {
  SmallVector<LaneContraction> found;
  function->walk([&](vector::ContractionOp op) {
    if (auto c = matchLaneContraction(op); c && accepts(*c))
      found.push_back(*c);
  });
  return found;
}

/// vpmaddwd multiplies i16 and adds pairs into i32 lanes, exactly. (The byte
/// form, vpmaddubsw, saturates.) The 4 bytes of a lane make two pairs: its even
/// and its odd bytes, which are widened in place, or, where inputs lie widened,
/// neighbours.
class Avx2 : public DotIsa {
public:
  explicit Avx2(Operation *function)
      : contractions(findContractions(
            function, [&](const LaneContraction &c) { return accepts(c); })),
        inputs(contractions) {
    for (const LaneContraction &c : contractions)
      widenFilter(c);
  }

  bool accepts(const LaneContraction &c) const override {
    return c.pack == 4 && !c.signedLeft && c.lanes % width() == 0;
  }
  int64_t width() const override { return 8; }
  bool keepsInputs() const override { return true; }

  Values splat(OpBuilder &b, Location loc, Value row,
               int64_t group) const override {
    Value words = toWords(b, loc, splatWord(b, loc, row, group, 32));
    return {arith::AndIOp::create(b, loc, words, constant(b, loc, 255)),
            arith::ShRUIOp::create(b, loc, words, constant(b, loc, 8))};
  }

  Values preparedInput(OpBuilder &b, Location loc, const LaneContraction &c,
                       ArrayRef<int64_t> position) const override {
    Values result;
    if (inputs.contains(c))
      for (Value pair : inputs.load(b, loc, c, position)) {
        Value all = vector::BroadcastOp::create(
            b, loc, VectorType::get(width(), b.getI32Type()), pair);
        result.push_back(toWords(b, loc, all));
      }
    return result;
  }

  SmallVector<Values> filterBlock(OpBuilder &b, Location loc,
                                  const LaneContraction &c,
                                  ArrayRef<int64_t> position) const override {
    auto known = widened.find(c.op);
    if (known == widened.end())
      return widenBlock(b, loc, c, extractBlock(b, loc, c, position));
    // [tile's block, window and channels as the read has them, part, word].
    const Widened &w = known->second;
    SmallVector<Value> at(w.indices);
    at.front() = arith::ConstantIndexOp::create(
        b, loc, position[c.rightMap.getDimPosition(0)]);
    SmallVector<Values> result;
    for (int64_t lane = 0, part = 0; lane < c.lanes; lane += width()) {
      Values &words = result.emplace_back();
      for (int parity : {0, 1}) {
        (void)parity;
        SmallVector<Value> full(at);
        full.push_back(arith::ConstantIndexOp::create(b, loc, part++));
        full.push_back(arith::ConstantIndexOp::create(b, loc, 0));
        words.push_back(
            vector::LoadOp::create(b, loc, wordType(b), w.buffer, full));
      }
    }
    return result;
  }

  Value accumulate(OpBuilder &b, Location loc, Value accumulator,
                   const Values &left, const Values &right) const override {
    for (auto [x, w] : llvm::zip(left, right))
      accumulator = addPairs(b, loc, accumulator, x, w);
    return accumulator;
  }

  bool hasTaps() const override { return true; }
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
  /// A block of the filter, for each 8 lanes its pairs.
  SmallVector<Values> widenBlock(OpBuilder &b, Location loc,
                                 const LaneContraction &c, Value block) const {
    bool neighbours = inputs.contains(c);
    Value eight = constant(b, loc, 8);
    SmallVector<Values> result;
    for (int64_t lane = 0; lane < c.lanes; lane += width()) {
      Value bytes = sliceVector(b, loc, block, lane * 4, width() * 4);
      Value high[2];
      if (neighbours) {
        for (int half : {0, 1})
          high[half] = toWords(b, loc, spread(b, loc, bytes, 2 * half));
      } else {
        high[1] = toWords(b, loc, bytes);
        high[0] = arith::ShLIOp::create(b, loc, high[1], eight);
      }
      Values &words = result.emplace_back();
      for (Value value : high)
        words.push_back(arith::ShRSIOp::create(b, loc, value, eight));
    }
    return result;
  }

  /// Bytes `first` and `first` + 1 of each 4, in the high halves of two words.
  static Value spread(OpBuilder &b, Location loc, Value bytes, int64_t first) {
    auto type = cast<VectorType>(bytes.getType());
    int64_t size = type.getDimSize(0);
    SmallVector<int64_t> order;
    for (int64_t group = 0; group < size; group += 4)
      order.append({size, group + first, size, group + first + 1});
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    return vector::ShuffleOp::create(b, loc, bytes, zero, order);
  }

  static Value addPairs(OpBuilder &b, Location loc, Value accumulator, Value x,
                        Value w) {
    Value pairs = callIntrinsic(b, loc, "llvm.x86.avx2.pmadd.wd",
                                accumulator.getType(), {x, w});
    return arith::AddIOp::create(b, loc, accumulator, pairs);
  }

  /// Where a contraction's filter lies widened, [blocks, KH, KW, I / 4, parts,
  /// 16]: the first and the second pairs of each 8 lanes in turn.
  struct Widened {
    Value buffer;
    /// Of the read, without lanes.
    SmallVector<Value> indices;
  };

  /// Fewer positions than this do not pay for a pass over the filter.
  static constexpr int64_t fewestPositions = 16;

  void widenFilter(LaneContraction c) {
    auto read = c.right.getDefiningOp<vector::TransferReadOp>();
    auto memory =
        read ? dyn_cast<MemRefType>(read.getBase().getType()) : MemRefType();
    auto type = cast<VectorType>(c.right.getType());
    // The read is [blocks, 1, lanes, 4] at one window position and one group of
    // channels.
    auto *context = read ? read.getContext() : nullptr;
    auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
    if (!memory || memory.getRank() != 6 || read.getMask() ||
        !isa<BlockArgument>(read.getBase()) || type.getRank() != 4 ||
        type.getDimSize(1) != 1 ||
        read.getPermutationMap() !=
            AffineMap::get(6, 0, {dim(0), dim(3), dim(4), dim(5)}, context))
      return;
    auto shape = memory.getShape();
    int64_t blocks = type.getDimSize(0);
    // What runs below where the first index is known runs for one tile of
    // blocks.
    Value first = read.getIndices()[0];
    Block *home = first.getParentBlock();
    Operation *scope = nullptr;
    int64_t positions = 1;
    for (Operation *op = c.op->getParentOp(); isa<scf::ForOp>(op);
         op = op->getParentOp()) {
      auto loop = cast<scf::ForOp>(op);
      if (loop.getBody() == home)
        break;
      scope = op;
      // Loops over the reduction carry accumulators.
      if (llvm::none_of(ValueRange(loop.getRegionIterArgs()).getTypes(),
                        llvm::IsaPred<VectorType>))
        if (auto count = loop.getStaticTripCount())
          positions *= count->getSExtValue();
    }
    auto accType = cast<VectorType>(c.op.getAccType());
    positions *= accType.getNumElements() / c.lanes / blocks;
    if (positions < fewestPositions || (!scope && !isa<BlockArgument>(first)))
      return;

    OpBuilder b(c.op.getContext());
    if (isa<BlockArgument>(first))
      b.setInsertionPointToStart(home);
    else
      b.setInsertionPoint(scope);
    auto loc = c.op.getLoc();
    auto bufferType = MemRefType::get(
        {blocks, shape[1], shape[2], shape[3], 2 * c.lanes / width(), 16},
        b.getI16Type());
    auto function = c.op->getParentOfType<func::FuncOp>();
    Value buffer;
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(&function.getBody().front());
      buffer =
          memref::AllocOp::create(b, loc, bufferType, b.getI64IntegerAttr(64));
    }
    auto index = [&](int64_t i) -> Value {
      return arith::ConstantIndexOp::create(b, loc, i);
    };
    SmallVector<Value> low(4, index(0)), step(4, index(1)), high;
    for (int64_t i = 0; i < 4; ++i)
      high.push_back(index(bufferType.getDimSize(i)));
    scf::buildLoopNest(
        b, loc, low, high, step,
        [&](OpBuilder &b, Location loc, ValueRange at) {
          SmallVector<Value> from(at);
          from[0] = arith::AddIOp::create(b, loc, at[0], first);
          auto zero = arith::ConstantIndexOp::create(b, loc, 0).getResult();
          from.append({zero, zero});
          auto bytes = VectorType::get({c.lanes, 4}, b.getI8Type());
          Value pad = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
          Value block = vector::TransferReadOp::create(
              b, loc, bytes, read.getBase(), from, pad,
              ArrayRef<bool>{true, true});
          block = vector::ShapeCastOp::create(
              b, loc, VectorType::get({c.lanes * 4}, b.getI8Type()), block);
          int64_t part = 0;
          for (const Values &pairs : widenBlock(b, loc, c, block))
            for (Value words : pairs) {
              SmallVector<Value> to(at);
              to.push_back(arith::ConstantIndexOp::create(b, loc, part++));
              to.push_back(zero);
              vector::StoreOp::create(b, loc, words, buffer, to);
            }
        });
    SmallVector<Value> indices(read.getIndices());
    indices.truncate(4);
    widened[c.op] = {buffer, indices};
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

  SmallVector<LaneContraction> contractions;
  WidenedInputs inputs;
  DenseMap<Operation *, Widened> widened;
};

} // namespace

std::unique_ptr<DotIsa> octet::createAvx2Isa(Operation *function) {
  return std::make_unique<Avx2>(function);
}
