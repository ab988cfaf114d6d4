//===- X86Dot.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Codegen/ContractionRewriter.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_X86DOT
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {

constexpr int64_t zmmLanes = 16;

/// vpdpbusd multiplies unsigned bytes of one operand with signed bytes of the
/// other and adds groups of four to each i32 lane, without saturation.
struct ContractToVnni : OpRewritePattern<vector::ContractionOp> {
  ContractToVnni(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(vector::ContractionOp op,
                                PatternRewriter &rewriter) const override {
    auto contraction = matchLaneContraction(op);
    if (!contraction || contraction->pack != 4 ||
        contraction->lanes != zmmLanes)
      return rewriter.notifyMatchFailure(op, "no u8 x s8 contraction of zmm");
    auto i32 = rewriter.getI32Type();
    auto accType = VectorType::get({zmmLanes}, i32);
    auto byteType = VectorType::get({zmmLanes * 4}, rewriter.getI8Type());
    rewriteLaneContraction(
        rewriter, *contraction,
        [&](OpBuilder &b, Location loc, Value left) -> Value {
          Value word = vector::BitCastOp::create(
              b, loc, VectorType::get({1}, i32), left);
          word = vector::ExtractOp::create(b, loc, word, 0);
          Value words = vector::BroadcastOp::create(b, loc, accType, word);
          return vector::BitCastOp::create(b, loc, byteType, words);
        },
        [&](OpBuilder &b, Location loc, Value acc, Value left,
            Value right) -> Value {
          return LLVM::CallIntrinsicOp::create(
                     b, loc, Type(accType),
                     b.getStringAttr("llvm.x86.avx512.vpdpbusd.512"),
                     ValueRange{acc, left, right})
              .getResult(0);
        });
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct X86DotPass : octet::impl::X86DotBase<X86DotPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ContractToVnni>(&getContext(), numRewritten);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
