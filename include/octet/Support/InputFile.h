//===- InputFile.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_SUPPORT_INPUTFILE_H
#define OCTET_SUPPORT_INPUTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorOr.h"
#include "llvm/Support/MemoryBuffer.h"

namespace octet {

/// How many bytes the file `path` has; none says a pipe. Folders and devices,
/// which may have no end, are errors.
llvm::ErrorOr<uint64_t> inputSize(llvm::StringRef path);

/// The bytes of `path`, of which inputSize knows.
llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
readInputFile(llvm::StringRef path);

/// The `size` bytes from `offset` on, which the file has. Many of them are
/// mapped: they are read when they are used.
llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
readInputSlice(llvm::StringRef path, uint64_t offset, uint64_t size);

} // namespace octet

#endif // OCTET_SUPPORT_INPUTFILE_H
