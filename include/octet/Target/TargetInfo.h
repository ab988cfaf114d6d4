//===- TargetInfo.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The targets programs are compiled for: one ordered table.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_TARGET_TARGETINFO_H
#define OCTET_TARGET_TARGETINFO_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace octet {

struct TargetInfo {
  llvm::StringRef name;
  llvm::StringRef triple;
  /// LLVM's CPU and features; every machine that has them runs the code.
  llvm::StringRef cpu;
  llvm::StringRef features;
  /// 32-bit lanes of a register, or 0 for the reference schedule.
  int64_t lanes;
  /// Accumulators that fit the register file beside operands.
  int64_t registers;
  /// CPU features, as LLVM names them, that a host needs to run the code.
  llvm::ArrayRef<llvm::StringRef> needs;
};

/// All targets, best first.
llvm::ArrayRef<TargetInfo> allTargets();

/// The target `name`, or null; `host` is the best one that this machine runs.
const TargetInfo *lookupTarget(llvm::StringRef name);

/// True if this machine can run code for `target`.
bool hostSupports(const TargetInfo &target);

} // namespace octet

#endif // OCTET_TARGET_TARGETINFO_H
