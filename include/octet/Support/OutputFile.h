//===- OutputFile.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files that appear whole or not at all.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_SUPPORT_OUTPUTFILE_H
#define OCTET_SUPPORT_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace octet {

/// Lets `produce` make a file at a temporary path beside `path`, then renames
/// it to `path`. After a failure, or a signal, neither is left. `produce`
/// returns its own errors. Fails if `path` exists and is no regular file.
llvm::Error
replaceFile(llvm::StringRef path,
            llvm::function_ref<llvm::Error(llvm::StringRef part)> produce);

/// Writes `path` by replaceFile; what exists and is no regular file, such as
/// /dev/stdout, is written in place.
llvm::Error writeWholeFile(llvm::StringRef path,
                           llvm::function_ref<void(llvm::raw_ostream &)> write);

/// Creates an empty file for this process alone, in $TMPDIR or, where that does
/// not exist, in /tmp; `path` receives its name. The caller removes it; a
/// signal does too.
std::error_code createTemporaryFile(llvm::StringRef prefix,
                                    llvm::StringRef suffix,
                                    llvm::SmallVectorImpl<char> &path);

} // namespace octet

#endif // OCTET_SUPPORT_OUTPUTFILE_H
