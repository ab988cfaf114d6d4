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
  octet_find_caches(machine);
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
  for (int i = 0; i < STEPS; ++i) {                                            \
    _Pragma("GCC unroll 12") for (int j = 0; j < CHAINS; ++j) a[j] = step;     \
    __asm__ volatile("" ::: "memory");                                         \
    KEEP(a[0], a[1], a[2], a[3], a[4], a[5]);                                  \
    KEEP(a[6], a[7], a[8], a[9], a[10], a[11]);                                \
  }

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vnni"))) static void vnni_loop(void) {
  __m512i x = _mm512_set1_epi8(1), y = _mm512_set1_epi8(2);
  PEAK_LOOP(__m512i, _mm512_set1_epi32(j), _mm512_dpbusd_epi32(a[j], x, y))
}

__attribute__((target("avx512f"))) static void fma512_loop(void) {
  __m512 x = _mm512_set1_ps(1e-3f), y = _mm512_set1_ps(2e-3f);
  PEAK_LOOP(__m512, _mm512_set1_ps(j), _mm512_fmadd_ps(a[j], x, y))
}

__attribute__((target("avx2,avxvnni"))) static void vnni256_loop(void) {
  __m256i x = _mm256_set1_epi8(1), y = _mm256_set1_epi8(2);
  PEAK_LOOP(__m256i, _mm256_set1_epi32(j), _mm256_dpbusd_avx_epi32(a[j], x, y))
}

__attribute__((target("avx2"))) static void maddwd_loop(void) {
  __m256i x = _mm256_set1_epi16(1);
  PEAK_LOOP(__m256i, _mm256_set1_epi32(j),
            _mm256_add_epi32(a[j], _mm256_madd_epi16(a[j], x)))
}

__attribute__((target("avx2,fma"))) static void fma256_loop(void) {
  __m256 x = _mm256_set1_ps(1e-3f), y = _mm256_set1_ps(2e-3f);
  PEAK_LOOP(__m256, _mm256_set1_ps(j), _mm256_fmadd_ps(a[j], x, y))
}
#endif

#if defined(__aarch64__)
__attribute__((target("dotprod"))) static void sdot_loop(void) {
  int8x16_t x = vdupq_n_s8(1), y = vdupq_n_s8(2);
  PEAK_LOOP(int32x4_t, vdupq_n_s32(j), vdotq_s32(a[j], x, y))
}

__attribute__((target("i8mm"))) static void usmmla_loop(void) {
  uint8x16_t x = vdupq_n_u8(1);
  int8x16_t y = vdupq_n_s8(2);
  PEAK_LOOP(int32x4_t, vdupq_n_s32(j), vusmmlaq_s32(a[j], x, y))
}

static void sadalp_loop(void) {
  int8x8_t x = vdup_n_s8(1), y = vdup_n_s8(2);
  PEAK_LOOP(int32x4_t, vdupq_n_s32(j),
            vpadalq_s16(a[j], vmlal_s8(vmull_s8(x, y), x, y)))
}

static void fma_loop(void) {
  float32x4_t x = vdupq_n_f32(1e-3f), y = vdupq_n_f32(2e-3f);
  PEAK_LOOP(float32x4_t, vdupq_n_f32(j), vfmaq_f32(a[j], x, y))
}
#endif

/* The best loop of this CPU and the operations of its instruction. */
typedef struct {
  void (*loop)(void);
  int operations;
} peak_loop;

static peak_loop int8_loop(uint64_t features) {
#if defined(__x86_64__)
  if (features & OCTET_CPU_AVX512_VNNI)
    return (peak_loop){vnni_loop, 128};
  if (features & OCTET_CPU_AVX_VNNI)
    return (peak_loop){vnni256_loop, 64};
  if (features & OCTET_CPU_X86_64_V3)
    return (peak_loop){maddwd_loop, 32};
#elif defined(__aarch64__)
  if (features & OCTET_CPU_I8MM)
    return (peak_loop){usmmla_loop, 64};
  return features & OCTET_CPU_DOTPROD ? (peak_loop){sdot_loop, 32}
                                      : (peak_loop){sadalp_loop, 32};
#endif
  (void)features;
  return (peak_loop){NULL, 0};
}

static peak_loop fp32_loop(uint64_t features) {
#if defined(__x86_64__)
  if (features & OCTET_CPU_X86_64_V4)
    return (peak_loop){fma512_loop, 32};
  if (features & OCTET_CPU_X86_64_V3)
    return (peak_loop){fma256_loop, 16};
#elif defined(__aarch64__)
  (void)features;
  return (peak_loop){fma_loop, 8};
#endif
  (void)features;
  return (peak_loop){NULL, 0};
}

static void run_loop(void *loop, int64_t thread) {
  (void)thread;
  ((const peak_loop *)loop)->loop();
}

static void wake(void *state, int64_t thread) {
  (void)state;
  (void)thread;
}

/* Billions of operations in a second, of all threads together. */
static double rate(peak_loop loop, octet_pool *pool) {
  if (!loop.loop)
    return 0;
  int32_t threads = octet_pool_threads(pool);
  octet_pool_run(pool, threads, wake, NULL);
  double start = octet_now_ns();
  octet_pool_run(pool, threads, run_loop, &loop);
  return (double)CHAINS * STEPS * loop.operations * threads /
         (octet_now_ns() - start);
}

static double larger(double a, double b) { return a > b ? a : b; }

void octet_measure_peaks(octet_machine *machine, octet_pool *pool) {
  uint64_t features = octet_cpu_features();
  machine->peak_int8_gops =
      larger(machine->peak_int8_gops, rate(int8_loop(features), pool));
  machine->peak_fp32_gflops =
      larger(machine->peak_fp32_gflops, rate(fp32_loop(features), pool));
}
