//===- KernelCode.h ------------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Machine code of kernels, each a module of its own.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_TARGET_KERNELCODE_H
#define OCTET_LIB_TARGET_KERNELCODE_H

#include "mlir/IR/BuiltinOps.h"
#include "octet/Target/TargetInfo.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace octet {

/// A machine for code that says function by function which instructions it
/// uses: `target`'s, or any of its architecture. Null, with an error on
/// `module`, where LLVM has no back end for it.
std::unique_ptr<llvm::TargetMachine> makeMachine(mlir::ModuleOp module,
                                                 const TargetInfo &target);

/// `module`, in the LLVM dialect, with one function that is a kernel: optimized
/// LLVM IR that defines `symbol`, an octet_kernel. Null after an error.
std::unique_ptr<llvm::Module> translateKernel(mlir::ModuleOp module,
                                              const TargetInfo &target,
                                              llvm::StringRef symbol,
                                              llvm::LLVMContext &context);

/// Writes `code`, an object or assembly. Fails after an error on `module`.
mlir::LogicalResult writeCode(mlir::ModuleOp module, llvm::Module &code,
                              llvm::StringRef architecture,
                              llvm::CodeGenFileType type,
                              llvm::raw_pwrite_stream &os);

} // namespace octet

#endif // OCTET_LIB_TARGET_KERNELCODE_H
