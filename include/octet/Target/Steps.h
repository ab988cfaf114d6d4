//===- Steps.h -----------------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What octet_run does, as data.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_TARGET_STEPS_H
#define OCTET_TARGET_STEPS_H

#include "mlir/IR/BuiltinOps.h"
#include "octet/Target/WeightsFile.h"

namespace octet {

/// An octet_argument.
struct Argument {
  int32_t base;
  int64_t offset;
};

/// An octet_step; the kernel by the name it is called by.
struct Step {
  std::string kernel;
  llvm::SmallVector<Argument> arguments;
  int32_t layer = -1;
  int64_t parts = 1, scratchOffset = 0, scratchSize = 0, work = 0;
};

/// Reads the calls of `octet_run`, whose buffers are in the arena, and puts
/// constants into `weights`. The layers are those of collectModelInfo. Fails
/// after an error on what is no such call.
mlir::FailureOr<std::vector<Step>> collectSteps(mlir::ModuleOp module,
                                                WeightsFile &weights);

} // namespace octet

#endif // OCTET_TARGET_STEPS_H
