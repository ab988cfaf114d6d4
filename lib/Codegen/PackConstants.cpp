//===- PackConstants.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_PACKCONSTANTS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

/// A constant of `shape` whose element at a position is `source`'s element at
/// `locate(position)`, or zero where that is negative.
template <typename T>
DenseElementsAttr
gather(DenseElementsAttr source, Type element, Shape shape,
       llvm::function_ref<int64_t(ArrayRef<int64_t>)> locate) {
  auto type = RankedTensorType::get(shape, element);
  Shape position(shape.size(), 0);
  std::vector<T> values(type.getNumElements());
  auto from = source.getValues<T>();
  for (T &value : values) {
    int64_t at = locate(position);
    value = at < 0 ? T(0) : from[at];
    advance(position, shape);
  }
  return DenseElementsAttr::get(type, ArrayRef<T>(values));
}

template <typename ConvOp> struct PackConv : OpRewritePattern<ConvOp> {
  PackConv(MLIRContext *context, const PackConstantsOptions &options,
           Pass::Statistic &counter)
      : OpRewritePattern<ConvOp>(context), options(options),
        lanes(options.lanes), counter(counter) {}

  static constexpr bool isInteger = std::is_same_v<ConvOp, IntegerConv2DOp>;
  using Element = std::conditional_t<isInteger, int8_t, float>;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    DenseElementsAttr filter;
    if (op.getLanes() || !matchPattern(op.getFilter(), m_Constant(&filter)))
      return rewriter.notifyMatchFailure(op, "blocked or no constant filter");
    if (op.getBias() && !matchPattern(op.getBias(), m_Constant()))
      return rewriter.notifyMatchFailure(op, "bias is no constant");
    Shape shape(filter.getType().getShape()); // [O, KH, KW, I / groups]
    int64_t outputs = shape[0], groups = op.getGroups();
    int64_t blocks = llvm::divideCeil(outputs, lanes);
    bool depthwise = groups > 1 && shape[3] == 1 && outputs == groups;
    if (groups > 1 && !depthwise)
      return rewriter.notifyMatchFailure(op, "grouped, not depthwise");
    auto hasLanes = [&](Value value) {
      return getPhysicalShape(typeOf(value)).back() >= blocks * lanes;
    };
    if (!hasLanes(op.getOutput()) ||
        (op.getResidual() && !hasLanes(op.getResidual())) ||
        (depthwise && !hasLanes(op.getInput())))
      return rewriter.notifyMatchFailure(op, "channels are not padded");
    // Where the input's channels allow it, in whole steps of the reduction.
    int64_t allocated = getPhysicalShape(typeOf(op.getInput())).back();
    int64_t pack = 1, step = 1;
    if (isInteger && !depthwise) {
      pack = options.pack;
      step = options.step;
      if (allocated < static_cast<int64_t>(llvm::alignTo(shape[3], step)))
        pack = step = 4;
    }
    int64_t inputs = llvm::alignTo(shape[3], step);
    if (!depthwise && allocated < inputs)
      return rewriter.notifyMatchFailure(op, "input channels are not padded");

    auto strides = computeStrides(shape);
    Shape blocked;
    if (depthwise)
      blocked = {shape[1], shape[2], blocks, lanes};
    else
      blocked = {blocks, shape[1], shape[2], inputs / pack, lanes};
    if (pack > 1 && !depthwise)
      blocked.push_back(pack);
    auto packed =
        gather<Element>(filter, filter.getElementType(), blocked,
                        [&](ArrayRef<int64_t> p) -> int64_t {
                          int64_t o, y, x, i;
                          if (depthwise) {
                            o = p[2] * lanes + p[3], y = p[0], x = p[1], i = 0;
                          } else {
                            o = p[0] * lanes + p[4], y = p[1], x = p[2];
                            i = pack > 1 ? p[3] * pack + p[5] : p[3];
                          }
                          if (o >= outputs || i >= shape[3])
                            return -1;
                          return linearize({o, y, x, i}, strides);
                        });
    auto constant = [&](DenseElementsAttr value) -> Value {
      return arith::ConstantOp::create(rewriter, op.getLoc(), value);
    };
    auto padded = [&](Value value, auto zero) -> Value {
      if (!value)
        return value;
      DenseElementsAttr elements;
      matchPattern(value, m_Constant(&elements));
      return constant(gather<decltype(zero)>(
          elements, elements.getElementType(), {blocks * lanes},
          [&](ArrayRef<int64_t> p) { return p[0] < outputs ? p[0] : -1; }));
    };
    Value newFilter = constant(packed), newBias, newMultiplier;
    if constexpr (isInteger) {
      newBias = padded(op.getBias(), int32_t());
      newMultiplier = padded(op.getMultiplier(), float());
    } else {
      newBias = padded(op.getBias(), float());
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getFilterMutable().assign(newFilter);
      if constexpr (isInteger) {
        op.getBiasMutable().assign(newBias);
        op.getMultiplierMutable().assign(newMultiplier);
      } else if (newBias) {
        op.getBiasMutable().assign(newBias);
      }
      op.setLanes(lanes);
    });
    ++counter;
    return success();
  }

  const PackConstantsOptions &options;
  int64_t lanes;
  Pass::Statistic &counter;
};

struct PackConstantsPass : octet::impl::PackConstantsBase<PackConstantsPass> {
  using PackConstantsBase::PackConstantsBase;
  void runOnOperation() override {
    PackConstantsOptions options;
    options.lanes = lanes;
    options.pack = pack;
    options.step = step;
    RewritePatternSet patterns(&getContext());
    patterns.add<PackConv<Conv2DOp>, PackConv<IntegerConv2DOp>>(
        &getContext(), options, numPacked);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
