//===- machine.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/harness.h"
#include "octet/Runtime/cpu.h"

#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
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
  uint64_t features = octet_cpu_features();
#if defined(__x86_64__)
  machine->isa = features & OCTET_CPU_AVX512_VNNI ? "avx512vnni"
                 : features & OCTET_CPU_AVX_VNNI  ? "avxvnni"
                 : features & OCTET_CPU_X86_64_V3 ? "avx2"
                                                  : "x86-64";
#elif defined(__aarch64__)
  machine->isa = features & OCTET_CPU_I8MM      ? "neon-i8mm"
                 : features & OCTET_CPU_DOTPROD ? "neon-dotprod"
                                                : "neon";
#else
  (void)features;
  machine->isa = "generic";
#endif
}

/* Twelve independent accumulators hide the latency of a dot product or a
 * multiply-add; the empty asm keeps them in registers. */
enum { CHAINS = 12, STEPS = 400000 };

#if defined(__aarch64__)
#define KEEP(a, b, c, d, e, f)                                                 \
  __asm__ volatile("" : "+w"(a), "+w"(b), "+w"(c), "+w"(d), "+w"(e), "+w"(f))
#else
#define KEEP(a, b, c, d, e, f)                                                 \
  __asm__ volatile("" : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f))
#endif

#define PEAK_LOOP(vector, init, step)                                          \
  vector a[CHAINS];                                                            \
  for (int j = 0; j < CHAINS; ++j)                                             \
    a[j] = init;                                                               \
  double start = octet_now_ns();                                               \
  for (int i = 0; i < STEPS; ++i) {                                            \
    _Pragma("GCC unroll 12") for (int j = 0; j < CHAINS; ++j) a[j] = step;     \
    __asm__ volatile("" ::: "memory");                                         \
    KEEP(a[0], a[1], a[2], a[3], a[4], a[5]);                                  \
    KEEP(a[6], a[7], a[8], a[9], a[10], a[11]);                                \
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

__attribute__((target("avx2,avxvnni"))) static double vnni256_rate(void) {
  __m256i x = _mm256_set1_epi8(1), y = _mm256_set1_epi8(2);
  PEAK_LOOP(__m256i, _mm256_set1_epi32(j), _mm256_dpbusd_avx_epi32(a[j], x, y))
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

#if defined(__aarch64__)
__attribute__((target("dotprod"))) static double sdot_rate(void) {
  int8x16_t x = vdupq_n_s8(1), y = vdupq_n_s8(2);
  PEAK_LOOP(int32x4_t, vdupq_n_s32(j), vdotq_s32(a[j], x, y))
}

__attribute__((target("i8mm"))) static double usmmla_rate(void) {
  uint8x16_t x = vdupq_n_u8(1);
  int8x16_t y = vdupq_n_s8(2);
  PEAK_LOOP(int32x4_t, vdupq_n_s32(j), vusmmlaq_s32(a[j], x, y))
}

static double sadalp_rate(void) {
  int8x8_t x = vdup_n_s8(1), y = vdup_n_s8(2);
  PEAK_LOOP(int32x4_t, vdupq_n_s32(j),
            vpadalq_s16(a[j], vmlal_s8(vmull_s8(x, y), x, y)))
}

static double fma_rate(void) {
  float32x4_t x = vdupq_n_f32(1e-3f), y = vdupq_n_f32(2e-3f);
  PEAK_LOOP(float32x4_t, vdupq_n_f32(j), vfmaq_f32(a[j], x, y))
}
#endif

/* Billions of operations in a second, of the best instruction of this CPU. */
static double int8_peak(uint64_t features) {
#if defined(__x86_64__)
  if (features & OCTET_CPU_AVX512_VNNI)
    return 128 * vnni_rate();
  if (features & OCTET_CPU_AVX_VNNI)
    return 64 * vnni256_rate();
  if (features & OCTET_CPU_X86_64_V3)
    return 32 * maddwd_rate();
#elif defined(__aarch64__)
  if (features & OCTET_CPU_I8MM)
    return 64 * usmmla_rate();
  return features & OCTET_CPU_DOTPROD ? 32 * sdot_rate() : 32 * sadalp_rate();
#endif
  (void)features;
  return 0;
}

static double fp32_peak(uint64_t features) {
#if defined(__x86_64__)
  if (features & OCTET_CPU_X86_64_V4)
    return 32 * fma512_rate();
  if (features & OCTET_CPU_X86_64_V3)
    return 16 * fma256_rate();
#elif defined(__aarch64__)
  (void)features;
  return 8 * fma_rate();
#endif
  (void)features;
  return 0;
}

static double larger(double a, double b) { return a > b ? a : b; }

void octet_measure_peaks(octet_machine *machine) {
  uint64_t features = octet_cpu_features();
  machine->peak_int8_gops =
      larger(machine->peak_int8_gops, int8_peak(features));
  machine->peak_fp32_gflops =
      larger(machine->peak_fp32_gflops, fp32_peak(features));
}
