//===- Link.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/Emit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace octet;

/// The folder of the harness libraries: lib/ beside the driver's bin/.
static std::string libraryFolder() {
  static int anchor;
  std::string executable = llvm::sys::fs::getMainExecutable(nullptr, &anchor);
  SmallString<128> folder(
      llvm::sys::path::parent_path(llvm::sys::path::parent_path(executable)));
  llvm::sys::path::append(folder, "lib");
  return folder.str().str();
}

LogicalResult octet::linkProgram(ModuleOp module, StringRef object,
                                 StringRef path) {
  auto compiler = llvm::sys::findProgramByName(
      "clang-22", {OCTET_LLVM_TOOLS, "/usr/bin", "/usr/local/bin"});
  if (!compiler)
    return module.emitError(
        "clang-22 is needed to link programs; install the package clang-22");
  std::string folder = libraryFolder();
  std::string part = (path + ".part").str();
  std::string program = folder + "/libOctetProgram.a";
  std::string harness = folder + "/libOctetHarness.a";
  SmallVector<StringRef> arguments{*compiler,
                                   "-fuse-ld=lld",
                                   "-s",
                                   "-o",
                                   part,
                                   object,
                                   program,
                                   harness,
                                   OCTET_ZLIB,
                                   "-lm",
                                   "-Wl,--gc-sections",
                                   "-Wl,--build-id=none",
                                   "-Wl,-z,norelro",
                                   "-Wl,--hash-style=gnu"};
  std::string message;
  SmallString<128> log;
  if (llvm::sys::fs::createTemporaryFile("octet-link", "txt", log))
    return module.emitError("cannot create a temporary file");
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(log),
                                          StringRef(log)};
  int status = llvm::sys::ExecuteAndWait(*compiler, arguments, std::nullopt,
                                         redirects, 0, 0, &message);
  if (status == 0) {
    llvm::sys::fs::remove(log);
    if (auto error = llvm::sys::fs::rename(part, path))
      return module.emitError()
             << path << ": cannot be written: " << error.message();
    return success();
  }
  llvm::sys::fs::remove(part);
  return module.emitError() << path << ": linking failed, see " << log
                            << (message.empty() ? "" : ": ") << message;
}
