//===- BoxCopies.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BoxCopies.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"

using namespace mlir;
using namespace octet;

namespace {
/// Where a box of a tensor lies in its memory, in elements.
struct Place {
  Place(RankedTensorType type, ArrayRef<int64_t> position,
        ArrayRef<int64_t> steps = {}) {
    strides = computeStrides(getPhysicalShape(type));
    auto border =
        type.getRank() == 4 ? getBorder(type) : SmallVector<int64_t>();
    for (size_t d = 0; d < strides.size(); ++d) {
      int64_t inset = !border.empty() && (d == 1 || d == 2) ? border[d - 1] : 0;
      offset += (position[d] + inset) * strides[d];
      if (!steps.empty())
        strides[d] *= steps[d];
    }
  }

  int64_t offset = 0;
  Shape strides;
};
} // namespace

/// Copies a box of `sizes` elements between two buffers, each seen with strides
/// of its own from an offset that is an argument.
static func::FuncOp createCopy(KernelTable &kernels, Type source, Type target,
                               ArrayRef<int64_t> sizes,
                               ArrayRef<int64_t> sourceStrides,
                               ArrayRef<int64_t> targetStrides) {
  // Dimensions that lie one behind the other on both sides are one.
  Shape merged, from, to;
  for (auto [size, a, b] :
       llvm::zip_equal(sizes, sourceStrides, targetStrides)) {
    if (size == 1)
      continue;
    if (!merged.empty() && from.back() == size * a && to.back() == size * b) {
      merged.back() *= size;
      from.back() = a;
      to.back() = b;
      continue;
    }
    merged.push_back(size);
    from.push_back(a);
    to.push_back(b);
  }
  if (merged.empty())
    merged = from = to = {1};

  auto *context = source.getContext();
  OpBuilder builder(context);
  auto loc = builder.getUnknownLoc();
  auto index = builder.getIndexType();
  auto kernel =
      KernelTable::start(builder, "copy", {source, target, index, index});
  auto view = [&](unsigned argument, ArrayRef<int64_t> strides) -> Value {
    auto type = cast<MemRefType>(kernel.getArgument(argument).getType());
    return memref::ReinterpretCastOp::create(
        builder, loc,
        MemRefType::get(
            merged, type.getElementType(),
            StridedLayoutAttr::get(context, ShapedType::kDynamic, strides)),
        kernel.getArgument(argument),
        OpFoldResult(kernel.getArgument(argument + 2)),
        getAsIndexOpFoldResult(context, merged),
        getAsIndexOpFoldResult(context, strides));
  };
  Value read = view(0, from);
  linalg::CopyOp::create(builder, loc, read, view(1, to));
  func::ReturnOp::create(builder, loc);
  return kernels.unique(kernel);
}

BoxKernel octet::createBoxCopy(KernelTable &kernels, Operation &op,
                               const BoxCopy &box, TypeRange types) {
  Place from(typeOf(op.getOperand(box.operand)), box.from, box.steps),
      to(typeOf(op.getResult(0)), box.to);
  auto kernel =
      createCopy(kernels, types[box.operand], types[op.getNumOperands()],
                 box.sizes, from.strides, to.strides);
  return {kernel, from.offset, to.offset};
}
