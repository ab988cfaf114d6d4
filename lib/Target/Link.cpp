//===- Link.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Support/OutputFile.h"
#include "octet/Target/Emit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace octet;

/// The run time's libraries: lib/ARCHITECTURE beside the driver's bin/.
static std::string libraryPath(StringRef architecture, StringRef name) {
  static int anchor;
  std::string executable = llvm::sys::fs::getMainExecutable(nullptr, &anchor);
  SmallString<128> path(
      llvm::sys::path::parent_path(llvm::sys::path::parent_path(executable)));
  llvm::sys::path::append(path, "lib", architecture, name);
  return path.str().str();
}

static std::string zlibPath(StringRef architecture) {
  if (architecture == hostArchitecture())
    return OCTET_ZLIB;
  return ("/usr/lib/" + architecture + "-linux-gnu/libz.a").str();
}

static llvm::ErrorOr<std::string> findTool(StringRef name) {
  return llvm::sys::findProgramByName(
      name, {OCTET_LLVM_TOOLS, "/usr/bin", "/usr/local/bin"});
}

/// Whoever may read a program may run it.
static llvm::sys::fs::perms executableFor(llvm::sys::fs::perms readable) {
  return static_cast<llvm::sys::fs::perms>(
      (readable & llvm::sys::fs::all_read) >> 2);
}

LogicalResult octet::checkLinker(ModuleOp module, StringRef architecture,
                                 LinkKind kind) {
  StringRef tool = kind == LinkKind::Object ? "ld.lld" : "clang-22";
  if (!findTool(tool))
    return module.emitError()
           << tool << " is needed to link; install the package "
           << (kind == LinkKind::Object ? "lld-22" : "clang-22");
  StringRef debian = architecture == "aarch64" ? "arm64" : "amd64";
  if (!llvm::sys::fs::exists(libraryPath(architecture, "libOctetRuntime.a")) ||
      (kind == LinkKind::Program &&
       !llvm::sys::fs::exists(zlibPath(architecture))))
    return module.emitError()
           << "code for " << architecture
           << " needs its C library and zlib: install libc6-dev:" << debian
           << ", libgcc-12-dev:" << debian << " and zlib1g-dev:" << debian
           << " (after dpkg --add-architecture " << debian
           << ") and build Octet again";
  return success();
}

LogicalResult octet::link(ModuleOp module, StringRef object,
                          StringRef architecture, LinkKind kind,
                          StringRef path) {
  if (failed(checkLinker(module, architecture, kind)))
    return failure();
  std::string runtime = libraryPath(architecture, "libOctetRuntime.a");
  std::string program = libraryPath(architecture, "libOctetProgram.a");
  std::string harness = libraryPath(architecture, "libOctetHarness.a");
  std::string zlib = zlibPath(architecture);
  std::string target = ("--target=" + architecture + "-linux-gnu").str();
  SmallVector<StringRef> arguments;
  std::string tool;
  if (kind == LinkKind::Object) {
    tool = *findTool("ld.lld");
    arguments = {"ld.lld", "-r", object, runtime};
  } else {
    tool = *findTool("clang-22");
    arguments = {tool,
                 target,
                 "-fuse-ld=lld",
                 "-s",
                 object,
                 "-Wl,--gc-sections",
                 "-Wl,-z,defs",
                 "-Wl,--build-id=none",
                 "-Wl,-z,norelro",
                 "-Wl,--hash-style=gnu"};
    if (kind == LinkKind::Program)
      arguments.append({program, harness, runtime, zlib, "-lm"});
    else
      arguments.append({"-shared", runtime, "-lm"});
#ifdef OCTET_SANITIZE
    if (kind == LinkKind::Program && architecture == hostArchitecture())
      arguments.push_back("-fsanitize=address,undefined");
#endif
  }
  // Beside nobody's files: a linker that outlives this process still writes.
  auto log = TemporaryFile::create("octet-link", "txt");
  if (!log)
    return module.emitError() << llvm::toString(log.takeError());
  auto linked = TemporaryFile::create("octet-link", "out");
  if (!linked)
    return module.emitError() << llvm::toString(linked.takeError());
  arguments.append({"-o", linked->path()});
  std::optional<StringRef> redirects[] = {std::nullopt, log->path(),
                                          log->path()};
  std::string message;
  if (llvm::sys::ExecuteAndWait(tool, arguments, std::nullopt, redirects, 0, 0,
                                &message)) {
    // What the linker said, as one line.
    if (auto text = llvm::MemoryBuffer::getFile(log->path()))
      message += (*text)->getBuffer().take_front(400).str();
    std::replace(message.begin(), message.end(), '\n', ' ');
    return module.emitError() << path << ": cannot be linked: " << message;
  }
  auto error = replaceFile(path, [&](StringRef part) -> llvm::Error {
    auto code = llvm::sys::fs::copy_file(linked->path(), part);
    if (!code && kind != LinkKind::Object) {
      auto permissions = llvm::sys::fs::getPermissions(part);
      code = permissions ? llvm::sys::fs::setPermissions(
                               part, *permissions | executableFor(*permissions))
                         : permissions.getError();
    }
    if (code)
      return llvm::createStringError(
          code, path + ": cannot be written: " + code.message());
    return llvm::Error::success();
  });
  if (error)
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}

std::string octet::makeHeader(StringRef symbol) {
  static constexpr char interface[] = {
#include "octet/Runtime/octet.h.inc"
  };
  std::string guard = (symbol + "_h").str();
  return (StringRef(interface, sizeof interface) + "\n#ifndef " + guard +
          "\n#define " + guard +
          "\n\n#ifdef __cplusplus\nextern \"C\"\n#else\nextern\n#endif\n" +
          "const octet_model " + symbol + ";\n\n#endif /* " + guard + " */\n")
      .str();
}
