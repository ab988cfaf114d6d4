//===- CommandLine.h --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver's command line: `octet COMMAND MODEL... [FLAGS]`.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DRIVER_COMMANDLINE_H
#define OCTET_DRIVER_COMMANDLINE_H

#include "octet/Driver/Commands.h"

namespace octet {

class CommandLine {
public:
  /// Reads the arguments; false (with a message) if they cannot be understood.
  bool parse(int argc, char **argv);
  /// Runs the command; its exit status.
  int run() const;

private:
  std::string command;
  CommandOptions options;
};

} // namespace octet

#endif // OCTET_DRIVER_COMMANDLINE_H
