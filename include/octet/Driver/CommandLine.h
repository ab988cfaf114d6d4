//===- CommandLine.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver's command line: `octet COMMAND MODEL... [FLAGS]`. Commands and
// flags are two tables (lib/Driver/CommandTable.cpp); CLI11 parses by them.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DRIVER_COMMANDLINE_H
#define OCTET_DRIVER_COMMANDLINE_H

#include "octet/Driver/Commands.h"
#include "llvm/ADT/ArrayRef.h"
#include <functional>

namespace octet {

struct Command {
  llvm::StringRef name;
  /// What stands for the models in the help, and how many there may be.
  llvm::StringRef inputs;
  size_t minInputs, maxInputs;
  llvm::StringRef summary;
  /// One line each.
  std::vector<llvm::StringRef> examples;
  int (*run)(const CommandOptions &);
};

struct Flag {
  /// Reads a value into the options; the sentence that says what may be given
  /// instead if it cannot be this, or an empty one.
  using Read = std::function<std::string(CommandOptions &, llvm::StringRef)>;

  /// As CLI11 takes them: "-o,--output".
  llvm::StringRef names;
  /// What stands for the value in the help; empty for a flag without one.
  llvm::StringRef value;
  std::string help;
  /// The default as the help shows it; empty if there is none to show.
  llvm::StringRef initial;
  /// The commands that take it, "compile quantize", and those that need it.
  llvm::StringRef commands, neededBy;
  Read read;
  bool repeats = false;
};

/// All commands, in the help's order.
llvm::ArrayRef<Command> allCommands();
/// All flags, in the help's order; `--help` is not among them.
llvm::ArrayRef<Flag> allFlags();

/// Runs the driver; its exit status: 0 done, 1 the input was refused, 2 the
/// command line was not understood (a sentence is on stderr).
int runDriver(int argc, char **argv);

} // namespace octet

#endif // OCTET_DRIVER_COMMANDLINE_H
