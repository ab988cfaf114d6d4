//===- KernelTable.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of a module, functions on memory; equal ones are one. Each lies
// in a module of its own, which is compiled by itself, and is declared beside
// the function that calls it.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_KERNELTABLE_H
#define OCTET_LIB_CODEGEN_KERNELTABLE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace octet {

class KernelTable {
public:
  KernelTable() = default;
  explicit KernelTable(mlir::ModuleOp module) : module(module) {}

  /// A kernel outside of any module, whose body `builder` is to fill.
  static mlir::func::FuncOp start(mlir::OpBuilder &builder,
                                  llvm::StringRef name, mlir::TypeRange types);

  /// The declaration of `kernel`, which goes into the module with a number
  /// behind its name, or of an equal one that is there already. It carries
  /// `octet.kernel_hash`, by which kernels of other modules are known to be
  /// equal.
  mlir::func::FuncOp unique(mlir::func::FuncOp kernel);

  size_t size() const { return kernels.size(); }

private:
  mlir::ModuleOp module;
  /// By their text.
  llvm::StringMap<mlir::func::FuncOp> kernels;
};

} // namespace octet

#endif // OCTET_LIB_CODEGEN_KERNELTABLE_H
