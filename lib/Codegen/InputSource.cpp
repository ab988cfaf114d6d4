//===- InputSource.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Codegen/InputSource.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace octet;

/// True for static bytes [height, width, groups, pack] whose last two
/// dimensions are contiguous.
static bool isInputView(Type memory, int64_t pack) {
  auto type = dyn_cast<MemRefType>(memory);
  SmallVector<int64_t> strides;
  int64_t offset;
  return type && type.getRank() == 4 && type.hasStaticShape() &&
         type.getElementType().isInteger(8) && type.getDimSize(3) == pack &&
         succeeded(type.getStridesAndOffset(strides, offset)) &&
         strides[3] == 1 && strides[2] == pack;
}

std::optional<InputSource> octet::findInputSource(const LaneContraction &c) {
  auto read = c.left.getDefiningOp<vector::TransferReadOp>();
  auto type = dyn_cast<VectorType>(c.left.getType());
  if (!read || !type || type.getRank() != 4 || type.getDimSize(2) != 1 ||
      read.getMask() || !read.getPermutationMap().isIdentity())
    return std::nullopt;
  InputSource source;
  source.indices = getAsOpFoldResult(read.getIndices());
  source.strides.assign(4, 1);
  OpBuilder builder(read);
  AffineExpr index, offset;
  bindDims(builder.getContext(), index, offset);
  Value view = read.getBase();
  auto function = read->getParentOfType<func::FuncOp>();
  while (view.getParentBlock() != &function.getBody().front()) {
    auto part = view.getDefiningOp<memref::SubViewOp>();
    if (!part || part.getDroppedDims().any() ||
        ShapedType::isDynamicShape(part.getStaticStrides()))
      return std::nullopt;
    for (auto [at, stride, step, low] :
         llvm::zip(source.indices, source.strides, part.getStaticStrides(),
                   part.getMixedOffsets())) {
      at = affine::makeComposedFoldedAffineApply(
          builder, read.getLoc(), index * step + offset, {at, low});
      stride *= step;
    }
    view = part.getSource();
  }
  if (!isInputView(view.getType(), c.pack))
    return std::nullopt;
  source.view = view;
  return source;
}

std::optional<int64_t> octet::countInputUses(const LaneContraction &c) {
  int64_t uses = cast<VectorType>(c.left.getType()).getNumElements() / c.pack;
  Operation *op = c.op;
  while (auto loop = dyn_cast<scf::ForOp>(op->getParentOp())) {
    std::optional<APInt> count = loop.getStaticTripCount();
    if (!count)
      return std::nullopt;
    uses *= count->getSExtValue();
    op = loop;
  }
  return uses;
}

Value InputSource::indexOf(
    OpBuilder &builder, Location loc, unsigned dim, int64_t steps,
    llvm::function_ref<AffineExpr(AffineExpr)> shape) const {
  AffineExpr first = builder.getAffineDimExpr(0);
  return getValueOrCreateConstantIndexOp(
      builder, loc,
      affine::makeComposedFoldedAffineApply(
          builder, loc, shape(first + strides[dim] * steps), {indices[dim]}));
}

int64_t InputSource::divisor(unsigned dim) const {
  if (auto constant = getConstantIntValue(indices[dim]))
    return std::abs(*constant);
  auto index = cast<Value>(indices[dim]);
  auto *context = view.getContext();
  // An induction variable is its loop's lower bound and a multiple of the step.
  auto valueOf = [&](Value value, AffineExpr self) {
    auto loop = scf::getForInductionVarOwner(value);
    auto low = loop ? getConstantIntValue(loop.getLowerBound()) : std::nullopt;
    auto step = loop ? getConstantIntValue(loop.getStep()) : std::nullopt;
    return low && step ? self * *step + *low : self;
  };
  auto apply = index.getDefiningOp<affine::AffineApplyOp>();
  if (!apply)
    return valueOf(index, getAffineDimExpr(0, context))
        .getLargestKnownDivisor();
  AffineMap map = apply.getAffineMap();
  SmallVector<AffineExpr> dims, symbols;
  for (auto [i, operand] : llvm::enumerate(apply.getMapOperands())) {
    if (i < map.getNumDims())
      dims.push_back(valueOf(operand, getAffineDimExpr(i, context)));
    else
      symbols.push_back(
          valueOf(operand, getAffineSymbolExpr(i - map.getNumDims(), context)));
  }
  return map.getResult(0)
      .replaceDimsAndSymbols(dims, symbols)
      .getLargestKnownDivisor();
}

Value InputSource::rows(OpBuilder &builder) const {
  return memref::CollapseShapeOp::create(
      builder, view.getLoc(), view,
      ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
}
