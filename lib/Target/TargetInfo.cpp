//===- TargetInfo.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/TargetInfo.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace octet;
using llvm::StringRef;

static constexpr StringRef vnniNeeds[] = {"avx512f",  "avx512bw",   "avx512vl",
                                          "avx512dq", "avx512vnni", "fma"};

static constexpr TargetInfo targets[] = {
    {"avx512vnni", "x86_64-linux-gnu", "x86-64-v4", "+avx512vnni", 16, 28,
     vnniNeeds},
    {"generic", "x86_64-linux-gnu", "x86-64", "", 0, 0, {}},
};

llvm::ArrayRef<TargetInfo> octet::allTargets() { return targets; }

bool octet::hostSupports(const TargetInfo &target) {
  if (llvm::Triple(target.triple).getArch() !=
      llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArch())
    return false;
  auto features = llvm::sys::getHostCPUFeatures();
  return llvm::all_of(target.needs,
                      [&](StringRef need) { return features.lookup(need); });
}

const TargetInfo *octet::lookupTarget(StringRef name) {
  for (const TargetInfo &target : targets)
    if (name == "host" ? hostSupports(target) : target.name == name)
      return &target;
  return nullptr;
}
