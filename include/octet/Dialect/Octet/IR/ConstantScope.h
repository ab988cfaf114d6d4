//===- ConstantScope.h -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How long large constants live. An attribute does not say who refers to it; a
// scope says to whom constants may belong.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_CONSTANTSCOPE_H
#define OCTET_DIALECT_OCTET_IR_CONSTANTSCOPE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/DenseSet.h"

namespace octet {

/// While it lives, work on one module of a context. The large constants that
/// the context has when it begins belong to others and are kept. Scopes of one
/// context end in the reverse order in which they began; while one is open, no
/// other thread makes constants for other modules.
class ConstantScope {
public:
  explicit ConstantScope(mlir::MLIRContext *context);
  ~ConstantScope();
  ConstantScope(const ConstantScope &) = delete;
  ConstantScope &operator=(const ConstantScope &) = delete;

  /// Says that of all modules that have come since the scope around this one
  /// began, none but `module` needs the constants it has now: they are kept for
  /// it alone. What the scopes around this one keep stays.
  void takeOver(mlir::ModuleOp module);

  /// Frees the constants that belong to no others and that `module`, or nobody
  /// if that is null, refers to.
  void collect(mlir::ModuleOp module);

private:
  using Entry = mlir::DialectResourceBlobManager::BlobEntry;
  using Entries = llvm::DenseSet<const Entry *>;

  Entries present() const;
  static Entries usedBy(mlir::ModuleOp module);

  mlir::MLIRContext *context;
  ConstantScope *outer;
  Entries kept;
};

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_CONSTANTSCOPE_H
