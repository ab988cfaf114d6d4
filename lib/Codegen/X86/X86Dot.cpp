//===- X86Dot.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86Isa.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "octet/Codegen/Passes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_X86DOT
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

Value octet::splatWord(OpBuilder &b, Location loc, Value row, int64_t group,
                       int64_t bytes) {
  auto i32 = b.getI32Type();
  int64_t words = cast<VectorType>(row.getType()).getDimSize(0) / 4;
  Value word =
      vector::BitCastOp::create(b, loc, VectorType::get({words}, i32), row);
  word = vector::ExtractOp::create(b, loc, word, group);
  Value all = vector::BroadcastOp::create(
      b, loc, VectorType::get({bytes / 4}, i32), word);
  return vector::BitCastOp::create(
      b, loc, VectorType::get({bytes}, b.getI8Type()), all);
}

namespace {
struct X86DotPass : octet::impl::X86DotBase<X86DotPass> {
  using X86DotBase::X86DotBase;
  void runOnOperation() override {
    std::unique_ptr<DotIsa> chosen;
    if (isa == "avx512vbmi" || isa == "avx512vnni")
      chosen = createVnniIsa(512);
    else if (isa == "avx512vnni256" || isa == "avxvnni")
      chosen = createVnniIsa(256);
    else if (isa == "avx2")
      chosen = createAvx2Isa(getOperation());
    if (!chosen) {
      getOperation().emitError("no x86 instruction set '") << isa << "'";
      return signalPassFailure();
    }
    rewriteDepthwise(getOperation(), *chosen, numRewritten);
    rewriteContractions(getOperation(), *chosen, numRewritten);
  }
};
} // namespace
