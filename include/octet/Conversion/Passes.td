//===- Passes.td -------------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_CONVERSION_PASSES_TD
#define OCTET_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def OctetToLinalg : Pass<"octet-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "Lower octet operations to linalg and arith: the reference";
  let description = [{
    Every operation on `f32` and `ui8` becomes structured operations on signless
    tensors, with the arithmetic of `docs/QuantSpec.md` spelled out. All targets
    start from this form; schedules may only reorder what the contract leaves
    open. Products that the contract fuses with their sum carry
    `fastmath<contract>`. A result that is inserted into another tensor is
    computed in place there.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif // OCTET_CONVERSION_PASSES_TD
