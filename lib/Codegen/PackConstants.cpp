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
      return packGroups(op, filter, rewriter);
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
    assign(op, packed, lanes, rewriter);
    return success();
  }

private:
  /// How groups of several channels each are blocked.
  struct GroupBlocks {
    /// Blocks of groups, and of `lanes` outputs in each of them.
    int64_t count, blocks;
    /// Inputs of each, and how many of them lie in a lane.
    int64_t inputs, pack;
    int64_t lanes;
  };

  /// In f32 a block lies inside a group: a product with a zero would not be
  /// nothing where the input is infinite. In 8 bits it spans as many groups as
  /// fill its lanes, their filters a block diagonal.
  std::optional<GroupBlocks> blockGroups(ConvOp op,
                                         ArrayRef<int64_t> filter) const {
    int64_t groups = op.getGroups(), perGroup = filter[0] / groups;
    if (!isInteger) {
      for (int64_t size = lanes; size > 1; size /= 2)
        if (perGroup % size == 0)
          return GroupBlocks{groups, perGroup / size, filter[3], 1, size};
      return std::nullopt;
    }
    int64_t allocated = getPhysicalShape(typeOf(op.getInput())).back();
    int64_t outputs = llvm::alignTo(filter[0], lanes);
    for (auto [pack, step] :
         {std::pair<int64_t, int64_t>(options.pack, options.step), {4, 4}})
      for (int64_t size = 1; size <= groups; ++size) {
        int64_t count = llvm::divideCeil(groups, size),
                inputs = size * filter[3];
        int64_t made = size * perGroup;
        // All groups in one block are a dense convolution.
        if (size == groups) {
          inputs = llvm::alignTo(inputs, step);
          made = outputs;
        }
        if (made % lanes == 0 && inputs % step == 0 &&
            count * made <= outputs && count * inputs <= allocated)
          return GroupBlocks{count, made / lanes, inputs, pack, lanes};
      }
    return std::nullopt;
  }

  LogicalResult packGroups(ConvOp op, DenseElementsAttr filter,
                           PatternRewriter &rewriter) const {
    Shape shape(filter.getType().getShape());
    auto form = blockGroups(op, shape);
    if (!form)
      return rewriter.notifyMatchFailure(op, "no block holds whole groups");
    int64_t outputs = llvm::alignTo(shape[0], form->lanes);
    for (Value value : {Value(op.getOutput()), Value(op.getResidual())})
      if (value && getPhysicalShape(typeOf(value)).back() < outputs)
        return rewriter.notifyMatchFailure(op, "channels are not padded");
    auto strides = computeStrides(shape);
    int64_t perGroup = shape[0] / op.getGroups();
    Shape blocked{form->count * form->blocks, shape[1], shape[2],
                  form->inputs / form->pack, form->lanes};
    if (isInteger)
      blocked.push_back(form->pack);
    auto packed = gather<Element>(
        filter, filter.getElementType(), blocked,
        [&](ArrayRef<int64_t> p) -> int64_t {
          int64_t o = p[0] * form->lanes + p[4];
          int64_t i = p[0] / form->blocks * form->inputs + p[3] * form->pack +
                      (isInteger ? p[5] : 0);
          if (o >= shape[0] || i / shape[3] != o / perGroup)
            return -1;
          return linearize({o, p[1], p[2], i % shape[3]}, strides);
        });
    assign(op, packed, form->lanes, rewriter);
    return success();
  }

  /// Takes the packed filter, and what goes with it for whole blocks.
  void assign(ConvOp op, DenseElementsAttr packed, int64_t lanes,
              PatternRewriter &rewriter) const {
    auto constant = [&](DenseElementsAttr value) -> Value {
      return arith::ConstantOp::create(rewriter, op.getLoc(), value);
    };
    auto padded = [&](Value value, auto zero) -> Value {
      if (!value)
        return value;
      DenseElementsAttr elements;
      matchPattern(value, m_Constant(&elements));
      int64_t outputs = elements.getNumElements();
      return constant(gather<decltype(zero)>(
          elements, elements.getElementType(),
          {int64_t(llvm::alignTo(outputs, lanes))},
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
  }

  const PackConstantsOptions &options;
  int64_t lanes;
  Pass::Statistic &counter;
};

/// A matrix that is computed at run time is packed by the kernel that uses it.
struct BlockMatMul : OpRewritePattern<MatMulOp> {
  BlockMatMul(MLIRContext *context, int64_t lanes, Pass::Statistic &counter)
      : OpRewritePattern(context), lanes(lanes), counter(counter) {}

  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getLanes() || !typeOf(op.getOutput()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "blocked or no product of f32");
    rewriter.modifyOpInPlace(op, [&] { op.setLanes(lanes); });
    ++counter;
    return success();
  }

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
    patterns.add<BlockMatMul>(&getContext(), lanes, numPacked);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
