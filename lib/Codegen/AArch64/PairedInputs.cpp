//===- PairedInputs.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PairedInputs.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "octet/Codegen/VectorUtils.h"

using namespace mlir;
using namespace octet;

/// Pairing two groups costs about as much as four of the instructions it saves.
static constexpr int64_t fewestUses = 4;

AccumulatorGrid::AccumulatorGrid(const LaneContraction &c) {
  auto self = c.op;
  auto shape = cast<VectorType>(self.getAccType()).getShape();
  SmallVector<int64_t> rowSizes(shape.drop_back()),
      blockSizes(rowSizes.size(), 1);
  for (size_t i = 0; i < rowSizes.size(); ++i)
    if (c.rightMap.isFunctionOfDim(c.accMap.getDimPosition(i)))
      std::swap(rowSizes[i], blockSizes[i]);
  rows = positionsOf(rowSizes);
  blocks = positionsOf(blockSizes);
}

/// The distance in the view between the rows of every pair, if it is the same
/// for all and ahead.
static std::optional<std::pair<int64_t, int64_t>>
distance(const LaneContraction &c, const InputSource &source) {
  AccumulatorGrid grid(c);
  std::optional<std::pair<int64_t, int64_t>> common;
  for (unsigned pair = 0; pair < grid.rows.size() / 2; ++pair) {
    auto [first, second] = grid.rowsOf(pair);
    int64_t apart[2] = {0, 0};
    for (unsigned i = 0; i < grid.rows[first].size(); ++i)
      for (unsigned dim : {0, 1})
        if (c.leftMap.getDimPosition(dim) == c.accMap.getDimPosition(i))
          apart[dim] = source.strides[dim] *
                       (grid.rows[second][i] - grid.rows[first][i]);
    std::pair<int64_t, int64_t> here(apart[0], apart[1]);
    if (apart[0] < 0 || apart[1] < 0 || (common && *common != here))
      return std::nullopt;
    common = here;
  }
  return common;
}

Value PairedInputs::pair(const InputSource &source, int64_t down,
                         int64_t right) {
  auto shape = source.type().getShape();
  int64_t height = shape[0], width = shape[1], groups = shape[2];
  // Two groups at a time where they are even.
  int64_t chunk = groups % 2 == 0 ? 16 : 8;
  SmallVector<int64_t> order;
  for (int64_t group = 0; group < chunk; group += 8)
    for (int64_t row : {int64_t(0), chunk})
      for (int64_t i = 0; i < 8; ++i)
        order.push_back(row + group + i);

  OpBuilder builder(source.view.getContext());
  builder.setInsertionPointAfterValue(source.view);
  auto loc = source.view.getLoc();
  auto i8 = builder.getI8Type();
  Value buffer = memref::AllocOp::create(
      builder, loc, MemRefType::get({height, width, groups * 16}, i8),
      builder.getI64IntegerAttr(64));
  Value rows = source.rows(builder);
  auto index = [&](int64_t i) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, i);
  };
  auto fill = [&](int64_t top, int64_t bottom, int64_t left, int64_t end,
                  bool inside) {
    if (top == bottom || left == end)
      return;
    Value one = index(1);
    scf::buildLoopNest(
        builder, loc, {index(top), index(left), index(0)},
        {index(bottom), index(end), index(groups * 8)},
        {one, one, index(chunk)},
        [&](OpBuilder &b, Location loc, ValueRange at) {
          auto type = VectorType::get(chunk, i8);
          Value first = vector::LoadOp::create(b, loc, type, rows, at);
          Value second = first;
          auto offset = [&](Value i, int64_t by) -> Value {
            return arith::AddIOp::create(
                b, loc, i, arith::ConstantIndexOp::create(b, loc, by));
          };
          if (inside)
            second = vector::LoadOp::create(
                b, loc, type, rows,
                ValueRange{offset(at[0], down), offset(at[1], right), at[2]});
          Value pairs = vector::ShuffleOp::create(b, loc, first, second, order);
          Value to = arith::MulIOp::create(
              b, loc, at[2], arith::ConstantIndexOp::create(b, loc, 2));
          vector::StoreOp::create(b, loc, pairs, buffer,
                                  ValueRange{at[0], at[1], to});
        });
  };
  // The last rows and columns have no partner and stand twice.
  int64_t innerHeight = std::max<int64_t>(0, height - down),
          innerWidth = std::max<int64_t>(0, width - right);
  fill(0, innerHeight, 0, innerWidth, true);
  fill(0, innerHeight, innerWidth, width, false);
  fill(innerHeight, height, 0, width, false);
  return buffer;
}

PairedInputs::PairedInputs(ArrayRef<LaneContraction> contractions) {
  llvm::DenseMap<Key, int64_t> uses;
  for (const LaneContraction &c : contractions) {
    auto count = countInputUses(c);
    auto input = count ? findInputSource(c) : std::nullopt;
    auto apart = input ? distance(c, *input) : std::nullopt;
    if (!apart)
      continue;
    Key key(input->view, *apart);
    uses[key] += *count / 2;
    sources[c.op] = {std::move(*input), key, {}};
  }
  llvm::DenseMap<Key, Value> buffers;
  for (const LaneContraction &c : contractions) {
    auto it = sources.find(c.op);
    if (it == sources.end())
      continue;
    Source &source = it->second;
    auto [down, right] = source.key.second;
    if (uses[source.key] <
        fewestUses * source.input.type().getNumElements() / 8) {
      sources.erase(it);
      continue;
    }
    Value &buffer = buffers[source.key];
    if (!buffer)
      buffer = pair(source.input, down, right);
    source.buffer = buffer;
  }
}

Value PairedInputs::load(OpBuilder &builder, Location loc,
                         const LaneContraction &c,
                         ArrayRef<int64_t> position) const {
  const Source &source = sources.find(c.op)->second;
  auto at = [&](unsigned dim, int64_t factor) {
    return source.input.indexOf(
        builder, loc, dim, position[c.leftMap.getDimPosition(dim)], factor);
  };
  return vector::LoadOp::create(
      builder, loc, VectorType::get(16, builder.getI8Type()), source.buffer,
      ValueRange{at(0, 1), at(1, 1), at(2, 16)});
}
