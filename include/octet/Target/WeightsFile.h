//===- WeightsFile.h -----------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The constants of a compiled model: one section, shared by its targets.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_TARGET_WEIGHTSFILE_H
#define OCTET_TARGET_WEIGHTSFILE_H

#include "octet/Dialect/Octet/IR/ConstantView.h"
#include "octet/Support/OutputFile.h"
#include "octet/Target/TargetInfo.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MemoryBuffer.h"

namespace octet {

/// A relocatable ELF object, in a temporary file, of one read-only section:
/// constants one behind the other, each aligned to cache lines; equal ones are
/// there once. They never meet LLVM.
class WeightsFile {
public:
  /// The error is a sentence.
  static llvm::Expected<WeightsFile> create();

  /// Where the elements lie in the section that are there or put there. None
  /// where elements are no whole bytes.
  std::optional<int64_t> add(ConstantView elements);

  /// Completes the object: the section is where the hidden `symbol` is. Says
  /// what was wrong on the way.
  llvm::Error finish(llvm::StringRef symbol, llvm::StringRef architecture);

  int64_t size() const { return end; }
  llvm::StringRef path() const { return file.path(); }
  TemporaryFile takeFile() && { return std::move(file); }
  /// The section's bytes, of a finished object.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> readBytes() const;

private:
  WeightsFile(TemporaryFile file, std::unique_ptr<llvm::raw_fd_ostream> os)
      : file(std::move(file)), os(std::move(os)) {}

  int64_t addBytes(llvm::ArrayRef<char> bytes);

  TemporaryFile file;
  std::unique_ptr<llvm::raw_fd_ostream> os;
  /// By the bytes' hash.
  llvm::DenseMap<std::pair<uint64_t, uint64_t>, int64_t> known;
  int64_t end = 0;
};

} // namespace octet

#endif // OCTET_TARGET_WEIGHTSFILE_H
