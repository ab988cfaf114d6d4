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
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace octet {

/// An empty file in TMPDIR, or in /tmp where TMPDIR is no folder that can be
/// written or has a % in its name. It is removed with this object, or by a
/// signal.
class TemporaryFile {
public:
  /// The file is called PREFIX-NUMBER.EXTENSION; the error is a sentence.
  static llvm::Expected<TemporaryFile> create(llvm::StringRef prefix,
                                              llvm::StringRef extension);
  TemporaryFile(TemporaryFile &&other);
  TemporaryFile &operator=(TemporaryFile &&) = delete;
  ~TemporaryFile();

  llvm::StringRef path() const { return name; }

private:
  explicit TemporaryFile(std::string name) : name(std::move(name)) {}
  std::string name;
};

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

} // namespace octet

#endif // OCTET_SUPPORT_OUTPUTFILE_H
