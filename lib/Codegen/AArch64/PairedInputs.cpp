//===- PairedInputs.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PairedInputs.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "octet/Codegen/VectorUtils.h"
#include <numeric>

using namespace mlir;
using namespace octet;

/// Pairing two groups costs about as much as this many of the instructions that
/// it saves.
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

/// How far row `second` is behind row `first` in the view along `dim`.
static int64_t distance(const LaneContraction &c, const InputSource &source,
                        ArrayRef<int64_t> first, ArrayRef<int64_t> second,
                        unsigned dim) {
  for (unsigned i = 0; i < first.size(); ++i)
    if (c.leftMap.getDimPosition(dim) == c.accMap.getDimPosition(i))
      return source.strides[dim] * (second[i] - first[i]);
  return 0;
}

/// The distance between the rows of every pair, if it is the same for all and
/// ahead.
static std::optional<std::pair<int64_t, int64_t>>
pairDistance(const LaneContraction &c, const InputSource &source) {
  AccumulatorGrid grid(c);
  std::optional<std::pair<int64_t, int64_t>> common;
  for (unsigned pair = 0; pair < grid.rows.size() / 2; ++pair) {
    auto rows = grid.rowsOf(pair);
    auto along = [&](unsigned dim) {
      return distance(c, source, grid.rows[rows[0]], grid.rows[rows[1]], dim);
    };
    std::pair<int64_t, int64_t> here(along(0), along(1));
    if (here.first < 0 || here.second < 0 || (common && *common != here))
      return std::nullopt;
    common = here;
  }
  return common;
}

/// Rows or columns of `size` that are a multiple of `step`.
static int64_t countSteps(int64_t size, int64_t step) {
  return step == 0 ? 1 : llvm::divideCeil(size, step);
}

void PairedInputs::Pairs::fill(const InputSource &source, int64_t down,
                               int64_t right) {
  auto shape = source.type().getShape();
  int64_t channels = shape[2] * 8;
  int64_t counts[] = {countSteps(shape[0], steps[0]),
                      countSteps(shape[1], steps[1])};
  // Two groups at a time where they are even.
  int64_t chunk = channels % 16 == 0 ? 16 : 8;
  SmallVector<int64_t> order;
  for (int64_t group = 0; group < chunk; group += 8)
    for (int64_t row : {int64_t(0), chunk})
      for (int64_t i = 0; i < 8; ++i)
        order.push_back(row + group + i);

  OpBuilder builder(source.view.getContext());
  builder.setInsertionPointAfterValue(source.view);
  auto loc = source.view.getLoc();
  auto type = VectorType::get(chunk, builder.getI8Type());
  buffer = memref::AllocOp::create(
      builder, loc,
      MemRefType::get({counts[0], counts[1], channels * 2},
                      builder.getI8Type()),
      builder.getI64IntegerAttr(64));
  Value rows = source.rows(builder);
  auto index = [&](int64_t i) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, i);
  };
  auto copy = [&](int64_t top, int64_t bottom, int64_t left, int64_t end,
                  bool hasPartner) {
    if (top == bottom || left == end)
      return;
    Value one = index(1);
    scf::buildLoopNest(
        builder, loc, {index(top), index(left), index(0)},
        {index(bottom), index(end), index(channels)}, {one, one, index(chunk)},
        [&](OpBuilder &b, Location loc, ValueRange at) {
          AffineExpr i = b.getAffineDimExpr(0);
          auto apply = [&](Value index, int64_t factor, int64_t term) -> Value {
            return getValueOrCreateConstantIndexOp(
                b, loc,
                affine::makeComposedFoldedAffineApply(b, loc, i * factor + term,
                                                      {index}));
          };
          auto load = [&](int64_t down, int64_t right) -> Value {
            return vector::LoadOp::create(
                b, loc, type, rows,
                ValueRange{apply(at[0], steps[0], down),
                           apply(at[1], steps[1], right), at[2]});
          };
          Value first = load(0, 0);
          Value second = hasPartner ? load(down, right) : first;
          Value both = vector::ShuffleOp::create(b, loc, first, second, order);
          vector::StoreOp::create(b, loc, both, buffer,
                                  ValueRange{at[0], at[1], apply(at[2], 2, 0)});
        });
  };
  // The last rows and columns have no partner and stand twice.
  int64_t inner[] = {
      shape[0] > down ? countSteps(shape[0] - down, steps[0]) : 0,
      shape[1] > right ? countSteps(shape[1] - right, steps[1]) : 0};
  copy(0, inner[0], 0, inner[1], true);
  copy(0, inner[0], inner[1], counts[1], false);
  copy(inner[0], counts[0], 0, counts[1], false);
}

PairedInputs::PairedInputs(ArrayRef<LaneContraction> contractions) {
  for (const LaneContraction &c : contractions) {
    auto count = countInputUses(c);
    auto input = count ? findInputSource(c) : std::nullopt;
    auto apart = input ? pairDistance(c, *input) : std::nullopt;
    if (!apart)
      continue;
    Key key(input->view, *apart);
    Pairs &taken = pairs[key];
    taken.uses += *count / 2;
    AccumulatorGrid grid(c);
    for (unsigned dim : {0, 1}) {
      int64_t &step = taken.steps[dim];
      step = std::gcd(step, input->divisor(dim));
      for (unsigned row = 2; row < grid.rows.size(); row += 2)
        step = std::gcd(step,
                        distance(c, *input, grid.rows[0], grid.rows[row], dim));
    }
    sources[c.op] = {std::move(*input), key};
  }
  // In the order of the contractions: the same code in every run.
  for (const LaneContraction &c : contractions) {
    auto it = sources.find(c.op);
    if (it == sources.end())
      continue;
    const auto &[input, key] = it->second;
    Pairs &taken = pairs[key];
    auto shape = input.type().getShape();
    if (!taken.buffer &&
        taken.uses >= fewestUses * shape[2] *
                          countSteps(shape[0], taken.steps[0]) *
                          countSteps(shape[1], taken.steps[1]))
      taken.fill(input, key.second.first, key.second.second);
  }
}

bool PairedInputs::contains(const LaneContraction &c) const {
  auto source = sources.find(c.op);
  return source != sources.end() && pairs.lookup(source->second.key).buffer;
}

Value PairedInputs::load(OpBuilder &builder, Location loc,
                         const LaneContraction &c,
                         ArrayRef<int64_t> position) const {
  const Source &source = sources.find(c.op)->second;
  const Pairs &taken = pairs.find(source.key)->second;
  auto at = [&](unsigned dim) {
    return source.input.indexOf(builder, loc, dim,
                                position[c.leftMap.getDimPosition(dim)],
                                [&](AffineExpr index) -> AffineExpr {
                                  if (dim == 2)
                                    return index * 16;
                                  int64_t step = taken.steps[dim];
                                  return step == 0
                                             ? builder.getAffineConstantExpr(0)
                                             : index.floorDiv(step);
                                });
  };
  return vector::LoadOp::create(builder, loc,
                                VectorType::get(16, builder.getI8Type()),
                                taken.buffer, ValueRange{at(0), at(1), at(2)});
}
