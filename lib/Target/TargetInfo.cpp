//===- TargetInfo.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Target/TargetInfo.h"
#include "octet/Runtime/cpu.h"

using namespace octet;
using llvm::StringRef;

static constexpr uint64_t v3 = OCTET_CPU_X86_64_V3;
static constexpr uint64_t v4 = OCTET_CPU_X86_64_V3 | OCTET_CPU_X86_64_V4;

// name, architecture, cpu, features, width, registers, pack, step, signed,
// needs
static constexpr TargetInfo targets[] = {
    {"avx512vnni", "x86_64", "x86-64-v4", "+avx512vnni", 16, 28, 4, 4, 1, false,
     v4 | OCTET_CPU_AVX512_VNNI},
    {"avx512vnni256", "x86_64", "x86-64-v4", "+avx512vnni", 8, 12, 4, 4, 1,
     false, v4 | OCTET_CPU_AVX512_VNNI},
    {"avxvnni", "x86_64", "x86-64-v3", "+avxvnni", 8, 5, 4, 4, 1, false,
     v3 | OCTET_CPU_AVX_VNNI},
    {"avx2", "x86_64", "x86-64-v3", "", 8, 5, 4, 4, 1, false, v3},
    {"generic", "x86_64", "x86-64", ""},
    {"neon-i8mm", "aarch64", "generic", "+v8.2a,+dotprod,+i8mm", 4, 6, 8, 8, 2,
     false, OCTET_CPU_DOTPROD | OCTET_CPU_I8MM},
    {"neon-dotprod", "aarch64", "generic", "+v8.2a,+dotprod", 4, 5, 4, 16, 1,
     true, OCTET_CPU_DOTPROD},
    {"neon", "aarch64", "generic", "+v8a", 4, 5, 4, 16, 1, true, 0},
    {"generic", "aarch64", "generic", "+v8a"},
};

llvm::ArrayRef<TargetInfo> octet::allTargets() { return targets; }

StringRef octet::hostArchitecture() {
#if defined(__aarch64__)
  return "aarch64";
#else
  return "x86_64";
#endif
}

bool octet::hostSupports(const TargetInfo &target) {
  return target.architecture == hostArchitecture() &&
         (target.needs & ~octet_cpu_features()) == 0;
}

const TargetInfo *octet::lookupTarget(StringRef name, StringRef architecture) {
  const TargetInfo *found = nullptr;
  for (const TargetInfo &target : targets) {
    if (name == "host") {
      if (hostSupports(target))
        return &target;
      continue;
    }
    if (target.name != name ||
        (!architecture.empty() && target.architecture != architecture))
      continue;
    if (target.architecture == hostArchitecture())
      return &target;
    if (!found)
      found = &target;
  }
  return found;
}
