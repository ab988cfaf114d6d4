//===- memory.c -----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Caches of this machine, how fast they are read, and what limits a computation
 * of so many operations on so many bytes. */

#define _GNU_SOURCE /* sched_getcpu */
#include "octet/Harness/harness.h"
#include "octet/Runtime/cpu.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Caches */

/* Reads what Linux says of a cache of `cpu`; false if there is no such text. */
static int describe(int cpu, int index, const char *what, char text[256]) {
  char path[128];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/%s",
           cpu, index, what);
  FILE *file = fopen(path, "re");
  int found = file && fgets(text, 256, file);
  if (file)
    fclose(file);
  return found;
}

/* "1024K" or "32M" in bytes. */
static int64_t bytes_of(const char *text) {
  char *unit;
  int64_t size = strtoll(text, &unit, 10);
  return *unit == 'K' ? size << 10 : *unit == 'M' ? size << 20 : size;
}

/* CPUs in a mask: hexadecimal digits, with commas. */
static int count_cpus(const char *mask) {
  int count = 0;
  for (; *mask; ++mask) {
    const char digit[2] = {*mask, '\0'};
    count += __builtin_popcountl(strtoul(digit, NULL, 16));
  }
  return count;
}

void octet_find_caches(octet_machine *machine) {
  int cpu = sched_getcpu();
  char text[256];
  machine->l3_cpus = 1;
  for (int i = 0; describe(cpu < 0 ? 0 : cpu, i, "level", text); ++i) {
    int level = atoi(text) - 2;
    if ((level != OCTET_L2 && level != OCTET_L3) ||
        !describe(cpu < 0 ? 0 : cpu, i, "type", text) || text[0] == 'I' ||
        !describe(cpu < 0 ? 0 : cpu, i, "size", text))
      continue;
    machine->cache_bytes[level] = bytes_of(text);
    if (level == OCTET_L3 &&
        describe(cpu < 0 ? 0 : cpu, i, "shared_cpu_map", text))
      machine->l3_cpus = count_cpus(text);
  }
#ifdef _SC_LEVEL2_CACHE_SIZE
  if (machine->cache_bytes[OCTET_L2] <= 0) {
    machine->cache_bytes[OCTET_L2] = sysconf(_SC_LEVEL2_CACHE_SIZE);
    machine->cache_bytes[OCTET_L3] = sysconf(_SC_LEVEL3_CACHE_SIZE);
    machine->l3_cpus = octet_allowed_cpus();
  }
#endif
  /* What most have that say nothing, small ones. */
  if (machine->cache_bytes[OCTET_L2] <= 0)
    machine->cache_bytes[OCTET_L2] = 512 << 10;
  if (machine->cache_bytes[OCTET_L3] <= machine->cache_bytes[OCTET_L2])
    machine->cache_bytes[OCTET_L3] = 0;
}

/* Bandwidths */

/* Reads `bytes`, a multiple of 8 vectors, in a loop whose loads are as wide as
 * the registers and wait for nothing. */
#define READ_LOOP(width)                                                       \
  typedef uint64_t vector __attribute__((vector_size(width), may_alias));      \
  const vector *v = (const vector *)data;                                      \
  vector a[8] = {{0}};                                                         \
  for (size_t i = 0; i < bytes / sizeof *v; i += 8)                            \
    _Pragma("GCC unroll 8") for (int j = 0; j < 8; ++j) a[j] |= v[i + j];      \
  vector all = a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6] | a[7];          \
  __asm__ volatile("" : : "m"(all) : "memory");

#if defined(__x86_64__)
__attribute__((noinline, target("avx512f"))) static void
read512(const void *data, size_t bytes) {
  READ_LOOP(64)
}

__attribute__((noinline, target("avx2"))) static void read256(const void *data,
                                                              size_t bytes) {
  READ_LOOP(32)
}
#endif

__attribute__((noinline)) static void read128(const void *data, size_t bytes) {
  READ_LOOP(16)
}

typedef void (*read_loop)(const void *data, size_t bytes);

static read_loop widest_loop(void) {
#if defined(__x86_64__)
  uint64_t features = octet_cpu_features();
  if (features & OCTET_CPU_X86_64_V4)
    return read512;
  if (features & OCTET_CPU_X86_64_V3)
    return read256;
#endif
  return read128;
}

/* What each thread reads, again and again: a part of its own of `memory`. */
typedef struct {
  read_loop loop;
  char *memory;
  size_t stride, bytes;
  int64_t times;
} reading;

static void touch(void *state, int64_t thread) {
  const reading *r = state;
  memset(r->memory + (size_t)thread * r->stride, 1, r->stride);
}

static void read_part(void *state, int64_t thread) {
  const reading *r = state;
  for (int64_t i = 0; i < r->times; ++i)
    r->loop(r->memory + (size_t)thread * r->stride, r->bytes);
}

/* GB/s of all threads together: the best of some short turns, the first of
 * which fills the caches. */
static double read_rate(reading *r, octet_pool *pool) {
  enum { TURNS = 5, BYTES_EACH = 32 << 20 };
  int32_t threads = octet_pool_threads(pool);
  r->times = BYTES_EACH / (int64_t)r->bytes + 1;
  double best = 0;
  for (int i = 0; i < TURNS; ++i) {
    double start = octet_now_ns();
    octet_pool_run(pool, threads, read_part, r);
    double rate = (double)r->bytes * (double)r->times * threads /
                  (octet_now_ns() - start);
    best = rate > best ? rate : best;
  }
  return best;
}

int octet_measure_bandwidths(octet_machine *machine, octet_pool *pool) {
  enum { LEAST = 32 << 20, MOST = 512 << 20, ROUND = 4096 };
  int64_t threads = octet_pool_threads(pool);
  int64_t l2 = machine->cache_bytes[OCTET_L2];
  int64_t l3 = machine->cache_bytes[OCTET_L3];
  /* Threads that share one L3. */
  int64_t sharing = threads < machine->l3_cpus ? threads : machine->l3_cpus;
  /* Half of a cache is surely in it, more than twice the size of all nearer
   * ones surely not. */
  int64_t size[OCTET_LEVELS] = {l2 / 2, l3 / 2 / sharing, 0};
  size[OCTET_L3] = size[OCTET_L3] > 2 * l2 ? size[OCTET_L3] : 2 * l2;
  int64_t far = 4 * (l3 > l2 ? l3 : l2) / sharing;
  far = far > LEAST / threads ? far : LEAST / threads;
  far = far < MOST / threads ? far : MOST / threads;
  size[OCTET_DRAM] = far > size[OCTET_L3] ? far : size[OCTET_L3];
  reading r = {.loop = widest_loop()};
  r.stride = (size_t)(size[OCTET_DRAM] + ROUND - 1) / ROUND * ROUND;
  r.memory = aligned_alloc(ROUND, r.stride * (size_t)threads);
  if (!r.memory)
    return -1;
  octet_pool_run(pool, threads, touch, &r);
  for (int level = 0; level < OCTET_LEVELS; ++level) {
    if (level == OCTET_L3 && !l3)
      continue;
    r.bytes = (size_t)size[level] / ROUND * ROUND;
    double rate = read_rate(&r, pool);
    if (rate > machine->gb_per_s[level])
      machine->gb_per_s[level] = rate;
  }
  free(r.memory);
  return 0;
}

/* The roofline */

const char *octet_level_name(octet_level level) {
  static const char *const names[OCTET_LEVELS] = {"L2", "L3", "DRAM"};
  return names[level];
}

octet_level octet_level_of(const octet_machine *machine, int64_t bytes) {
  for (int level = 0; level < OCTET_DRAM; ++level)
    if (bytes <= machine->cache_bytes[level])
      return (octet_level)level;
  return OCTET_DRAM;
}

const char *octet_bound(const octet_machine *machine, double peak,
                        double operations, int64_t bytes) {
  octet_level level = octet_level_of(machine, bytes);
  double bandwidth = machine->gb_per_s[level];
  if ((operations > 0 && peak <= 0) || bandwidth <= 0 ||
      (operations <= 0 && bytes <= 0))
    return NULL;
  double computing = operations > 0 ? operations / peak : 0;
  return computing > (double)bytes / bandwidth ? "compute"
                                               : octet_level_name(level);
}
