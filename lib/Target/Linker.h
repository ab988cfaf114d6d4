//===- Linker.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLD, and what programs are linked with: in lib/ARCHITECTURE beside the
// driver's bin/, so that no tool or library of the machine is needed.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_TARGET_LINKER_H
#define OCTET_LIB_TARGET_LINKER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace octet {

/// The path of `name` among what programs of `architecture` are linked with.
std::string linkFile(llvm::StringRef architecture, llvm::StringRef name);

/// Runs `ld.lld ARGUMENTS`; the error has what it said, in one line.
llvm::Error runLinker(const std::vector<std::string> &arguments);

} // namespace octet

#endif // OCTET_LIB_TARGET_LINKER_H
