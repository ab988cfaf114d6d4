//===- Passes.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Target-independent code generation.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_CODEGEN_PASSES_H
#define OCTET_CODEGEN_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "octet/Conversion/Passes.h"
#include "octet/Dialect/Octet/IR/AttributeNames.h"

namespace octet {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "octet/Codegen/Passes.h.inc"

/// Marks the functions that octet-outline-kernels made.
inline constexpr llvm::StringLiteral kernelAttr = "octet.kernel";
/// A hash of a kernel's text, of its name without the number.
inline constexpr llvm::StringLiteral kernelHashAttr = "octet.kernel_hash";
/// Bytes of scratch memory that a kernel takes beside its operands; absent
/// until it is known.
inline constexpr llvm::StringLiteral scratchAttr = "octet.scratch";
/// How many parts a kernel's work has, of which it computes a range; absent
/// until it is known.
inline constexpr llvm::StringLiteral partsAttr = "octet.parts";
/// About how many cycles a kernel takes; absent until it is known.
inline constexpr llvm::StringLiteral workAttr = "octet.work";
/// The function that runs one inference: (arena, inputs..., outputs...).
inline constexpr llvm::StringLiteral runFunction = "octet_run";

} // namespace octet

#endif // OCTET_CODEGEN_PASSES_H
