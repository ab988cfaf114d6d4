//===- cpu.h ------------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* What the CPU can do, as far as targets ask. */

#ifndef OCTET_RUNTIME_CPU_H
#define OCTET_RUNTIME_CPU_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x86: each with the operating system's support for its registers. */
#define OCTET_CPU_X86_64_V3 (UINT64_C(1) << 0) /* AVX2, FMA, BMI, F16C ... */
#define OCTET_CPU_X86_64_V4 (UINT64_C(1) << 1) /* AVX-512 F, BW, CD, DQ, VL */
#define OCTET_CPU_AVX_VNNI (UINT64_C(1) << 2)
#define OCTET_CPU_AVX512_VNNI (UINT64_C(1) << 3)
#define OCTET_CPU_AVX512_VBMI (UINT64_C(1) << 4)
/* Arm */
#define OCTET_CPU_DOTPROD (UINT64_C(1) << 8)
#define OCTET_CPU_I8MM (UINT64_C(1) << 9)

/* The features of this CPU: a union of the above. */
uint64_t octet_cpu_features(void);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_RUNTIME_CPU_H */
