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
#include "llvm/Support/Signals.h"

using namespace octet;
using llvm::StringRef;

static llvm::Error cannotWrite(StringRef path, std::error_code error) {
  return llvm::createStringError(error, "%s: cannot be written: %s",
                                 path.str().c_str(), error.message().c_str());
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
  llvm::SmallString<256> part;
  int descriptor;
  if (auto error = llvm::sys::fs::createUniqueFile(
          real + ".%%%%%%.part", descriptor, part, llvm::sys::fs::OF_None,
          llvm::sys::fs::all_read | llvm::sys::fs::all_write))
    return cannotWrite(path, error);
  llvm::sys::RemoveFileOnSignal(part);
  llvm::sys::fs::file_t file = llvm::sys::fs::convertFDToNativeFile(descriptor);
  (void)llvm::sys::fs::closeFile(file);
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
