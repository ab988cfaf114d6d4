//===- Avx2Inputs.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Avx2Inputs.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace octet;

/// Widening a group costs about as much as two uses save.
static constexpr int64_t fewestUses = 2;
/// Bytes that are widened at a time.
static constexpr int64_t chunk = 16;

Value WidenedInputs::widen(const InputSource &source) {
  auto shape = source.type().getShape();
  int64_t height = shape[0], width = shape[1], channels = shape[2] * 4;
  OpBuilder builder(source.view.getContext());
  builder.setInsertionPointAfterValue(source.view);
  auto loc = source.view.getLoc();
  Value buffer = memref::AllocOp::create(
      builder, loc,
      MemRefType::get({height, width, channels / 2}, builder.getI32Type()),
      builder.getI64IntegerAttr(64));
  Value rows = source.rows(builder);
  auto index = [&](int64_t i) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, i);
  };
  Value zero = index(0), one = index(1);
  scf::buildLoopNest(
      builder, loc, {zero, zero, zero},
      {index(height), index(width), index(channels)}, {one, one, index(chunk)},
      [&](OpBuilder &b, Location loc, ValueRange at) {
        Value bytes = vector::LoadOp::create(
            b, loc, VectorType::get(chunk, b.getI8Type()), rows, at);
        Value words = arith::ExtUIOp::create(
            b, loc, VectorType::get(chunk, b.getI16Type()), bytes);
        Value pairs = vector::BitCastOp::create(
            b, loc, VectorType::get(chunk / 2, b.getI32Type()), words);
        SmallVector<Value> to(at);
        to.back() = affine::makeComposedAffineApply(
            b, loc, b.getAffineDimExpr(0).floorDiv(2), {to.back()});
        vector::StoreOp::create(b, loc, pairs, buffer, to);
      });
  return buffer;
}

WidenedInputs::WidenedInputs(ArrayRef<LaneContraction> contractions) {
  for (const LaneContraction &c : contractions) {
    auto uses = countInputUses(c);
    auto source = uses ? findInputSource(c) : std::nullopt;
    if (!source || source->type().getDimSize(2) * 4 % chunk != 0)
      continue;
    buffers[source->view].uses += *uses;
    sources[c.op] = std::move(*source);
  }
  // In the order of the contractions: the same code in every run.
  for (const LaneContraction &c : contractions) {
    auto source = sources.find(c.op);
    if (source == sources.end())
      continue;
    const InputSource &input = source->second;
    Buffer &buffer = buffers[input.view];
    if (!buffer.words &&
        buffer.uses >= fewestUses * input.type().getNumElements() / 4)
      buffer.words = widen(input);
  }
}

bool WidenedInputs::contains(const LaneContraction &c) const {
  auto source = sources.find(c.op);
  return source != sources.end() && buffers.lookup(source->second.view).words;
}

std::array<Value, 2> WidenedInputs::load(OpBuilder &builder, Location loc,
                                         const LaneContraction &c,
                                         ArrayRef<int64_t> position) const {
  const InputSource &source = sources.find(c.op)->second;
  auto at = [&](unsigned dim, int64_t factor, int64_t term) {
    return source.indexOf(
        builder, loc, dim, position[c.leftMap.getDimPosition(dim)],
        [&](AffineExpr index) { return index * factor + term; });
  };
  std::array<Value, 2> pairs;
  for (auto [half, pair] : llvm::enumerate(pairs))
    pair = memref::LoadOp::create(
        builder, loc, buffers.lookup(source.view).words,
        ValueRange{at(0, 1, 0), at(1, 1, 0), at(2, 2, half)});
  return pairs;
}
