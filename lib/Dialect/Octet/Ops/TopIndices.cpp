//===- TopIndices.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// top_indices: the order of elements.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace octet;

LogicalResult TopIndicesOp::inferReturnTypes(MLIRContext *context,
                                             std::optional<Location> location,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  Shape shape(typeOf(adaptor.getInput()).getShape());
  int64_t axis = adaptor.getAxis(), k = adaptor.getK();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return emitOptionalError(location, "axis ", axis, " is out of range");
  if (k < 0 || k > shape[axis])
    return emitOptionalError(location, "k = ", k, " is not between 0 and ",
                             shape[axis], ", the size of dimension ", axis);
  shape[axis] = k;
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 64)));
  return success();
}

LogicalResult TopIndicesOp::verify() {
  Type element = typeOf(getInput()).getElementType();
  if (!element.isF32() && !isa<IntegerType>(element))
    return emitOpError("has no order of ") << element;
  return success();
}

SmallVector<int64_t> TopIndicesOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(typeOf(getInput()).getRank(), [&](int64_t d) {
    return d != static_cast<int64_t>(getAxis());
  });
}

bool TopIndicesOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  setAxis(permutation[getAxis()]);
  return true;
}

static bool isUnsignedOrder(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

/// A signed number that has x's place in the order of f32.
static int64_t orderKey(const APFloat &x) {
  if (x.isZero())
    return 0;
  if (x.isNaN())
    return INT32_MAX;
  int64_t magnitude =
      x.bitcastToAPInt().getZExtValue() & static_cast<uint64_t>(INT32_MAX);
  return x.isNegative() ? -magnitude : magnitude;
}

OpFoldResult TopIndicesOp::fold(FoldAdaptor adaptor) {
  ConstantView input = adaptor.getInput();
  SmallVector<int64_t> keys;
  if (ConstantView floats = floatConstant(input))
    for (const APFloat &x : floats.getValues<APFloat>())
      keys.push_back(orderKey(x));
  else if (ConstantView integers = integerConstant(input))
    for (const APInt &x : integers.getValues<APInt>())
      // Reversing the sign bit makes unsigned numbers of 64 bits signed ones.
      keys.push_back(isUnsignedOrder(integers.getElementType())
                         ? static_cast<int64_t>(x.getZExtValue() ^ (1ull << 63))
                         : x.getSExtValue());
  else
    return {};
  auto type = typeOf(getOutput());
  auto strides = computeStrides(typeOf(getInput()).getShape());
  int64_t axis = getAxis(), size = typeOf(getInput()).getDimSize(axis);
  auto resultStrides = computeStrides(type.getShape());
  SmallVector<int64_t> result(type.getNumElements());
  Shape rows(type.getShape());
  rows[axis] = 1;
  Shape position(rows.size(), 0);
  for (int64_t i = 0; i < computeProduct(rows); ++i) {
    int64_t start = linearize(position, strides);
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, size));
    llvm::sort(order, [&](int64_t a, int64_t b) {
      int64_t x = keys[start + a * strides[axis]];
      int64_t y = keys[start + b * strides[axis]];
      return x == y ? a < b : getSmallest() ? x < y : x > y;
    });
    int64_t to = linearize(position, resultStrides);
    for (int64_t nth = 0; nth < type.getDimSize(axis); ++nth)
      result[to + nth * resultStrides[axis]] = order[nth];
    advance(position, rows);
  }
  return makeConstant<int64_t>(type, result);
}
