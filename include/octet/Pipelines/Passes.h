//===- Passes.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that hold the phases together.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_PIPELINES_PASSES_H
#define OCTET_PIPELINES_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace octet {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "octet/Pipelines/Passes.h.inc"

} // namespace octet

#endif // OCTET_PIPELINES_PASSES_H
