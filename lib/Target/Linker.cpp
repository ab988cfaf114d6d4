//===- Linker.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Linker.h"
#include "lld/Common/Driver.h"
#include "octet/Support/OutputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

using namespace octet;
using llvm::StringRef;

std::string octet::linkFile(StringRef architecture, StringRef name) {
  static int anchor;
  std::string executable = llvm::sys::fs::getMainExecutable(nullptr, &anchor);
  llvm::SmallString<128> path(
      llvm::sys::path::parent_path(llvm::sys::path::parent_path(executable)));
  llvm::sys::path::append(path, "lib", architecture, name);
  return path.str().str();
}

/// The linker's own process. It ends when its parent does, and takes along what
/// it has begun to write.
[[noreturn]] static void runChild(const std::vector<std::string> &arguments,
                                  StringRef log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(1);
  std::error_code error;
  llvm::raw_fd_ostream messages(log, error);
  llvm::SmallVector<const char *> all{"ld.lld"};
  for (const std::string &argument : arguments)
    all.push_back(argument.c_str());
  bool linked = lld::elf::link(all, messages, messages, /*exitEarly=*/false,
                               /*disableOutput=*/false);
  messages.close();
  _exit(linked && !messages.has_error() ? 0 : 1);
}

/// LLD keeps state and ends the process by itself: it has one of its own.
llvm::Error octet::runLinker(const std::vector<std::string> &arguments) {
  auto log = TemporaryFile::create("octet-link", "txt");
  if (!log)
    return log.takeError();
  pid_t parent = getpid(), child = fork();
  if (child < 0)
    return llvm::errorCodeToError(
        std::error_code(errno, std::generic_category()));
  if (child == 0)
    runChild(arguments, log->path(), parent);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return llvm::Error::success();
  // LLD writes through a mapping of the file: without room that is its signal.
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
    return llvm::errorCodeToError(
        std::make_error_code(std::errc::no_space_on_device));
  std::string message;
  if (auto text = llvm::MemoryBuffer::getFile(log->path()))
    message = (*text)->getBuffer().take_front(400).rtrim().str();
  if (message.empty())
    message = WIFSIGNALED(status) ? "the linker ended by signal " +
                                        std::to_string(WTERMSIG(status))
                                  : "the linker says nothing";
  std::replace(message.begin(), message.end(), '\n', ' ');
  return llvm::createStringError(message);
}
