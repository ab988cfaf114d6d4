//===- InputFile.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Support/InputFile.h"
#include "llvm/Support/FileSystem.h"

llvm::ErrorOr<uint64_t> octet::inputSize(llvm::StringRef path) {
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
    return status.getSize();
  }
}

llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
octet::readInputFile(llvm::StringRef path) {
  if (auto size = inputSize(path); !size)
    return size.getError();
  return llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                     /*RequiresNullTerminator=*/false);
}

llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
octet::readInputSlice(llvm::StringRef path, uint64_t offset, uint64_t size) {
  if (auto whole = inputSize(path); !whole)
    return whole.getError();
  return llvm::MemoryBuffer::getFileSlice(path, size, offset);
}
