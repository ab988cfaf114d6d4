//===- ContractionRewriter.cpp ----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Codegen/ContractionRewriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "octet/Codegen/VectorUtils.h"
#include <map>

using namespace mlir;
using namespace octet;

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
  unsigned lane = c.accMap.getDimPosition(c.accMap.getNumResults() - 1);
  auto usesLane = [&](AffineMap map) { return map.isFunctionOfDim(lane); };
  if (usesLane(c.leftMap)) {
    std::swap(c.left, c.right);
    std::swap(c.leftMap, c.rightMap);
  }
  if (usesLane(c.leftMap) || !usesLane(c.rightMap) ||
      c.leftMap.getNumResults() == 0)
    return std::nullopt;
  if (accType.getElementType().isF32()) {
    unsigned last = c.rightMap.getNumResults() - 1;
    if (c.rightMap.getDimPosition(last) != lane)
      return std::nullopt;
    return c;
  }
  auto left = c.left.getDefiningOp<arith::ExtUIOp>();
  auto right = c.right.getDefiningOp<arith::ExtSIOp>();
  if (!left || !right || !accType.getElementType().isInteger(32))
    return std::nullopt;
  c.left = left.getIn();
  c.right = right.getIn();
  c.pack = 4;
  auto leftType = dyn_cast<VectorType>(c.left.getType());
  unsigned rightRank = c.rightMap.getNumResults();
  unsigned packed = c.leftMap.getDimPosition(c.leftMap.getNumResults() - 1);
  if (!leftType || leftType.getShape().back() != 4 ||
      !leftType.getElementType().isInteger(8) || rightRank < 2 ||
      c.rightMap.getDimPosition(rightRank - 1) != packed ||
      c.rightMap.getDimPosition(rightRank - 2) != lane)
    return std::nullopt;
  return c;
}

void octet::rewriteLaneContraction(PatternRewriter &rewriter,
                                   const LaneContraction &c,
                                   BroadcastEmitter broadcast, DotEmitter dot) {
  vector::ContractionOp op = c.op;
  auto loc = op.getLoc();
  auto accType = cast<VectorType>(op.getAccType());
  unsigned numDims = c.accMap.getNumDims();
  SmallVector<int64_t> bounds(numDims, 1);
  for (auto [map, value] :
       {std::pair(c.leftMap, c.left), std::pair(c.rightMap, c.right)})
    for (auto [i, size] :
         llvm::enumerate(cast<VectorType>(value.getType()).getShape()))
      bounds[map.getDimPosition(i)] = size;
  unsigned lane = c.accMap.getDimPosition(c.accMap.getNumResults() - 1);
  std::optional<unsigned> packed;
  if (c.pack > 1)
    packed = c.leftMap.getDimPosition(c.leftMap.getNumResults() - 1);

  // Reductions outermost: the dots between two uses of an accumulator hide its
  // latency.
  SmallVector<unsigned> dims;
  for (bool reduction : {true, false})
    for (unsigned i = 0; i < numDims; ++i)
      if (vector::isReductionIterator(op.getIteratorTypes()[i]) == reduction &&
          i != lane && i != packed)
        dims.push_back(i);
  auto shape = llvm::map_to_vector(dims, [&](unsigned i) { return bounds[i]; });

  using Position = std::vector<int64_t>;
  auto at = [](AffineMap map, ArrayRef<int64_t> full, unsigned dropped) {
    Position position;
    for (unsigned i = 0; i + dropped < map.getNumResults(); ++i)
      position.push_back(full[map.getDimPosition(i)]);
    return position;
  };
  std::map<Position, Value> accumulators, lefts, rights;
  for (auto &position : positionsOf(shape)) {
    SmallVector<int64_t> full(numDims, 0);
    for (auto [dim, index] : llvm::zip(dims, position))
      full[dim] = index;
    Position accAt = at(c.accMap, full, 1);
    Value &accumulator = accumulators[accAt];
    if (!accumulator)
      accumulator =
          vector::ExtractOp::create(rewriter, loc, op.getAcc(), accAt);
    Position leftAt = at(c.leftMap, full, packed ? 1 : 0);
    Value &left = lefts[leftAt];
    if (!left)
      left =
          broadcast(rewriter, loc,
                    vector::ExtractOp::create(rewriter, loc, c.left, leftAt));
    Position rightAt = at(c.rightMap, full, packed ? 2 : 1);
    Value &right = rights[rightAt];
    if (!right) {
      right = vector::ExtractOp::create(rewriter, loc, c.right, rightAt);
      if (packed)
        right = vector::ShapeCastOp::create(
            rewriter, loc,
            VectorType::get({c.lanes * c.pack}, rewriter.getI8Type()), right);
    }
    accumulator = dot(rewriter, loc, accumulator, left, right);
  }
  SmallVector<Value> parts;
  for (auto &position : positionsOf(accType.getShape().drop_back(1)))
    parts.push_back(accumulators[Position(position.begin(), position.end())]);
  rewriter.replaceOp(op, assembleVector(rewriter, loc, accType, parts));
}
