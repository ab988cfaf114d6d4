//===- VectorUtils.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Codegen/VectorUtils.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

SmallVector<SmallVector<int64_t>> octet::positionsOf(ArrayRef<int64_t> shape) {
  SmallVector<SmallVector<int64_t>> positions;
  auto strides = computeStrides(shape);
  for (int64_t i = 0, n = computeProduct(shape); i < n; ++i)
    positions.push_back(delinearize(i, strides));
  return positions;
}

Value octet::assembleVector(OpBuilder &builder, Location loc, VectorType type,
                            ArrayRef<Value> parts, unsigned trailing) {
  Value result = ub::PoisonOp::create(builder, loc, type);
  auto positions = positionsOf(type.getShape().drop_back(trailing));
  for (auto [position, part] : llvm::zip_equal(positions, parts))
    result = vector::InsertOp::create(builder, loc, part, result, position);
  return result;
}

Value octet::offsetIndex(OpBuilder &builder, Location loc, Value index,
                         int64_t offset) {
  if (offset == 0)
    return index;
  AffineExpr sum = getAffineDimExpr(0, builder.getContext()) + offset;
  return getValueOrCreateConstantIndexOp(
      builder, loc,
      affine::makeComposedFoldedAffineApply(builder, loc, sum,
                                            {OpFoldResult(index)}));
}

Value octet::findMemory(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

void octet::populateCanonicalization(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    op.getCanonicalizationPatterns(patterns, context);
}
