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
    /// An octet_dtype of Runtime/octet.h.
    int dtype = 0;
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

/// A model compiled for one target, in the LLVM dialect.
struct Variant {
  const TargetInfo *target;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  ModelInfo info;
};

enum class FileKind { Object, Assembly, LLVM };

/// Translates the variants (at least one; all of one architecture, best
/// first), optimizes each for its target, joins them behind one description of
/// the model, the octet_model `symbol`, and writes `path`. Errors are emitted
/// on the first module.
mlir::LogicalResult emitFile(llvm::MutableArrayRef<Variant> variants,
                             FileKind kind, llvm::StringRef symbol,
                             llvm::StringRef path);

enum class LinkKind {
  /// With the harness: a stripped executable.
  Program,
  /// A shared library that needs libc and libm and defines the model's symbol
  /// and `octet_v3_model`, the same under a name that all libraries have.
  SharedLibrary,
  /// A relocatable object with the run time in it.
  Object,
};

/// Fails if programs of `architecture` cannot be linked here: what they are
/// linked with is missing.
llvm::Error checkLinker(llvm::StringRef architecture);

/// Links `object`, with the octet_model `symbol` in it, into `path`, which
/// appears whole or not at all.
llvm::Error link(llvm::StringRef object, llvm::StringRef symbol,
                 llvm::StringRef architecture, LinkKind kind,
                 llvm::StringRef path);

/// What a relocatable object holds that was linked by `link`.
struct CompiledObject {
  std::string architecture, symbol;
};

/// Reads it back; the error says what is wrong with the file.
llvm::Expected<CompiledObject> readObject(llvm::StringRef path);

/// The C header for the octet_model `symbol`: it stands alone.
std::string makeHeader(llvm::StringRef symbol);

} // namespace octet

#endif // OCTET_TARGET_EMIT_H
