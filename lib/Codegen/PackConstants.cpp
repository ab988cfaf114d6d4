//===- PackConstants.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Dialect/Octet/IR/StridedCopy.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_PACKCONSTANTS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

template <typename ConvOp> struct PackConv : OpRewritePattern<ConvOp> {
  PackConv(MLIRContext *context, const PackConstantsOptions &options,
           Pass::Statistic &counter)
      : OpRewritePattern<ConvOp>(context), options(options),
        lanes(options.lanes), counter(counter) {}

  static constexpr bool isLinear = std::is_same_v<ConvOp, IntegerLinearOp>;
  static constexpr bool isInteger =
      isLinear || std::is_same_v<ConvOp, IntegerConv2DOp>;
  using Element = std::conditional_t<isInteger, int8_t, float>;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    ConstantView filter = matchConstant(op.getFilter());
    if (op.getLanes() || !filter)
      return rewriter.notifyMatchFailure(op, "blocked or no constant filter");
    if (op.getBias() && !matchConstant(op.getBias()))
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

    Shape blocked;
    if (depthwise)
      blocked = {shape[1], shape[2], blocks, lanes};
    else
      blocked = {blocks, shape[1], shape[2], inputs / pack, lanes};
    if (pack > 1 && !depthwise)
      blocked.push_back(pack);
    ConstantBuffer packed(
        RankedTensorType::get(blocked, filter.getElementType()));
    if (depthwise)
      packDepthwise(filter, packed);
    else
      packDense(filter, packed, blocked, pack);
    assign(op, packed.finish(), lanes, rewriter);
    return success();
  }

private:
  static void copy(ConstantBuffer &to, int64_t toOffset,
                   const ConstantArray<Element> &from, int64_t fromOffset,
                   SmallVector<CopyDimension> dimensions) {
    copyStrided(to.data() + toOffset * sizeof(Element),
                reinterpret_cast<const char *>(from.begin() + fromOffset),
                std::move(dimensions), sizeof(Element));
  }

  /// [O, KH, KW, 1] to [KH, KW, blocks of O, lanes].
  void packDepthwise(ConstantView filter, ConstantBuffer &packed) const {
    auto shape = filter.getType().getShape();
    int64_t positions = shape[1] * shape[2];
    copy(packed, 0, filter.getArray<Element>(), 0,
         {{positions, 1, int64_t(llvm::alignTo(shape[0], lanes))},
          {shape[0], positions, 1}});
  }

  /// [O, KH, KW, I] to `blocked`, [blocks of O, KH, KW, blocks of I, lanes]
  /// and, for blocks of `pack` inputs, these.
  void packDense(ConstantView filter, ConstantBuffer &packed,
                 ArrayRef<int64_t> blocked, int64_t pack) const {
    auto shape = filter.getType().getShape();
    auto values = filter.getArray<Element>();
    auto from = computeStrides(shape), to = computeStrides(blocked);
    // Whole blocks, and what is left behind them.
    struct Part {
      int64_t blocks, first, size;
    };
    auto split = [](int64_t size, int64_t block) {
      return std::array<Part, 2>{
          Part{size / block, 0, block},
          Part{size % block ? 1 : 0, size / block, size % block}};
    };
    for (const Part &o : split(shape[0], lanes))
      for (const Part &i : split(shape[3], pack))
        copy(packed, o.first * to[0] + i.first * to[3], values,
             o.first * lanes * from[0] + i.first * pack,
             {{o.blocks, lanes * from[0], to[0]},
              {shape[1], from[1], to[1]},
              {shape[2], from[2], to[2]},
              {i.blocks, pack, to[3]},
              {o.size, from[0], to[4]},
              {i.size, 1, 1}});
  }

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

  LogicalResult packGroups(ConvOp op, ConstantView filter,
                           PatternRewriter &rewriter) const {
    Shape shape(filter.getType().getShape());
    auto form = blockGroups(op, shape);
    if (!form)
      return rewriter.notifyMatchFailure(op, "no block holds whole groups");
    int64_t outputs = llvm::alignTo(shape[0], form->lanes);
    for (Value value : {Value(op.getOutput()), Value(op.getResidual())})
      if (value && getPhysicalShape(typeOf(value)).back() < outputs)
        return rewriter.notifyMatchFailure(op, "channels are not padded");
    int64_t perGroup = shape[0] / op.getGroups();
    Shape blocked{form->count * form->blocks, shape[1], shape[2],
                  form->inputs / form->pack, form->lanes};
    if (isInteger)
      blocked.push_back(form->pack);
    ConstantBuffer packed(
        RankedTensorType::get(blocked, filter.getElementType()));
    auto to = computeStrides(blocked);
    auto values = filter.getArray<Element>();
    auto results = packed.getValues<Element>();
    const Element *next = values.begin();
    for (int64_t o = 0; o < shape[0]; ++o) {
      int64_t block = o / form->lanes;
      // The group's first input within its block of groups.
      int64_t first =
          o / perGroup * shape[3] - block / form->blocks * form->inputs;
      for (int64_t at = 0; at < shape[1] * shape[2]; ++at)
        for (int64_t i = first; i < first + shape[3]; ++i)
          results[block * to[0] + at * to[2] + i / form->pack * to[3] +
                  o % form->lanes * to[4] + i % form->pack] = *next++;
    }
    assign(op, packed.finish(), form->lanes, rewriter);
    return success();
  }

  /// Takes the packed filter, and what goes with it for whole blocks.
  void assign(ConvOp op, ElementsAttr packed, int64_t lanes,
              PatternRewriter &rewriter) const {
    auto constant = [&](ElementsAttr value) -> Value {
      return arith::ConstantOp::create(rewriter, op.getLoc(), value);
    };
    auto padded = [&](Value value, auto zero) -> Value {
      if (!value)
        return value;
      ConstantView elements = matchConstant(value);
      int64_t outputs = llvm::alignTo(elements.getNumElements(), lanes);
      ConstantBuffer result(
          RankedTensorType::get({outputs}, elements.getElementType()));
      llvm::copy(elements.getValues<decltype(zero)>(),
                 result.getValues<decltype(zero)>().begin());
      return constant(result.finish());
    };
    using Bias = std::conditional_t<isInteger && !isLinear, int32_t, float>;
    Value newFilter = constant(packed), newBias = padded(op.getBias(), Bias());
    Value newMultiplier, newSums;
    if constexpr (isInteger)
      newMultiplier = padded(op.getMultiplier(), float());
    if constexpr (isLinear)
      newSums = padded(op.getSums(), int32_t());
    rewriter.modifyOpInPlace(op, [&] {
      op.getFilterMutable().assign(newFilter);
      if (newBias)
        op.getBiasMutable().assign(newBias);
      if constexpr (isInteger)
        op.getMultiplierMutable().assign(newMultiplier);
      if constexpr (isLinear)
        op.getSumsMutable().assign(newSums);
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

/// As for products, the kernel blocks what it takes.
struct BlockAttention : OpRewritePattern<AttentionOp> {
  BlockAttention(MLIRContext *context, const PackConstantsOptions &options,
                 Pass::Statistic &counter)
      : OpRewritePattern(context), options(options), counter(counter) {}

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getLanes())
      return rewriter.notifyMatchFailure(op, "blocked");
    rewriter.modifyOpInPlace(op, [&] {
      op.setLanes(options.lanes);
      op.setRegisters(options.floatRegisters);
    });
    ++counter;
    return success();
  }

  const PackConstantsOptions &options;
  Pass::Statistic &counter;
};

struct PackConstantsPass : octet::impl::PackConstantsBase<PackConstantsPass> {
  using PackConstantsBase::PackConstantsBase;
  void runOnOperation() override {
    PackConstantsOptions options;
    options.lanes = lanes;
    options.pack = pack;
    options.step = step;
    options.floatRegisters = floatRegisters;
    RewritePatternSet patterns(&getContext());
    patterns.add<PackConv<Conv2DOp>, PackConv<IntegerConv2DOp>,
                 PackConv<IntegerLinearOp>>(&getContext(), options, numPacked);
    patterns.add<BlockMatMul>(&getContext(), lanes, numPacked);
    patterns.add<BlockAttention>(&getContext(), options, numPacked);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    // Constants are large: those that were packed are not kept beside.
    getOperation().walk([](arith::ConstantOp op) {
      if (isOpTriviallyDead(op))
        op.erase();
    });
  }
};

} // namespace
