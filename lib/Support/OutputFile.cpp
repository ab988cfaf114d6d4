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
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include <cstdlib>
#include <unistd.h>

using namespace octet;
using llvm::StringRef;

static llvm::Error cannotWrite(StringRef path, std::error_code error) {
  return llvm::createStringError(
      error, path + ": cannot be written: " + error.message());
}

/// Creates an empty file in `folder` whose name no other file has. LLVM's own
/// functions take a `%` anywhere in a path for a digit to choose.
static std::error_code createUnique(StringRef folder, StringRef prefix,
                                    StringRef suffix,
                                    llvm::sys::fs::perms permissions,
                                    llvm::SmallVectorImpl<char> &path) {
  std::error_code error;
  for (int attempt = 0; attempt < 128; ++attempt) {
    path.assign(folder.begin(), folder.end());
    llvm::sys::path::append(
        path,
        prefix + llvm::Twine::utohexstr(llvm::sys::Process::GetRandomNumber()) +
            suffix);
    int descriptor;
    error = llvm::sys::fs::openFileForWrite(
        llvm::Twine(StringRef(path.data(), path.size())), descriptor,
        llvm::sys::fs::CD_CreateNew, llvm::sys::fs::OF_None, permissions);
    if (!error) {
      llvm::sys::fs::file_t file =
          llvm::sys::fs::convertFDToNativeFile(descriptor);
      return llvm::sys::fs::closeFile(file);
    }
    if (error != std::errc::file_exists)
      break;
  }
  return error;
}

/// The folder for temporary files: TMPDIR if one can write there, else /tmp.
/// The linker writes there too, and to it a % is a digit to choose.
static std::string temporaryFolder() {
  const char *folder = std::getenv("TMPDIR");
  if (folder && *folder && !StringRef(folder).contains('%') &&
      llvm::sys::fs::is_directory(folder) && access(folder, W_OK | X_OK) == 0)
    return folder;
  return "/tmp";
}

llvm::Expected<TemporaryFile> TemporaryFile::create(StringRef prefix,
                                                    StringRef extension) {
  std::string folder = temporaryFolder();
  llvm::SmallString<128> path;
  if (auto error = createUnique(
          folder, (prefix + "-").str(),
          extension.empty() ? std::string() : ("." + extension).str(),
          llvm::sys::fs::owner_read | llvm::sys::fs::owner_write, path))
    return llvm::createStringError(error,
                                   "cannot create a temporary file in " +
                                       folder + ": " + error.message() +
                                       "; set TMPDIR to a folder that can be "
                                       "written");
  llvm::sys::RemoveFileOnSignal(path);
  return TemporaryFile(path.str().str());
}

TemporaryFile::TemporaryFile(TemporaryFile &&other)
    : name(std::exchange(other.name, {})) {}

TemporaryFile::~TemporaryFile() {
  if (name.empty())
    return;
  llvm::sys::fs::remove(name);
  llvm::sys::DontRemoveFileOnSignal(name);
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
    return llvm::createStringError(
        path + (status.type() == llvm::sys::fs::file_type::directory_file
                    ? ": cannot be written: it is a folder"
                    : ": cannot be written: it is no regular file"));
  llvm::SmallString<256> part;
  if (auto error = createUnique(
          llvm::sys::path::parent_path(real),
          // Short enough that names of any length have room.
          (llvm::sys::path::filename(real).take_front(200) + ".").str(),
          ".part", llvm::sys::fs::all_read | llvm::sys::fs::all_write, part))
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
