//===- Link.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Linker.h"
#include "octet/Support/OutputFile.h"
#include "octet/Target/Emit.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace octet;

/// The symbols by which the harness and loaders know a model.
static constexpr StringRef programSymbol = "octet_compiled_model",
                           librarySymbol = "octet_v4_model";

/// Whoever may read a program may run it.
static llvm::sys::fs::perms executableFor(llvm::sys::fs::perms readable) {
  return static_cast<llvm::sys::fs::perms>(
      (readable & llvm::sys::fs::all_read) >> 2);
}

llvm::Error octet::checkLinker(StringRef architecture) {
  if (llvm::sys::fs::exists(linkFile(architecture, "libOctetRuntime.a")) &&
      llvm::sys::fs::exists(linkFile(architecture, "libc.so.6")))
    return llvm::Error::success();
  StringRef debian = architecture == "aarch64" ? "arm64" : "amd64";
  return llvm::createStringError(
      "code for " + architecture + " needs what it is linked with, " +
      linkFile(architecture, "") + "; install libc6-dev:" + debian +
      ", libgcc-12-dev:" + debian + " and libdeflate-dev:" + debian +
      " (after dpkg --add-architecture " + debian + ") and build Octet again");
}

/// What the linker is to do with `objects`; the output comes behind.
static std::vector<std::string> makeArguments(ArrayRef<std::string> objects,
                                              StringRef symbol,
                                              StringRef architecture,
                                              LinkKind kind) {
  auto file = [&](StringRef name) { return linkFile(architecture, name); };
  if (kind == LinkKind::Object) {
    std::vector<std::string> arguments{"-r"};
    llvm::append_range(arguments, objects);
    arguments.push_back(file("libOctetRuntime.a"));
    return arguments;
  }
  bool isArm = architecture == "aarch64",
       isInstrumented = kind == LinkKind::InstrumentedProgram,
       isProgram = isInstrumented || kind == LinkKind::Program;
  std::vector<std::string> arguments{"--threads=1",
                                     "-s",
                                     "--hash-style=gnu",
                                     "--build-id=none",
                                     "--eh-frame-hdr",
                                     "--gc-sections",
                                     "-z",
                                     "defs",
                                     "-z",
                                     "norelro",
                                     "-m",
                                     isArm ? "aarch64linux" : "elf_x86_64"};
  auto add = [&](ArrayRef<std::string> more) {
    llvm::append_range(arguments, more);
  };
  if (isInstrumented)
    add({"--undefined=instrumented_commands"});
  StringRef name = isProgram ? programSymbol : librarySymbol;
  if (symbol != name)
    add({("--defsym=" + name + "=" + symbol).str()});
  if (isProgram)
    add({"-pie", "-dynamic-linker",
         isArm ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2",
         file("Scrt1.o")});
  else
    add({"-shared"});
  add({file("crti.o"), file("crtbeginS.o")});
  add(objects);
  if (isProgram)
    add({file("libOctetProgram.a"), file("libOctetHarness.a")});
  add({file("libOctetRuntime.a")});
  if (isProgram)
    add({file("libdeflate.a")});
#ifdef OCTET_SANITIZE
  if (isProgram && architecture == hostArchitecture())
    add({"--export-dynamic", "--whole-archive", OCTET_SANITIZER_LIBRARIES,
         "--no-whole-archive"});
#endif
  add({file("libm.so.6"), file("libgcc.a"), file("libc.so.6"),
       file("libc_nonshared.a"), "--as-needed",
       file(isArm ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2"),
       "--no-as-needed", file("libgcc.a"), file("crtendS.o"), file("crtn.o")});
  return arguments;
}

llvm::Error octet::link(ArrayRef<std::string> objects, StringRef symbol,
                        StringRef architecture, LinkKind kind, StringRef path) {
  if (auto error = checkLinker(architecture))
    return error;
  // Beside nobody's files: a linker that outlives this process still writes.
  auto linked = TemporaryFile::create("octet-link", "out");
  if (!linked)
    return linked.takeError();
  auto arguments = makeArguments(objects, symbol, architecture, kind);
  llvm::append_range(arguments, std::initializer_list<std::string>{
                                    "-o", linked->path().str()});
  if (auto error = runLinker(arguments))
    return llvm::createStringError(
        path + ": cannot be linked: " + llvm::toString(std::move(error)));
  return replaceFile(path, [&](StringRef part) -> llvm::Error {
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
}

llvm::Expected<CompiledObject> octet::readObject(StringRef path) {
  auto refuse = [&](const Twine &why) {
    return llvm::createStringError(path + ": " + why +
                                   "; give an object that octet compile wrote");
  };
  auto binary = llvm::object::ObjectFile::createObjectFile(path);
  if (!binary)
    return refuse("is no object: " + llvm::toString(binary.takeError()));
  const auto *file =
      llvm::dyn_cast<llvm::object::ELFObjectFileBase>(binary->getBinary());
  if (!file || !file->isRelocatableObject())
    return refuse("is no relocatable ELF object");
  CompiledObject result;
  llvm::Triple::ArchType architecture = file->getArch();
  if (architecture != llvm::Triple::x86_64 &&
      architecture != llvm::Triple::aarch64)
    return refuse("is for another architecture than x86-64 and 64-bit Arm");
  result.architecture =
      architecture == llvm::Triple::x86_64 ? "x86_64" : "aarch64";
  for (const llvm::object::ELFSymbolRef symbol : file->symbols()) {
    auto name = symbol.getName();
    auto flags = symbol.getFlags();
    if (!name || !flags) {
      llvm::consumeError(name.takeError());
      llvm::consumeError(flags.takeError());
      return refuse("is damaged");
    }
    using Flags = llvm::object::BasicSymbolRef;
    bool isDefined = (*flags & Flags::SF_Global) &&
                     !(*flags & (Flags::SF_Undefined | Flags::SF_Hidden));
    if (!isDefined || !name->ends_with("_model"))
      continue;
    if (!result.symbol.empty())
      return refuse("has several models, " + result.symbol + " and " + *name);
    result.symbol = name->str();
  }
  if (result.symbol.empty())
    return refuse("has no model");
  return result;
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
