//===- ModelFlags.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Flags that say what an .onnx model's inputs and outputs are.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DRIVER_MODELFLAGS_H
#define OCTET_LIB_DRIVER_MODELFLAGS_H

#include "octet/Driver/Commands.h"

namespace octet {

/// Read a flag's value into `options`; the sentence that says what may be given
/// instead if it cannot be this, or an empty one.
std::string readShape(CommandOptions &options, llvm::StringRef value);
std::string readDimension(CommandOptions &options, llvm::StringRef value);
std::string readOutput(CommandOptions &options, llvm::StringRef value);

/// True for names of .onnx files.
bool isOnnxModel(llvm::StringRef path);

/// Refuses these flags where no input is an .onnx model; the exit status.
int checkModelFlags(const CommandOptions &options);

} // namespace octet

#endif // OCTET_LIB_DRIVER_MODELFLAGS_H
