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
#include <string>

namespace octet {

struct TargetInfo {
  llvm::StringRef name;
  /// "x86_64" or "aarch64"; all targets of one file share it.
  llvm::StringRef architecture;
  /// LLVM's CPU and features; every machine that has them runs the code.
  llvm::StringRef cpu;
  llvm::StringRef features;
  /// 32-bit lanes of a register, or 0 for the reference schedule.
  int64_t width = 0;
  /// Accumulators of 16 lanes that fit the register file beside operands.
  int64_t registers = 0;
  /// The same where elements are f32; 0 for as many.
  int64_t floatRegisters = 0;
  /// Instructions of one 8-bit dot product, to put an input in all lanes, and
  /// to load a register of the filter (loads run beside others and count less).
  double dotCost = 1.0, splatCost = 0.35, loadCost = 0.35;
  /// Input channels in a lane of an 8-bit filter, and in one step of the
  /// reduction.
  int64_t pack = 4, step = 4;
  /// Output positions that one dot product computes.
  int64_t rows = 1;
  /// Quantized values are kept as q - 128, which the dot product takes.
  bool signedStorage = false;
  /// OCTET_CPU_* (Runtime/cpu.h) that a machine needs.
  uint64_t needs = 0;

  bool isReference() const { return width == 0; }
  /// Output channels of a filter's block, the same on every target so that
  /// they can share constants.
  int64_t lanes() const { return isReference() ? 0 : 16; }
  std::string triple() const { return architecture.str() + "-linux-gnu"; }
};

/// All targets, the best of each architecture first.
llvm::ArrayRef<TargetInfo> allTargets();

/// The target `name` of `architecture` (empty: the first that has the name, on
/// this machine's architecture if it can), or null. `host` is the best one that
/// this machine runs.
const TargetInfo *lookupTarget(llvm::StringRef name,
                               llvm::StringRef architecture = "");

/// "x86_64" or "aarch64": what this compiler runs on.
llvm::StringRef hostArchitecture();

/// True if this machine can run code for `target`.
bool hostSupports(const TargetInfo &target);

} // namespace octet

#endif // OCTET_TARGET_TARGETINFO_H
