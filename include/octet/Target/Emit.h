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
#include "octet/Support/OutputFile.h"
#include "octet/Target/ObjectCache.h"
#include "octet/Target/Steps.h"
#include "octet/Target/TargetInfo.h"
#include "llvm/ADT/StringMap.h"

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
    int64_t macs = 0, weightBytes = 0, bytes = 0;
  };
  std::string precision, hash;
  std::vector<Tensor> inputs, outputs;
  std::vector<Layer> layers;
  std::vector<std::string> observed;
};

/// Reads the interface and the layers of `octet_run` after outlining.
ModelInfo collectModelInfo(mlir::ModuleOp module);

/// A model on its way to one target's code. Behind phase `lower`, `module` has
/// octet_run, the declarations of kernels, and a module for each kernel that is
/// not compiled.
struct Variant {
  const TargetInfo *target;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  ModelInfo info;
  /// Compiled kernels, by symbol.
  llvm::StringMap<KernelObject> kernels;
  /// What octet_run does; filled by whatever is emitted.
  std::vector<Step> steps;
};

/// Takes the kernels that `cache` has, and their modules away; behind phase
/// `lower`.
void takeCached(Variant &variant, const ObjectCache &cache);

/// Compiles what kernels are left, in the LLVM dialect, on all cores, and takes
/// their modules away. Fails after an error.
mlir::LogicalResult compileKernels(Variant &variant, const ObjectCache &cache);

/// Relocatable objects that are a model together.
using ObjectFiles = std::vector<TemporaryFile>;

/// Writes the objects of `variants` (at least one; all of one architecture,
/// best first; with their kernels compiled) and of one description of the
/// model, the octet_model `symbol`. Errors are emitted on the first module.
mlir::FailureOr<ObjectFiles>
emitObjects(llvm::MutableArrayRef<Variant> variants, llvm::StringRef symbol);

enum class TextKind { Assembly, LLVM };

/// Writes all of that into one text; none of the kernels is compiled before.
mlir::LogicalResult emitText(llvm::MutableArrayRef<Variant> variants,
                             TextKind kind, llvm::StringRef symbol,
                             llvm::StringRef path);

enum class LinkKind {
  /// With the harness: a stripped executable.
  Program,
  /// The same with the commands that calibrate, whether there is a value to
  /// watch or none.
  InstrumentedProgram,
  /// A shared library that needs libc and libm and defines the model's symbol
  /// and `octet_v4_model`, the same under a name that all libraries have.
  SharedLibrary,
  /// A relocatable object with the run time in it.
  Object,
};

/// Fails if programs of `architecture` cannot be linked here: what they are
/// linked with is missing.
llvm::Error checkLinker(llvm::StringRef architecture);

/// Links `objects`, with the octet_model `symbol` in them, into `path`, which
/// appears whole or not at all.
llvm::Error link(llvm::ArrayRef<std::string> objects, llvm::StringRef symbol,
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
