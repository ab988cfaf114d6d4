//===- machine.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/harness.h"

#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

double octet_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

void octet_describe_machine(octet_machine *machine) {
  memset(machine, 0, sizeof *machine);
  strcpy(machine->cpu, "unknown");
  FILE *file = fopen("/proc/cpuinfo", "r");
  char line[256];
  while (file && fgets(line, sizeof line, file)) {
    char *value = strchr(line, ':');
    if (value && !strncmp(line, "model name", 10)) {
      value[strcspn(value, "\n")] = '\0';
      snprintf(machine->cpu, sizeof machine->cpu, "%s", value + 2);
      break;
    }
  }
  if (file)
    fclose(file);
#if defined(__x86_64__)
  __builtin_cpu_init();
  machine->isa = __builtin_cpu_supports("avx512vnni") ? "avx512vnni"
                 : __builtin_cpu_supports("avx2")     ? "avx2"
                                                      : "x86-64";
#else
  machine->isa = "generic";
#endif
}

/* Twelve independent accumulators hide the latency of a dot product or a
 * multiply-add; the empty asm keeps them in registers. */
enum { CHAINS = 12, STEPS = 400000 };

#define PEAK_LOOP(vector, init, step)                                          \
  vector a[CHAINS];                                                            \
  for (int j = 0; j < CHAINS; ++j)                                             \
    a[j] = init;                                                               \
  double start = octet_now_ns();                                               \
  for (int i = 0; i < STEPS; ++i) {                                            \
    _Pragma("GCC unroll 12") for (int j = 0; j < CHAINS; ++j) a[j] = step;     \
    __asm__ volatile("" ::: "memory");                                         \
    __asm__ volatile(""                                                        \
                     : "+v"(a[0]), "+v"(a[1]), "+v"(a[2]), "+v"(a[3]),         \
                       "+v"(a[4]), "+v"(a[5]), "+v"(a[6]), "+v"(a[7]),         \
                       "+v"(a[8]), "+v"(a[9]), "+v"(a[10]), "+v"(a[11]));      \
  }                                                                            \
  return (double)CHAINS * STEPS / (octet_now_ns() - start);

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vnni"))) static double vnni_rate(void) {
  __m512i x = _mm512_set1_epi8(1), y = _mm512_set1_epi8(2);
  PEAK_LOOP(__m512i, _mm512_set1_epi32(j), _mm512_dpbusd_epi32(a[j], x, y))
}

__attribute__((target("avx512f"))) static double fma512_rate(void) {
  __m512 x = _mm512_set1_ps(1e-3f), y = _mm512_set1_ps(2e-3f);
  PEAK_LOOP(__m512, _mm512_set1_ps(j), _mm512_fmadd_ps(a[j], x, y))
}

__attribute__((target("avx2"))) static double maddwd_rate(void) {
  __m256i x = _mm256_set1_epi16(1);
  PEAK_LOOP(__m256i, _mm256_set1_epi32(j),
            _mm256_add_epi32(a[j], _mm256_madd_epi16(a[j], x)))
}

__attribute__((target("avx2,fma"))) static double fma256_rate(void) {
  __m256 x = _mm256_set1_ps(1e-3f), y = _mm256_set1_ps(2e-3f);
  PEAK_LOOP(__m256, _mm256_set1_ps(j), _mm256_fmadd_ps(a[j], x, y))
}
#endif

static double larger(double a, double b) { return a > b ? a : b; }

void octet_measure_peaks(octet_machine *machine) {
#if defined(__x86_64__)
  double int8 = 0, fp32 = 0;
  if (__builtin_cpu_supports("avx512vnni")) {
    int8 = 128 * vnni_rate();
    fp32 = 32 * fma512_rate();
  } else if (__builtin_cpu_supports("avx2")) {
    int8 = 32 * maddwd_rate();
    fp32 = 16 * fma256_rate();
  }
  machine->peak_int8_gops = larger(machine->peak_int8_gops, int8);
  machine->peak_fp32_gflops = larger(machine->peak_fp32_gflops, fp32);
#else
  (void)larger;
#endif
}
