//===- Passes.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes on the f32 graph.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_H
#define OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"

} // namespace octet

#endif // OCTET_DIALECT_OCTET_TRANSFORMS_PASSES_H
