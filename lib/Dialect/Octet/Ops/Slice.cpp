//===- Slice.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// slice: every stride-th element from an offset on.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult SliceOp::inferReturnTypes(MLIRContext *,
                                        std::optional<Location> location,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto input = typeOf(adaptor.getInput()).getShape();
  size_t rank = input.size();
  if (adaptor.getOffsets().size() != rank ||
      adaptor.getSizes().size() != rank || adaptor.getStrides().size() != rank)
    return emitOptionalError(
        location, "needs one offset, size and stride for each dimension");
  for (size_t i = 0; i < rank; ++i) {
    int64_t first = adaptor.getOffsets()[i], size = adaptor.getSizes()[i];
    int64_t stride = adaptor.getStrides()[i], last;
    if (size < 1 || stride == 0 || llvm::MulOverflow(size - 1, stride, last) ||
        llvm::AddOverflow(first, last, last) || std::min(first, last) < 0 ||
        std::max(first, last) >= input[i])
      return emitOptionalError(location, "reads outside dimension ", i);
  }
  return inferAs(location, Shape(adaptor.getSizes()), adaptor.getInput(),
                 types);
}

LogicalResult SliceOp::verify() { return verifySameElementType(*this); }

SmallVector<int64_t> SliceOp::getDimensionSources(unsigned, unsigned) {
  auto shape = typeOf(getInput()).getShape();
  return sameDimensions(shape.size(), [&](int64_t d) {
    return getOffsets()[d] == 0 && getStrides()[d] == 1 &&
           getSizes()[d] == shape[d];
  });
}

bool SliceOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  auto inverse = invertPermutationVector(permutation);
  setOffsets(permute(getOffsets(), inverse));
  setSizes(permute(getSizes(), inverse));
  setStrides(permute(getStrides(), inverse));
  return true;
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  bool whole = getInput().getType() == getType() &&
               llvm::all_of(getStrides(), [](int64_t s) { return s == 1; });
  if (whole)
    return getInput();
  auto input = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput());
  if (!input)
    return {};
  auto strides = computeStrides(input.getType().getShape());
  return gatherConstant(
      input, typeOf(getOutput()), [&](ArrayRef<int64_t> position) {
        int64_t at = 0;
        for (auto [d, i] : llvm::enumerate(position))
          at += (getOffsets()[d] + i * getStrides()[d]) * strides[d];
        return at;
      });
}

FailureOr<SmallVector<Value>>
SliceOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  // The element is fetched by index: a step may be negative, which
  // tensor.extract_slice does not take.
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), {}, {}, outputs[0],
      [&](OpBuilder &b, Location at, ValueRange) -> Value {
        SmallVector<Value> indices;
        for (int64_t i = 0; i < typeOf(inputs[0]).getRank(); ++i) {
          auto constant = [&](int64_t x) -> Value {
            return arith::ConstantIndexOp::create(b, at, x);
          };
          Value index = linalg::IndexOp::create(b, at, i);
          index =
              arith::MulIOp::create(b, at, index, constant(getStrides()[i]));
          indices.push_back(
              arith::AddIOp::create(b, at, index, constant(getOffsets()[i])));
        }
        return tensor::ExtractOp::create(b, at, inputs[0], indices);
      })};
}
