//===- DepthwiseRewriter.cpp ------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Depthwise sums of products become dot products.
//
// The loops over a window's rows and columns are unrolled. Four rows of one
// column are interleaved byte by byte, so that each 32-bit lane, an output
// channel, holds four of its inputs; the filter's rows likewise. Neighbouring
// outputs share interleaved columns, which common subexpression elimination
// finds; interleaved filters leave the loops over positions.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "octet/Codegen/ContractionRewriter.h"
#include "octet/Codegen/VectorUtils.h"

using namespace mlir;
using namespace octet;

namespace {

/// Bytes that an operand of the product is made of: a read, widened and
/// perhaps broadcast to more leading dimensions.
struct Operand {
  Value read;
  bool isUnsigned = false;
};

std::optional<Operand> matchOperand(Value value) {
  Operand operand;
  bool extended = false;
  while (Operation *op = value.getDefiningOp()) {
    if (isa<arith::ExtUIOp, arith::ExtSIOp>(op)) {
      operand.isUnsigned = isa<arith::ExtUIOp>(op);
      extended = true;
    } else if (!isa<vector::BroadcastOp>(op)) {
      break;
    }
    value = op->getOperand(0);
  }
  auto type = dyn_cast<VectorType>(value.getType());
  if (!extended || !type || !type.getElementType().isInteger(8) ||
      !value.getDefiningOp<vector::TransferReadOp>())
    return std::nullopt;
  operand.read = value;
  return operand;
}

/// acc + input · s8(filter) inside loops over the window.
class Depthwise {
public:
  static std::optional<Depthwise> match(arith::AddIOp sum) {
    Depthwise d;
    auto product = sum.getRhs().getDefiningOp<arith::MulIOp>();
    d.type = dyn_cast<VectorType>(sum.getType());
    if (!product || !d.type || d.type.getRank() < 1)
      return std::nullopt;
    auto left = matchOperand(product.getLhs());
    auto right = matchOperand(product.getRhs());
    if (!left || !right || (left->isUnsigned && right->isUnsigned))
      return std::nullopt;
    d.input = right->isUnsigned ? right->read : left->read;
    d.filter = right->isUnsigned ? left->read : right->read;
    d.signedInput = !left->isUnsigned && !right->isUnsigned;
    d.sum = sum;
    d.start = sum.getLhs();
    d.end = sum.getResult();
    while (auto loop = d.windowLoop())
      d.enter(loop);
    return d;
  }

  bool signedInput = false;

  void rewrite(const DotIsa &isa) {
    Operation *outermost = loops.empty() ? sum.getOperation() : loops.front();
    OpBuilder builder(outermost);
    auto loc = sum.getLoc();
    // Rows outermost, columns innermost; a lone loop counts as rows.
    int64_t rows = loops.empty() ? 1 : tripCount(loops.front());
    int64_t columns = loops.size() < 2 ? 1 : tripCount(loops.back());

    auto positions = positionsOf(type.getShape().drop_back());
    SmallVector<Value> sums;
    for (auto &position : positions)
      sums.push_back(vector::ExtractOp::create(builder, loc, start, position));
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t row = 0; row < rows; row += 4) {
        SmallVector<Value> inputs, filters;
        for (int64_t r = row; r < std::min(rows, row + 4); ++r) {
          auto [x, w] = cloneReads(builder, {r, column});
          inputs.push_back(x);
          filters.push_back(w);
        }
        for (auto [i, value] : llvm::enumerate(sums)) {
          ArrayRef<int64_t> position = positions[i];
          auto piece = [&](Value v) -> Value {
            auto rank = cast<VectorType>(v.getType()).getRank() - 1;
            return vector::ExtractOp::create(builder, loc, v,
                                             position.take_back(rank));
          };
          value = isa.accumulateTaps(builder, loc, value,
                                     llvm::map_to_vector(inputs, piece),
                                     llvm::map_to_vector(filters, piece));
        }
      }
    Value result = assembleVector(builder, loc, type, sums);
    end.replaceAllUsesWith(result);
    outermost->erase();
  }

private:
  static int64_t tripCount(scf::ForOp loop) {
    APInt high;
    matchPattern(loop.getUpperBound(), m_ConstantInt(&high));
    return high.getSExtValue();
  }

  /// The loop from 0 in steps of 1 that does nothing but carry the sum.
  scf::ForOp windowLoop() {
    auto argument = dyn_cast<BlockArgument>(start);
    if (!argument || loops.size() == 2)
      return {};
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    APInt low, high, step;
    if (!loop || loop.getNumRegionIterArgs() != 1 ||
        argument != loop.getRegionIterArg(0) ||
        !matchPattern(loop.getLowerBound(), m_ConstantInt(&low)) ||
        !matchPattern(loop.getUpperBound(), m_ConstantInt(&high)) ||
        !matchPattern(loop.getStep(), m_ConstantInt(&step)) || !low.isZero() ||
        !step.isOne() || high.getSExtValue() > 16 ||
        loop.getYieldedValues()[0] != end)
      return {};
    for (Operation &op : *loop.getBody())
      if (!isMemoryEffectFree(&op) && !isa<vector::TransferReadOp>(op) &&
          (loops.empty() || &op != loops.front()))
        return {};
    return loop;
  }

  void enter(scf::ForOp loop) {
    loops.insert(loops.begin(), loop);
    start = loop.getInitArgs()[0];
    end = loop.getResult(0);
  }

  /// The two reads of one tap, in front of the loops.
  std::pair<Value, Value> cloneReads(OpBuilder &builder,
                                     ArrayRef<int64_t> tap) {
    IRMapping mapping;
    for (auto [loop, index] : llvm::zip(loops, tap))
      mapping.map(loop.getInductionVar(),
                  arith::ConstantIndexOp::create(builder, sum.getLoc(), index)
                      .getResult());
    return {clone(builder, input, mapping), clone(builder, filter, mapping)};
  }

  /// `value`, recomputed outside of the loops.
  Value clone(OpBuilder &builder, Value value, IRMapping &mapping) {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    if (!op || loops.empty() || !loops.front()->isProperAncestor(op))
      return value;
    for (Value operand : op->getOperands())
      if (Value copy = clone(builder, operand, mapping); copy != operand)
        mapping.map(operand, copy);
    Value copy = builder.clone(*op, mapping)
                     ->getResult(cast<OpResult>(value).getResultNumber());
    mapping.map(value, copy);
    return copy;
  }

  arith::AddIOp sum;
  VectorType type;
  Value input, filter, start, end;
  /// Outermost first: rows, then columns.
  SmallVector<scf::ForOp> loops;
};

} // namespace

Value octet::interleaveTaps(OpBuilder &builder, Location loc,
                            ArrayRef<Value> taps) {
  auto type = cast<VectorType>(taps[0].getType());
  int64_t lanes = type.getDimSize(0);
  SmallVector<Value> four(taps);
  while (four.size() < 4)
    four.push_back(
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
  Value pairs[2];
  for (int i : {0, 1})
    pairs[i] = vector::BitCastOp::create(
        builder, loc, VectorType::get({lanes}, builder.getI16Type()),
        vector::InterleaveOp::create(builder, loc, four[2 * i],
                                     four[2 * i + 1]));
  return vector::BitCastOp::create(
      builder, loc, VectorType::get({4 * lanes}, builder.getI8Type()),
      vector::InterleaveOp::create(builder, loc, pairs[0], pairs[1]));
}

void octet::rewriteDepthwise(Operation *function, const DotIsa &isa,
                             Pass::Statistic &counter) {
  if (!isa.hasTaps())
    return;
  SmallVector<Depthwise> found;
  function->walk([&](arith::AddIOp op) {
    if (auto depthwise = Depthwise::match(op);
        depthwise && depthwise->signedInput == isa.takesSigned())
      found.push_back(*depthwise);
  });
  for (Depthwise &depthwise : found) {
    depthwise.rewrite(isa);
    ++counter;
  }
}
