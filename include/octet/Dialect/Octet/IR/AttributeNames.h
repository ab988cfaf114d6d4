//===- AttributeNames.h ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attributes that carry facts about a model from phase to phase.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_ATTRIBUTENAMES_H
#define OCTET_DIALECT_OCTET_IR_ATTRIBUTENAMES_H

#include "llvm/ADT/StringRef.h"

namespace octet {

// Of arguments and results of the function.

/// The ONNX name.
inline constexpr llvm::StringLiteral nameAttr = "octet.name";
/// The first dimension was symbolic: it is the batch.
inline constexpr llvm::StringLiteral symbolicBatchAttr = "octet.symbolic_batch";
/// The element type, which memory no longer says.
inline constexpr llvm::StringLiteral elementTypeAttr = "octet.element_type";

// Of the function that runs one inference.

/// How many of its arguments are inputs; outputs follow.
inline constexpr llvm::StringLiteral numInputsAttr = "octet.num_inputs";

// Of kernels.

/// Its nests of loops write parts of its result that do not meet.
inline constexpr llvm::StringLiteral disjointTilesAttr = "octet.disjoint_tiles";

// Of the module.

/// A hash of the imported graph: ranges belong to it.
inline constexpr llvm::StringLiteral modelHashAttr = "octet.model_hash";
/// A hash of the model's file, to which ranges of version 1 belong.
inline constexpr llvm::StringLiteral fileHashAttr = "octet.file_hash";
/// Bytes of memory that an inference needs.
inline constexpr llvm::StringLiteral arenaSizeAttr = "octet.arena_size";
/// Names of the values that an instrumented program watches.
inline constexpr llvm::StringLiteral observedAttr = "octet.observed";

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_ATTRIBUTENAMES_H
