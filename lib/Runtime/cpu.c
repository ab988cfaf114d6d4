//===- cpu.c --------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/cpu.h"
#include "weak.h"

#if defined(__x86_64__)
#include <cpuid.h>

enum { EAX, EBX, ECX, EDX };

static void query(unsigned leaf, unsigned subleaf, unsigned r[4]) {
  r[EAX] = r[EBX] = r[ECX] = r[EDX] = 0;
  __get_cpuid_count(leaf, subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
}

static int has(unsigned word, unsigned bits) { return (word & bits) == bits; }

/* Bit numbers: Intel SDM volume 2, CPUID; XCR0: volume 1, 13.3. */
OCTET_WEAK uint64_t octet_cpu_features(void) {
  unsigned one[4], seven[4], sub[4], extended[4];
  query(1, 0, one);
  query(7, 0, seven);
  query(7, 1, sub);
  query(0x80000001, 0, extended);
  if (!has(one[ECX], 1u << 27)) /* OSXSAVE */
    return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  uint64_t features = 0;
  /* FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AVX, F16C; BMI1, AVX2, BMI2;
   * LZCNT */
  if (has(low, 0x6) &&
      has(one[ECX], 1u << 12 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 22 |
                        1u << 23 | 1u << 28 | 1u << 29) &&
      has(seven[EBX], 1u << 3 | 1u << 5 | 1u << 8) &&
      has(extended[ECX], 1u << 5)) {
    features |= OCTET_CPU_X86_64_V3;
    if (has(sub[EAX], 1u << 4))
      features |= OCTET_CPU_AVX_VNNI;
    /* F, DQ, CD, BW, VL */
    if (has(low, 0xe6) &&
        has(seven[EBX], 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31)) {
      features |= OCTET_CPU_X86_64_V4;
      if (has(seven[ECX], 1u << 11))
        features |= OCTET_CPU_AVX512_VNNI;
      if (has(seven[ECX], 1u << 1))
        features |= OCTET_CPU_AVX512_VBMI;
    }
  }
  return features;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

OCTET_WEAK uint64_t octet_cpu_features(void) {
  uint64_t features = 0;
  if (getauxval(AT_HWCAP) & (1ul << 20)) /* HWCAP_ASIMDDP */
    features |= OCTET_CPU_DOTPROD;
  if (getauxval(AT_HWCAP2) & (1ul << 13)) /* HWCAP2_I8MM */
    features |= OCTET_CPU_I8MM;
  return features;
}

#else
OCTET_WEAK uint64_t octet_cpu_features(void) { return 0; }
#endif
