//===- OutputFile.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace octet;
using llvm::StringRef;

static llvm::Error cannotWrite(StringRef path, std::error_code error) {
  return llvm::createStringError(error, "%s: cannot be written: %s",
                                 path.str().c_str(), error.message().c_str());
}

/// Creates an empty file beside `path` that others may read as the umask says.
/// LLVM's own function takes any % of the path for a placeholder.
static std::error_code createPart(StringRef path, std::string &part) {
  constexpr size_t longest = 200; // of a name, which may have 255 bytes
  StringRef name = llvm::sys::path::filename(path);
  std::string stem =
      (path.drop_back(name.size()) + name.take_front(longest)).str();
  for (int attempt = 0; attempt < 128; ++attempt) {
    part = stem +
           llvm::formatv(".{0:x-8}.part", llvm::sys::Process::GetRandomNumber())
               .str();
    int descriptor;
    std::error_code error = llvm::sys::fs::openFileForWrite(
        part, descriptor, llvm::sys::fs::CD_CreateNew);
    if (error == std::errc::file_exists)
      continue;
    if (!error)
      error = llvm::sys::Process::SafelyCloseFileDescriptor(descriptor);
    return error;
  }
  return std::make_error_code(std::errc::file_exists);
}

llvm::Error
octet::replaceFile(StringRef path,
                   llvm::function_ref<llvm::Error(StringRef)> produce) {
  // A link's target is replaced, not the link.
  llvm::SmallString<256> real;
  if (llvm::sys::fs::real_path(path, real))
    real = path;
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(real, status) &&
      status.type() != llvm::sys::fs::file_type::regular_file)
    return cannotWrite(path, std::make_error_code(std::errc::invalid_argument));
  std::string part;
  if (auto error = createPart(real, part))
    return cannotWrite(path, error);
  llvm::sys::RemoveFileOnSignal(part);
  llvm::Error error = produce(part);
  if (!error)
    if (auto code = llvm::sys::fs::rename(part, real))
      error = cannotWrite(path, code);
  if (error)
    llvm::sys::fs::remove(part);
  llvm::sys::DontRemoveFileOnSignal(part);
  return error;
}

llvm::Error
octet::writeWholeFile(StringRef path,
                      llvm::function_ref<void(llvm::raw_ostream &)> write) {
  auto writeTo = [&](StringRef target) -> llvm::Error {
    std::error_code error;
    llvm::raw_fd_ostream file(target, error);
    if (!error) {
      write(file);
      file.close();
      error = file.error();
      file.clear_error();
    }
    return error ? cannotWrite(path, error) : llvm::Error::success();
  };
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) &&
      status.type() != llvm::sys::fs::file_type::regular_file &&
      status.type() != llvm::sys::fs::file_type::directory_file)
    return writeTo(path);
  return replaceFile(path, writeTo);
}

std::error_code octet::createTemporaryFile(StringRef prefix, StringRef suffix,
                                           llvm::SmallVectorImpl<char> &path) {
  std::error_code error =
      llvm::sys::fs::createTemporaryFile(prefix, suffix, path);
  if (error)
    error = llvm::sys::fs::createUniqueFile(
        "/tmp/" + prefix + "-%%%%%%%%" + (suffix.empty() ? "" : ".") + suffix,
        path);
  if (!error)
    llvm::sys::RemoveFileOnSignal(StringRef(path.data(), path.size()));
  return error;
}
