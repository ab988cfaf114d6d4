//===- InputFile.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Support/InputFile.h"
#include "llvm/Support/FileSystem.h"

llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
octet::readInputFile(llvm::StringRef path) {
  llvm::sys::fs::file_status status;
  if (auto error = llvm::sys::fs::status(path, status))
    return error;
  switch (status.type()) {
  case llvm::sys::fs::file_type::directory_file:
    return std::make_error_code(std::errc::is_a_directory);
  case llvm::sys::fs::file_type::character_file:
  case llvm::sys::fs::file_type::block_file:
    return std::make_error_code(std::errc::invalid_seek);
  default:
    return llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                       /*RequiresNullTerminator=*/false);
  }
}
