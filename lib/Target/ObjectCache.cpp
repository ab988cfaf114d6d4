//===- ObjectCache.cpp ---------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/ObjectCache.h"
#include "octet/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"
#include <link.h>

using namespace octet;
using llvm::SmallVector;
using llvm::StringRef;

static std::string hashOf(StringRef bytes) {
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(bytes));
  return llvm::utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         llvm::utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}

/// Appends the build ID of a loaded file, where the linker gave it one.
static int addBuildId(dl_phdr_info *info, size_t, void *ids) {
  for (const auto &segment :
       llvm::ArrayRef(info->dlpi_phdr, info->dlpi_phnum)) {
    if (segment.p_type != PT_NOTE)
      continue;
    const char *note =
        reinterpret_cast<const char *>(info->dlpi_addr + segment.p_vaddr);
    const char *end = note + segment.p_memsz;
    while (end - note > static_cast<ptrdiff_t>(sizeof(ElfW(Nhdr)))) {
      const auto *header = reinterpret_cast<const ElfW(Nhdr) *>(note);
      const char *name = note + sizeof *header;
      const char *value = name + llvm::alignTo(header->n_namesz, 4);
      if (header->n_type == NT_GNU_BUILD_ID &&
          StringRef(name, header->n_namesz) == StringRef("GNU", 4))
        static_cast<std::string *>(ids)->append(value, header->n_descsz);
      note = value + llvm::alignTo(header->n_descsz, 4);
    }
  }
  return 0;
}

/// What differs between any two compilers: this program and the libraries that
/// it is made of.
static const std::string &compilerIdentity() {
  static const std::string identity = [] {
    std::string ids;
    dl_iterate_phdr(addBuildId, &ids);
    return ids;
  }();
  return identity;
}

std::string octet::kernelSymbol(StringRef kernel, const TargetInfo &target) {
  return "octet_kernel_" + hashOf((kernel + "/" + target.architecture + "/" +
                                   target.name + "/" + compilerIdentity())
                                      .str());
}

ObjectCache ObjectCache::forUser() {
  llvm::SmallString<128> folder;
  if (!llvm::sys::path::cache_directory(folder))
    return {};
  llvm::sys::path::append(folder, "octet");
  return ObjectCache(folder);
}

std::string ObjectCache::pathFor(StringRef symbol) const {
  llvm::SmallString<128> path(folder);
  // The prefix is what llvm::pruneCache knows its files by.
  llvm::sys::path::append(path, "llvmcache-" + symbol);
  return path.str().str();
}

/// A file is a line, with the hash of all that follows it, and a line of
/// numbers before the code.
std::optional<KernelObject> ObjectCache::find(StringRef symbol) const {
  if (folder.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(pathFor(symbol), /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  auto [hash, content] = (*file)->getBuffer().split('\n');
  if (hash != hashOf(content))
    return std::nullopt;
  auto [numbers, code] = content.split('\n');
  SmallVector<StringRef> fields;
  numbers.split(fields, ' ');
  KernelObject result;
  if (fields.size() != 3 || fields[0].getAsInteger(10, result.parts) ||
      fields[1].getAsInteger(10, result.scratch) ||
      fields[2].getAsInteger(10, result.work))
    return std::nullopt;
  result.code = llvm::MemoryBuffer::getMemBufferCopy(code, symbol);
  return result;
}

void ObjectCache::store(StringRef symbol, const KernelObject &kernel) const {
  if (folder.empty() || llvm::sys::fs::create_directories(folder))
    return;
  std::string content =
      std::to_string(kernel.parts) + " " + std::to_string(kernel.scratch) +
      " " + std::to_string(kernel.work) + "\n" + kernel.code->getBuffer().str();
  llvm::consumeError(
      writeWholeFile(pathFor(symbol), [&](llvm::raw_ostream &os) {
        os << hashOf(content) << '\n' << content;
      }));
}

void ObjectCache::prune() const {
  if (folder.empty() || !llvm::sys::fs::is_directory(folder))
    return;
  llvm::CachePruningPolicy policy;
  policy.MaxSizeBytes = uint64_t(1) << 29;
  llvm::pruneCache(folder, policy);
}
