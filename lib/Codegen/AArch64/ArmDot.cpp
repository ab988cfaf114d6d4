//===- ArmDot.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArmIsa.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "octet/Codegen/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_ARMDOT
#include "octet/Codegen/Passes.h.inc"
} // namespace octet

namespace {
struct ArmDotPass : octet::impl::ArmDotBase<ArmDotPass> {
  using ArmDotBase::ArmDotBase;
  void runOnOperation() override {
    std::unique_ptr<DotIsa> chosen;
    if (isa == "neon-i8mm")
      chosen = createNeonDotIsa(/*unsignedInput=*/true);
    else if (isa == "neon-dotprod")
      chosen = createNeonDotIsa(/*unsignedInput=*/false);
    else if (isa == "neon")
      chosen = createNeonIsa();
    if (!chosen) {
      getOperation().emitError("no Arm instruction set '") << isa << "'";
      return signalPassFailure();
    }
    if (isa == "neon-i8mm")
      rewriteMatrixMultiplies(getOperation(), numRewritten);
    rewriteDepthwise(getOperation(), *chosen, numRewritten);
    rewriteContractions(getOperation(), *chosen, numRewritten);
  }
};
} // namespace
