//===- ObjectCache.h -----------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Machine code of kernels that outlives the process.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_TARGET_OBJECTCACHE_H
#define OCTET_TARGET_OBJECTCACHE_H

#include "octet/Target/TargetInfo.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <optional>
#include <string>

namespace octet {

/// A compiled kernel: a relocatable object, and what its calls must know.
struct KernelObject {
  int64_t parts = 1, scratch = 0, work = 0;
  std::shared_ptr<llvm::MemoryBuffer> code;
};

/// The symbol of the kernel with the hash `kernel`, compiled for `target`. It
/// differs for whatever may make the code differ, the compiler included.
std::string kernelSymbol(llvm::StringRef kernel, const TargetInfo &target);

/// Objects by symbol, in a folder that any number of processes may share: files
/// appear whole, and are verified when they are read. What cannot be read or
/// written is as if it were not there.
class ObjectCache {
public:
  /// One that holds nothing.
  ObjectCache() = default;
  /// In `octet` in the user's folder for caches (XDG_CACHE_HOME, ~/.cache),
  /// where there is one.
  static ObjectCache forUser();
  explicit ObjectCache(llvm::StringRef folder) : folder(folder.str()) {}

  std::optional<KernelObject> find(llvm::StringRef symbol) const;
  void store(llvm::StringRef symbol, const KernelObject &kernel) const;
  /// Removes what has not been used for long, and more where there is too much.
  void prune() const;

private:
  std::string pathFor(llvm::StringRef symbol) const;

  /// Empty for none.
  std::string folder;
};

} // namespace octet

#endif // OCTET_TARGET_OBJECTCACHE_H
