//===- Emit.h ---------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the LLVM dialect to machine code and linked programs.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_TARGET_EMIT_H
#define OCTET_TARGET_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include "octet/Target/TargetInfo.h"

namespace octet {

/// What a compiled model says of itself, gathered before kernels are lowered.
struct ModelInfo {
  struct Tensor {
    std::string name;
    llvm::SmallVector<int64_t> shape;
    bool isByte = false;
    bool symbolicBatch = false;
  };
  struct Layer {
    std::string node, op, kernel, precision, note;
    llvm::SmallVector<int64_t> shape;
    int64_t macs = 0, weightBytes = 0;
  };
  std::string precision, hash;
  std::vector<Tensor> inputs, outputs;
  std::vector<Layer> layers;
  std::vector<std::string> observed;
};

/// Reads the interface and the layers of `octet_run` after outlining.
ModelInfo collectModelInfo(mlir::ModuleOp module);

enum class FileKind { Object, Assembly, LLVM };

/// Translates `module`, in the LLVM dialect, optimizes it for `target`, adds
/// the model's description and writes `path`. Errors are emitted on `module`.
mlir::LogicalResult emitFile(mlir::ModuleOp module, const ModelInfo &info,
                             const TargetInfo &target, FileKind kind,
                             llvm::StringRef path);

/// Links `object` with the harness into the stripped program `path`.
mlir::LogicalResult linkProgram(mlir::ModuleOp module, llvm::StringRef object,
                                llvm::StringRef path);

} // namespace octet

#endif // OCTET_TARGET_EMIT_H
