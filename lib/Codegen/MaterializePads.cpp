//===- MaterializePads.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/Passes.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_MATERIALIZEPADS
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

template <typename Op> struct MaterializePad : OpRewritePattern<Op> {
  MaterializePad(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern<Op>(context), counter(counter) {}

  /// What a padded position holds. A zero adds nothing to a sum; nothing is
  /// below the lowest value.
  static float neutral(Op op) {
    if constexpr (!std::is_same_v<Op, MaxPool2DOp>)
      return 0.0f;
    auto type = cast<RankedTensorType>(op.getInput().getType());
    return type.getElementType().isF32()
               ? -std::numeric_limits<float>::infinity()
               : 0.0f;
  }

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto pads = llvm::to_vector(op.getPads());
    if (llvm::all_of(pads, [](int64_t p) { return p == 0; }))
      return rewriter.notifyMatchFailure(op, "has no padding");
    auto loc = op.getLoc();
    if constexpr (std::is_same_v<Op, AvgPool2DOp>) {
      auto counts = op.getCounts();
      auto shape = cast<RankedTensorType>(op.getOutput().getType()).getShape();
      Value divisor = arith::ConstantOp::create(
          rewriter, loc,
          DenseElementsAttr::get(
              RankedTensorType::get(shape.slice(1, 2), rewriter.getF32Type()),
              ArrayRef<float>(counts)));
      rewriter.modifyOpInPlace(op,
                               [&] { op.getDivisorMutable().assign(divisor); });
    }
    auto type = cast<RankedTensorType>(op.getInput().getType());
    Shape shape(type.getShape());
    shape[1] += pads[0] + pads[2];
    shape[2] += pads[1] + pads[3];
    Value padded = PadOp::create(
        rewriter, loc, RankedTensorType::get(shape, type.getElementType()),
        op.getInput(), ArrayRef<int64_t>{0, pads[0], pads[1], 0},
        ArrayRef<int64_t>{0, pads[2], pads[3], 0}, APFloat(neutral(op)));
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(padded);
      op.setPads({0, 0, 0, 0});
    });
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct MaterializePadsPass
    : octet::impl::MaterializePadsBase<MaterializePadsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MaterializePad<Conv2DOp>, MaterializePad<MaxPool2DOp>,
                 MaterializePad<AvgPool2DOp>>(&getContext(), numPads);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
