//===- VectorizeTransposes.cpp ----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_VECTORIZETRANSPOSES
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// Tiles are not worth their shuffles below this size.
constexpr int64_t smallestTile = 4;

/// Memory that an operation reads or writes, in elements for each loop.
struct Access {
  Value memory;
  SmallVector<int64_t> strides;
};

/// An elementwise operation as loops over linear memory. Along `rows` the
/// output is contiguous, along `columns` the inputs that are `transposed`.
struct Nest {
  SmallVector<int64_t> sizes;
  SmallVector<Access> inputs;
  Access output;
  unsigned rows = 0, columns = 0;
  SmallVector<bool> transposed;
};

std::optional<Access> access(Value memory, AffineMap map) {
  auto type = dyn_cast<MemRefType>(memory.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type || !type.hasStaticShape() ||
      !map.isProjectedPermutation(/*allowZeroInResults=*/true) ||
      failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamicShape(strides) ||
      type.getElementTypeBitWidth() % 8 != 0 ||
      llvm::any_of(strides, [](int64_t s) { return s < 0; }))
    return std::nullopt;
  Access result{memory, SmallVector<int64_t>(map.getNumDims(), 0)};
  for (auto [i, stride] : llvm::enumerate(strides))
    if (auto dim = dyn_cast<AffineDimExpr>(map.getResult(i)))
      result.strides[dim.getPosition()] = stride;
  return result;
}

/// Drops loops of one step, and makes one of two that every access walks
/// through as if they were one.
void mergeLoops(Nest &nest) {
  auto forEach = [&](auto body) {
    for (Access &input : nest.inputs)
      body(input);
    body(nest.output);
  };
  for (size_t d = nest.sizes.size(); d-- > 0;) {
    bool merges = d + 1 < nest.sizes.size() && nest.sizes[d] > 1;
    forEach([&](Access &a) {
      if (merges)
        merges = a.strides[d] == a.strides[d + 1] * nest.sizes[d + 1];
    });
    if (!merges && nest.sizes[d] > 1)
      continue;
    if (merges) {
      nest.sizes[d + 1] *= nest.sizes[d];
    }
    nest.sizes.erase(nest.sizes.begin() + d);
    forEach([&](Access &a) { a.strides.erase(a.strides.begin() + d); });
  }
}

std::optional<Nest> matchTranspose(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() || op.getNumLoops() < 2)
    return std::nullopt;
  Block &body = *op.getBlock();
  // The output is written only, by operations that vectors have too.
  if (!body.getArguments().back().use_empty())
    return std::nullopt;
  for (Operation &inner : body.without_terminator())
    if (!OpTrait::hasElementwiseMappableTraits(&inner) ||
        inner.getNumResults() != 1)
      return std::nullopt;
  Nest nest;
  nest.sizes = op.getStaticLoopRanges();
  auto maps = op.getIndexingMapsArray();
  for (auto [value, map] : llvm::zip(op->getOperands(), maps)) {
    auto found = access(value, map);
    if (!found)
      return std::nullopt;
    if (nest.inputs.size() < static_cast<size_t>(op.getNumDpsInputs()))
      nest.inputs.push_back(*found);
    else
      nest.output = *found;
  }
  mergeLoops(nest);
  auto contiguous = [](const Access &a) {
    return llvm::find(a.strides, 1) - a.strides.begin();
  };
  size_t loops = nest.sizes.size(), rows = contiguous(nest.output);
  std::optional<size_t> columns;
  if (rows == loops)
    return std::nullopt;
  for (const Access &input : nest.inputs) {
    bool transposed = input.strides[rows] > 1;
    nest.transposed.push_back(transposed);
    if (!transposed)
      continue;
    size_t own = contiguous(input);
    if (own == loops || (columns && *columns != own))
      return std::nullopt;
    columns = own;
  }
  if (!columns)
    return std::nullopt;
  nest.rows = rows;
  nest.columns = *columns;
  return nest;
}

class TransposeBuilder {
public:
  TransposeBuilder(linalg::LinalgOp op, const Nest &nest, int64_t tile)
      : op(op), nest(nest), tile(tile), b(op.getLoc(), op) {}

  void run() {
    for (const Access &input : nest.inputs)
      inputs.push_back(flatten(input));
    output = flatten(nest.output);
    SmallVector<Value> position(nest.sizes.size());
    // Tiles innermost; they do not depend on each other.
    SmallVector<unsigned> order;
    for (unsigned dim = 0; dim < nest.sizes.size(); ++dim)
      if (dim != nest.rows && dim != nest.columns)
        order.push_back(dim);
    order.append({static_cast<unsigned>(nest.rows),
                  static_cast<unsigned>(nest.columns)});
    auto stepOf = [&](unsigned dim) {
      return dim == nest.rows || dim == nest.columns ? tile : 1;
    };
    auto index = [&](int64_t i) -> Value {
      return arith::ConstantIndexOp::create(b, i);
    };
    SmallVector<Value> lows(order.size(), index(0)), highs, steps;
    for (unsigned dim : order) {
      highs.push_back(index(nest.sizes[dim]));
      steps.push_back(index(stepOf(dim)));
    }
    auto loops = scf::ParallelOp::create(b, lows, highs, steps);
    b.setInsertionPointToStart(loops.getBody());
    for (auto [dim, variable] :
         llvm::zip_equal(order, loops.getInductionVars())) {
      position[dim] = variable;
      int64_t step = stepOf(dim);
      if (nest.sizes[dim] % step == 0)
        continue;
      // The last tile overlaps the one before it.
      AffineExpr i = b.getAffineDimExpr(0);
      auto map = AffineMap::get(
          1, 0, {i, b.getAffineConstantExpr(nest.sizes[dim] - step)},
          b.getContext());
      position[dim] = affine::AffineMinOp::create(b, map, variable);
    }
    emitTile(position);
    op->erase();
  }

private:
  /// All that `access` reaches, as a row of elements.
  Value flatten(const Access &access) {
    auto type = cast<MemRefType>(access.memory.getType());
    int64_t size = 1;
    for (auto [n, stride] : llvm::zip_equal(nest.sizes, access.strides))
      size += (n - 1) * stride;
    SmallVector<int64_t> strides;
    int64_t offset;
    (void)type.getStridesAndOffset(strides, offset);
    OpFoldResult start = b.getIndexAttr(offset);
    if (ShapedType::isDynamic(offset))
      start = memref::ExtractStridedMetadataOp::create(b, access.memory)
                  .getOffset();
    auto row =
        MemRefType::get({size}, type.getElementType(),
                        StridedLayoutAttr::get(b.getContext(), offset, {1}));
    return memref::ReinterpretCastOp::create(
        b, row, access.memory, start,
        ArrayRef<OpFoldResult>{b.getIndexAttr(size)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
  }

  /// Where `position`, moved by `steps` along `dim`, lies.
  Value locate(const Access &access, ArrayRef<Value> position, unsigned dim,
               int64_t steps) {
    AffineExpr place = b.getAffineConstantExpr(steps * access.strides[dim]);
    SmallVector<OpFoldResult> operands;
    for (auto [i, stride] : llvm::enumerate(access.strides)) {
      if (stride == 0)
        continue;
      place = place + b.getAffineDimExpr(operands.size()) * stride;
      operands.push_back(position[i]);
    }
    return getValueOrCreateConstantIndexOp(
        b, b.getLoc(),
        affine::makeComposedFoldedAffineApply(b, b.getLoc(), place, operands));
  }

  VectorType vectorOf(Type element) const {
    return VectorType::get({tile}, element);
  }

  Value load(unsigned input, ArrayRef<Value> position, unsigned dim,
             int64_t steps) {
    const Access &access = nest.inputs[input];
    Value at = locate(access, position, dim, steps);
    Type element = getElementTypeOrSelf(inputs[input]);
    // Along a row of the tile an operand is a vector, or one element for all.
    bool isVector = nest.transposed[input] || access.strides[nest.rows] == 1;
    if (isVector)
      return vector::LoadOp::create(b, vectorOf(element), inputs[input], at);
    return vector::BroadcastOp::create(
        b, vectorOf(element), memref::LoadOp::create(b, inputs[input], at));
  }

  /// Swaps the blocks off the diagonal, from halves down to elements.
  void transpose(MutableArrayRef<Value> lines) {
    for (int64_t size = tile / 2; size > 0; size /= 2)
      for (int64_t i = 0; i < tile; ++i) {
        if (i & size)
          continue;
        SmallVector<int64_t> first, second;
        for (int64_t k = 0; k < tile; ++k) {
          first.push_back(k & size ? tile + k - size : k);
          second.push_back(k & size ? tile + k : k + size);
        }
        Value x = lines[i], y = lines[i + size];
        lines[i] = vector::ShuffleOp::create(b, x, y, first);
        lines[i + size] = vector::ShuffleOp::create(b, x, y, second);
      }
  }

  void emitTile(ArrayRef<Value> position) {
    SmallVector<SmallVector<Value>> tiles(inputs.size());
    for (unsigned i = 0; i < inputs.size(); ++i) {
      if (!nest.transposed[i])
        continue;
      for (int64_t line = 0; line < tile; ++line)
        tiles[i].push_back(load(i, position, nest.rows, line));
      transpose(tiles[i]);
    }
    Block &body = *op.getBlock();
    for (int64_t line = 0; line < tile; ++line) {
      IRMapping values;
      for (unsigned i = 0; i < inputs.size(); ++i)
        values.map(body.getArgument(i),
                   nest.transposed[i] ? tiles[i][line]
                                      : load(i, position, nest.columns, line));
      auto operand = [&](Value value) -> Value {
        if (Value known = values.lookupOrNull(value))
          return known;
        Value all =
            vector::BroadcastOp::create(b, vectorOf(value.getType()), value);
        values.map(value, all);
        return all;
      };
      for (Operation &inner : body.without_terminator()) {
        for (Value value : inner.getOperands())
          (void)operand(value);
        Operation *copy = b.clone(inner, values);
        copy->getResult(0).setType(vectorOf(inner.getResult(0).getType()));
      }
      Value result = operand(body.getTerminator()->getOperand(0));
      vector::StoreOp::create(
          b, result, output, locate(nest.output, position, nest.columns, line));
    }
  }

  linalg::LinalgOp op;
  const Nest &nest;
  int64_t tile;
  ImplicitLocOpBuilder b;
  SmallVector<Value> inputs;
  Value output;
};

struct VectorizeTransposesPass
    : octet::impl::VectorizeTransposesBase<VectorizeTransposesPass> {
  using VectorizeTransposesBase::VectorizeTransposesBase;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      auto nest = matchTranspose(op);
      if (!nest)
        continue;
      int64_t tile = width;
      while (tile >
             std::min(nest->sizes[nest->rows], nest->sizes[nest->columns]))
        tile /= 2;
      if (tile < smallestTile)
        continue;
      TransposeBuilder(op, *nest, tile).run();
      ++numVectorized;
    }
  }
};

} // namespace
