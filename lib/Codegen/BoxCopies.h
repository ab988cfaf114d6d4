//===- BoxCopies.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of operations that do nothing but copy boxes.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_BOXCOPIES_H
#define OCTET_LIB_CODEGEN_BOXCOPIES_H

#include "KernelTable.h"
#include "octet/Dialect/Octet/IR/Interfaces.h"

namespace octet {

/// A kernel on memory of `types` that copies `boxes` of the operands of `op`
/// into its result. What copies a box takes its places as scalars, so that
/// boxes of one shape share it.
mlir::func::FuncOp createCopies(KernelTable &kernels, mlir::Operation &op,
                                llvm::ArrayRef<BoxCopy> boxes,
                                mlir::TypeRange types);

} // namespace octet

#endif // OCTET_LIB_CODEGEN_BOXCOPIES_H
