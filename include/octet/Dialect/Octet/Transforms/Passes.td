//===- Passes.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_TD
#define OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def CheckSamples : Pass<"octet-check-samples", "::mlir::func::FuncOp"> {
  let summary = "Refuse models with a symbolic batch that mix samples";
  let description = [{
    Programs run such a model in a loop, a batch at a time, which is right only
    if each sample's results depend on that sample alone. Arguments with
    `octet.symbolic_batch` carry samples along their first dimension; the pass
    follows it. It sees most where that dimension is not 1.
  }];
}

def ToChannelsLast : Pass<"octet-to-channels-last", "::mlir::func::FuncOp"> {
  let summary = "Move and cancel transposes until images are channels-last";
  let description = [{
    The importer brackets every spatial operation with transposes. This pass
    sinks those that restore `[N, C, H, W]` through elementwise operations,
    concatenations, slices, pads and reductions until they meet an inverse, then
    hoists what is left in front of a normalization up to the input.
  }];
  let statistics = [
    Statistic<"numSunk", "transposes-sunk", "Transposes moved down">,
    Statistic<"numHoisted", "transposes-hoisted", "Transposes moved up">
  ];
}

def FuseAttention : Pass<"octet-fuse-attention", "::mlir::func::FuncOp"> {
  let summary = "Make one octet.attention of softmax(q · kᵀ) · v";
  let description = [{
    Scores may be scaled, before or after the product, and masked: by a sum with
    numbers, or by a choice between them and a number of at most -1e30. A
    constant mask that lets query i see the keys up to i + c becomes `causal`,
    others stay operands. Key and value that are repeated, broadcast or reshaped
    for heads that share them are taken as they were. Where the weights of
    queries that see nothing are set to zero, the result's rows are instead.

    Scores and weights that something else uses, and constant keys or values,
    stay products.
  }];
  let statistics = [Statistic<"numFused", "fused", "Attentions made">];
}

def FuseNormalization : Pass<"octet-fuse-normalization", "::mlir::func::FuncOp"> {
  let summary = "Make one octet.layer_norm of what normalizes along the last dimension";
  let description = [{
    Mean, differences, squares, their mean, root and quotient, as exporters write
    them and the importer composes them, and what scales and shifts the result by a
    value for each position: one operation where nothing in between is used
    elsewhere.
  }];
  let statistics = [Statistic<"numFused", "fused", "Normalizations made">];
}

def LinearToConv : Pass<"octet-linear-to-conv", "::mlir::func::FuncOp"> {
  let summary = "Turn products with a constant matrix into 1x1 convolutions";
  let description = [{
    `[N, K] · [K, M]` is a 1×1 convolution of an `[N, 1, 1, K]` image; so fully
    connected layers share everything with convolutions from here on.
  }];
  let statistics = [Statistic<"numRewritten", "matmuls", "Products rewritten">];
}

def FoldBatchNorm : Pass<"octet-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "Fold per-channel constants after a convolution into it";
  let description = [{
    A product with, quotient by, sum with or difference from one constant for
    each output channel becomes part of the filter and the bias. The importer
    writes batch normalization as such a product and sum.
  }];
  let statistics = [Statistic<"numFolded", "folded", "Operations folded">];
}

def AffineToConv : Pass<"octet-affine-to-conv", "::mlir::func::FuncOp"> {
  let summary = "Turn per-channel constants that nothing took into convolutions";
  let description = [{
    A product with one constant for each channel, or such a sum, that no
    convolution stands in front of (behind a concatenation or a clamp, say)
    becomes a 1×1 depthwise convolution: its weights have a scale for each
    channel, its bias 32 bits, and it takes the steps that follow.
  }];
  let statistics = [
    Statistic<"numRewritten", "rewritten", "Operations rewritten">
  ];
}

def FuseEpilogue : Pass<"octet-fuse-epilogue", "::mlir::func::FuncOp"> {
  let summary = "Attach clamps and residual sums to the operation before them";
  let statistics = [
    Statistic<"numClamps", "clamps", "Clamps attached">,
    Statistic<"numResiduals", "residuals", "Residual sums attached">
  ];
}

def FuseFunctions : Pass<"octet-fuse-functions", "::mlir::func::FuncOp"> {
  let summary = "Make one octet.map of what computes a function of one value";
  let description = [{
    Elementwise operations that are connected, used by nothing else and between
    them depend on one value and numbers alone, `x · sigmoid(x)` say, become one
    operation: one loop in f32, one table in 8 bits.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"
  ];
  let statistics = [Statistic<"numFused", "fused", "Functions made">];
}

#endif // OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_TD
