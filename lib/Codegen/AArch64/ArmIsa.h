//===- ArmIsa.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The Arm instruction sets, one file each.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_AARCH64_ARMISA_H
#define OCTET_LIB_CODEGEN_AARCH64_ARMISA_H

#include "octet/Codegen/ContractionRewriter.h"
#include <memory>

namespace octet {

/// sdot, or usdot where the input is unsigned (FEAT_I8MM).
std::unique_ptr<DotIsa> createNeonDotIsa(bool unsignedInput);
/// smull, smlal, sadalp: ARMv8.0.
std::unique_ptr<DotIsa> createNeonIsa();

/// Rewrites contractions with 8 input channels in a lane as usmmla, keeping
/// their accumulators as 2 x 2 tiles throughout the loops around them.
void rewriteMatrixMultiplies(mlir::Operation *function,
                             mlir::Pass::Statistic &counter);

} // namespace octet

#endif // OCTET_LIB_CODEGEN_AARCH64_ARMISA_H
