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

static constexpr TargetInfo targets[] = {
    {.name = "avx512vbmi",
     .architecture = "x86_64",
     .cpu = "x86-64-v4",
     .features = "+avx512vnni,+avx512vbmi",
     .width = 16,
     .registers = 28,
     .needs = v4 | OCTET_CPU_AVX512_VNNI | OCTET_CPU_AVX512_VBMI},
    {.name = "avx512vnni",
     .architecture = "x86_64",
     .cpu = "x86-64-v4",
     .features = "+avx512vnni",
     .width = 16,
     .registers = 28,
     .needs = v4 | OCTET_CPU_AVX512_VNNI},
    {.name = "avx512vnni256",
     .architecture = "x86_64",
     .cpu = "x86-64-v4",
     .features = "+avx512vnni",
     .width = 8,
     .registers = 12,
     .needs = v4 | OCTET_CPU_AVX512_VNNI},
    {.name = "avxvnni",
     .architecture = "x86_64",
     .cpu = "x86-64-v3",
     .features = "+avxvnni",
     .width = 8,
     .registers = 5,
     .needs = v3 | OCTET_CPU_AVX_VNNI},
    {.name = "avx2",
     .architecture = "x86_64",
     .cpu = "x86-64-v3",
     .features = "",
     .width = 8,
     .registers = 4,
     .floatRegisters = 5,
     .dotCost = 4.0,
     .splatCost = 2.0,
     .loadCost = 1.0,
     .needs = v3},
    {.name = "generic",
     .architecture = "x86_64",
     .cpu = "x86-64",
     .features = ""},
    {.name = "neon-i8mm",
     .architecture = "aarch64",
     .cpu = "generic",
     .features = "+v8.2a,+dotprod,+i8mm",
     .width = 4,
     .registers = 6,
     .floatRegisters = 5,
     .loadCost = 2.0,
     .pack = 8,
     .step = 8,
     .rows = 2,
     .needs = OCTET_CPU_DOTPROD | OCTET_CPU_I8MM},
    {.name = "neon-dotprod",
     .architecture = "aarch64",
     .cpu = "generic",
     .features = "+v8.2a,+dotprod",
     .width = 4,
     .registers = 5,
     .pack = 4,
     .step = 16,
     .signedStorage = true,
     .needs = OCTET_CPU_DOTPROD},
    {.name = "neon",
     .architecture = "aarch64",
     .cpu = "generic",
     .features = "+v8a",
     .width = 4,
     .registers = 5,
     .pack = 4,
     .step = 16,
     .signedStorage = true},
    {.name = "generic",
     .architecture = "aarch64",
     .cpu = "generic",
     .features = "+v8a"},
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
