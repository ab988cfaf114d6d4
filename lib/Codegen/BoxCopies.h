//===- BoxCopies.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of operations that do nothing but copy boxes: one for each shape of a
// box, whose places are scalars.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_BOXCOPIES_H
#define OCTET_LIB_CODEGEN_BOXCOPIES_H

#include "KernelTable.h"
#include "octet/Dialect/Octet/IR/Interfaces.h"

namespace octet {

/// A kernel that copies `box` of an operand of `op` into its result, and
/// the places in either, in elements from the start of their memory: its third
/// and fourth argument behind these, memory of `types`.
struct BoxKernel {
  mlir::func::FuncOp kernel;
  int64_t from, to;
};
BoxKernel createBoxCopy(KernelTable &kernels, mlir::Operation &op,
                        const BoxCopy &box, mlir::TypeRange types);

} // namespace octet

#endif // OCTET_LIB_CODEGEN_BOXCOPIES_H
