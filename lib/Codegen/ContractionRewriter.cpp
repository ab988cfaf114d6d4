//===- ContractionRewriter.cpp ----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Codegen/ContractionRewriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/VectorUtils.h"
#include <map>

using namespace mlir;
using namespace octet;

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

unsigned LaneContraction::laneDim() const {
  return accMap.getDimPosition(accMap.getNumResults() - 1);
}

SmallVector<int64_t> LaneContraction::bounds() const {
  SmallVector<int64_t> result(accMap.getNumDims(), 1);
  for (auto [map, value] : {std::pair(leftMap, left), {rightMap, right}})
    for (auto [i, size] :
         llvm::enumerate(cast<VectorType>(value.getType()).getShape()))
      result[map.getDimPosition(i)] = size;
  return result;
}

std::optional<unsigned> LaneContraction::groupDim() const {
  unsigned packed = pack > 1;
  if (leftMap.getNumResults() <= packed)
    return std::nullopt;
  auto self = op;
  unsigned dim = leftMap.getDimPosition(leftMap.getNumResults() - 1 - packed);
  return vector::isReductionIterator(self.getIteratorTypes()[dim])
             ? std::optional(dim)
             : std::nullopt;
}

std::optional<LaneContraction>
octet::matchLaneContraction(vector::ContractionOp op) {
  auto accType = dyn_cast<VectorType>(op.getAccType());
  if (!accType || op.getKind() != vector::CombiningKind::ADD)
    return std::nullopt;
  LaneContraction c;
  c.op = op;
  c.left = op.getLhs();
  c.right = op.getRhs();
  auto maps = op.getIndexingMapsArray();
  c.leftMap = maps[0];
  c.rightMap = maps[1];
  c.accMap = maps[2];
  c.lanes = accType.getShape().back();
  unsigned lane = c.laneDim();
  auto usesLane = [&](AffineMap map) { return map.isFunctionOfDim(lane); };
  if (usesLane(c.leftMap)) {
    std::swap(c.left, c.right);
    std::swap(c.leftMap, c.rightMap);
  }
  if (usesLane(c.leftMap) || !usesLane(c.rightMap) ||
      c.leftMap.getNumResults() == 0)
    return std::nullopt;
  unsigned rightRank = c.rightMap.getNumResults();
  if (accType.getElementType().isF32()) {
    if (c.rightMap.getDimPosition(rightRank - 1) != lane)
      return std::nullopt;
    return c;
  }
  Operation *left = c.left.getDefiningOp();
  auto right = c.right.getDefiningOp<arith::ExtSIOp>();
  if (!isa_and_nonnull<arith::ExtUIOp, arith::ExtSIOp>(left) || !right ||
      !accType.getElementType().isInteger(32))
    return std::nullopt;
  c.left = left->getOperand(0);
  c.right = right.getIn();
  c.signedLeft = isa<arith::ExtSIOp>(left);
  auto leftType = dyn_cast<VectorType>(c.left.getType());
  unsigned packed = c.leftMap.getDimPosition(c.leftMap.getNumResults() - 1);
  if (!leftType || !leftType.getElementType().isInteger(8) || rightRank < 2 ||
      c.rightMap.getDimPosition(rightRank - 1) != packed ||
      c.rightMap.getDimPosition(rightRank - 2) != lane)
    return std::nullopt;
  c.pack = leftType.getShape().back();
  return c;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Value octet::sliceVector(OpBuilder &builder, Location loc, Value vector,
                         int64_t offset, int64_t size) {
  if (offset == 0 && size == cast<VectorType>(vector.getType()).getDimSize(0))
    return vector;
  return vector::ExtractStridedSliceOp::create(builder, loc, vector,
                                               ArrayRef(offset), ArrayRef(size),
                                               ArrayRef<int64_t>{1});
}

/// `value` at `position`, which drops the last `kept` results of `map`, as a
/// 1-D vector.
static Value extractFlat(OpBuilder &builder, Location loc, Value value,
                         AffineMap map, ArrayRef<int64_t> position,
                         unsigned kept) {
  SmallVector<int64_t> at;
  for (unsigned i = 0; i + kept < map.getNumResults(); ++i)
    at.push_back(position[map.getDimPosition(i)]);
  if (!at.empty())
    value = vector::ExtractOp::create(builder, loc, value, at);
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type)
    return vector::BroadcastOp::create(
        builder, loc, VectorType::get({1}, value.getType()), value);
  auto flat = VectorType::get({type.getNumElements()}, type.getElementType());
  if (flat == type)
    return value;
  return vector::ShapeCastOp::create(builder, loc, flat, value);
}

Value octet::extractRow(OpBuilder &builder, Location loc,
                        const LaneContraction &c, ArrayRef<int64_t> position) {
  return extractFlat(builder, loc, c.left, c.leftMap, position,
                     (c.pack > 1) + c.groupDim().has_value());
}

Value octet::extractBlock(OpBuilder &builder, Location loc,
                          const LaneContraction &c,
                          ArrayRef<int64_t> position) {
  return extractFlat(builder, loc, c.right, c.rightMap, position,
                     1 + (c.pack > 1));
}

Value octet::callIntrinsic(OpBuilder &builder, Location loc, StringRef name,
                           Type result, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, loc, result,
                                       builder.getStringAttr(name), operands)
      .getResult(0);
}

/// The parts of a 1-D vector, in order, as one.
static Value joinVectors(OpBuilder &builder, Location loc,
                         ArrayRef<Value> parts) {
  if (parts.size() == 1)
    return parts[0];
  auto part = cast<VectorType>(parts[0].getType());
  int64_t size = part.getDimSize(0);
  auto type = VectorType::get({size * static_cast<int64_t>(parts.size())},
                              part.getElementType());
  Value whole =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  for (auto [i, value] : llvm::enumerate(parts))
    whole = vector::InsertStridedSliceOp::create(builder, loc, value, whole,
                                                 ArrayRef<int64_t>(i * size),
                                                 ArrayRef<int64_t>{1});
  return whole;
}

Value octet::accumulateParts(
    OpBuilder &builder, Location loc, Value accumulator, Value input,
    Value filter, int64_t width, int64_t pack,
    llvm::function_ref<Value(Value, Value, Value)> dot) {
  int64_t lanes = cast<VectorType>(accumulator.getType()).getDimSize(0);
  width = std::min(width, lanes);
  SmallVector<Value> parts;
  for (int64_t lane = 0; lane < lanes; lane += width) {
    auto bytes = [&](Value v) {
      return sliceVector(builder, loc, v, lane * pack, width * pack);
    };
    parts.push_back(dot(sliceVector(builder, loc, accumulator, lane, width),
                        bytes(input), bytes(filter)));
  }
  return joinVectors(builder, loc, parts);
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

SmallVector<DotIsa::Values>
DotIsa::filterBlock(OpBuilder &builder, Location loc, const LaneContraction &c,
                    ArrayRef<int64_t> position) const {
  int64_t width = std::min(this->width(), c.lanes);
  Value block = extractBlock(builder, loc, c, position);
  SmallVector<Values> result;
  for (int64_t lane = 0; lane < c.lanes; lane += width)
    result.push_back(filter(
        builder, loc,
        sliceVector(builder, loc, block, lane * c.pack, width * c.pack)));
  return result;
}

void octet::rewriteLaneContraction(PatternRewriter &rewriter,
                                   const LaneContraction &c,
                                   const DotIsa &isa) {
  vector::ContractionOp op = c.op;
  auto loc = op.getLoc();
  auto accType = cast<VectorType>(op.getAccType());
  auto bounds = c.bounds();
  auto group = c.groupDim();
  std::optional<unsigned> packed;
  if (c.pack > 1)
    packed = c.leftMap.getDimPosition(c.leftMap.getNumResults() - 1);
  int64_t width = std::min(isa.width(), c.lanes);

  // Reductions outermost: the dots between two uses of an accumulator hide its
  // latency.
  SmallVector<unsigned> dims;
  for (bool reduction : {true, false})
    for (unsigned i = 0; i < bounds.size(); ++i)
      if (vector::isReductionIterator(op.getIteratorTypes()[i]) == reduction &&
          i != c.laneDim() && i != packed)
        dims.push_back(i);
  auto shape = llvm::map_to_vector(dims, [&](unsigned i) { return bounds[i]; });

  using Position = std::vector<int64_t>;
  auto at = [](AffineMap map, ArrayRef<int64_t> full, unsigned dropped) {
    Position position;
    for (unsigned i = 0; i + dropped < map.getNumResults(); ++i)
      position.push_back(full[map.getDimPosition(i)]);
    return position;
  };
  // One step of the reduction, in the order of the filter's registers.
  struct Step {
    DotIsa::Values *parts, *left;
    SmallVector<DotIsa::Values> *right;
  };
  SmallVector<Step> steps;
  size_t inOneStep = accType.getNumElements() / c.lanes;
  auto flush = [&] {
    SmallVector<SmallVector<DotIsa::Values> *> blocks;
    for (const Step &step : steps)
      if (!llvm::is_contained(blocks, step.right))
        blocks.push_back(step.right);
    for (auto *block : blocks)
      for (auto [i, filter] : llvm::enumerate(*block))
        for (const Step &step : steps)
          if (step.right == block) {
            Value &part = (*step.parts)[i];
            part = isa.accumulate(rewriter, loc, part, *step.left, filter);
          }
    steps.clear();
  };
  std::map<Position, Value> rows;
  std::map<Position, DotIsa::Values> lefts, accumulators;
  std::map<Position, SmallVector<DotIsa::Values>> rights;
  for (auto &position : positionsOf(shape)) {
    SmallVector<int64_t> full(bounds.size(), 0);
    for (auto [dim, index] : llvm::zip(dims, position))
      full[dim] = index;
    Position accAt = at(c.accMap, full, 1);
    DotIsa::Values &parts = accumulators[accAt];
    if (parts.empty()) {
      Value whole =
          vector::ExtractOp::create(rewriter, loc, op.getAcc(), accAt);
      for (int64_t lane = 0; lane < c.lanes; lane += width)
        parts.push_back(sliceVector(rewriter, loc, whole, lane, width));
    }
    DotIsa::Values &left = lefts[at(c.leftMap, full, packed ? 1 : 0)];
    if (left.empty())
      left = isa.preparedInput(rewriter, loc, c, full);
    if (left.empty()) {
      Value &row =
          rows[at(c.leftMap, full, packed.has_value() + group.has_value())];
      if (!row)
        row = extractRow(rewriter, loc, c, full);
      left = isa.splat(rewriter, loc, row, group ? full[*group] : 0);
    }
    auto &right = rights[at(c.rightMap, full, packed ? 2 : 1)];
    if (right.empty())
      right = isa.filterBlock(rewriter, loc, c, full);
    if (isa.keepsInputs()) {
      steps.push_back({&parts, &left, &right});
      if (steps.size() == inOneStep)
        flush();
      continue;
    }
    for (auto [part, filter] : llvm::zip(parts, right))
      part = isa.accumulate(rewriter, loc, part, left, filter);
  }
  SmallVector<Value> results;
  for (auto &position : positionsOf(accType.getShape().drop_back(1))) {
    auto &parts = accumulators[Position(position.begin(), position.end())];
    results.push_back(joinVectors(rewriter, loc, parts));
  }
  rewriter.replaceOp(op, assembleVector(rewriter, loc, accType, results));
}

namespace {
struct RewriteContract : OpRewritePattern<vector::ContractionOp> {
  RewriteContract(MLIRContext *context, const DotIsa &isa,
                  Pass::Statistic &counter)
      : OpRewritePattern(context), isa(isa), counter(counter) {}

  LogicalResult matchAndRewrite(vector::ContractionOp op,
                                PatternRewriter &rewriter) const override {
    auto contraction = matchLaneContraction(op);
    if (!contraction || !isa.accepts(*contraction))
      return rewriter.notifyMatchFailure(op, "no contraction of this ISA");
    rewriteLaneContraction(rewriter, *contraction, isa);
    ++counter;
    return success();
  }

  const DotIsa &isa;
  Pass::Statistic &counter;
};
} // namespace

void octet::rewriteContractions(Operation *function, const DotIsa &isa,
                                Pass::Statistic &counter) {
  RewritePatternSet patterns(function->getContext());
  patterns.add<RewriteContract>(function->getContext(), isa, counter);
  walkAndApplyPatterns(function, std::move(patterns));
}
