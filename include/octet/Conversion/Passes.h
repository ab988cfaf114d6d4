//===- Passes.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lowering of octet operations to the reference form.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_CONVERSION_PASSES_H
#define OCTET_CONVERSION_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace octet {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "octet/Conversion/Passes.h.inc"

} // namespace octet

#endif // OCTET_CONVERSION_PASSES_H
