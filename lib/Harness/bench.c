//===- bench.c ------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The command `bench`. */

#include "program.h"

/* Fixed pseudo-random inputs: speed does not depend on them, but zeros and
 * denormals could. Integers may be indices: 0 and 1 are nearly always some. */
static void fill_inputs(const state *s) {
  uint32_t seed = 1;
  for (int i = 0; i < model->num_inputs; ++i) {
    const octet_tensor *t = &model->inputs[i];
    size_t size = octet_dtype_size(t->dtype);
    octet_array value = {.kind = 'f', .itemsize = 8};
    int64_t unused;
    for (int64_t k = 0; k < elements(t); ++k) {
      seed = seed * 1664525u + 1013904223u;
      double x = seed >> 31;
      if (t->dtype == OCTET_F32 || t->dtype == OCTET_F16 ||
          t->dtype == OCTET_F64)
        x = (seed >> 8) / 8388608.0 - 1.0;
      else if (t->dtype == OCTET_U8)
        x = seed >> 24;
      else if (t->dtype == OCTET_I8)
        x = (seed >> 24) - 128.0;
      value.data = (const unsigned char *)&x;
      octet_array_convert(&value, 0, 1, t->dtype,
                          (char *)s->inputs[i] + (size_t)k * size, &unused);
    }
  }
}

void measure(const state *s, double *ns, int64_t runs) {
  for (int64_t i = 0; i < runs; ++i) {
    double start = octet_now_ns();
    infer(s);
    ns[i] = octet_now_ns() - start;
  }
}

/* Answers each line "N" with the nanoseconds of N inferences, so that a driver
 * can interleave programs. */
static int serve(const state *s) {
  printf("octet-bench %s %lld %lld\n", model->precision,
         (long long)total_macs(), (long long)batch());
  fflush(stdout);
  long long runs;
  while (scanf("%lld", &runs) == 1 && runs > 0 && runs <= 1000000) {
    double *ns = malloc(runs * sizeof *ns);
    if (!ns)
      return refuse("out of memory");
    measure(s, ns, runs);
    for (long long i = 0; i < runs; ++i)
      printf("%.0f ", ns[i]);
    printf("\n");
    fflush(stdout);
    free(ns);
  }
  return 0;
}

void print_machine(const octet_machine *machine) {
  char threads[32];
  octet_print_threads(octet_pool_threads(pool), threads);
  printf("%s, %s, %s, peak %.0f GOPS int8, %.0f GFLOPS fp32", machine->cpu,
         machine->isa, threads, machine->peak_int8_gops,
         machine->peak_fp32_gflops);
}

void write_machine(FILE *file, const octet_machine *machine) {
  fprintf(file, "{\"cpu\": ");
  octet_json_string(file, machine->cpu);
  fprintf(file,
          ", \"isa\": \"%s\", \"peak_int8_gops\": %.2f, "
          "\"peak_fp32_gflops\": %.2f",
          machine->isa, machine->peak_int8_gops, machine->peak_fp32_gflops);
  /* `bench` alone does not measure bandwidths. */
  const double *rates = machine->gb_per_s;
  if (rates[OCTET_DRAM] > 0) {
    const int64_t *caches = machine->cache_bytes;
    fprintf(file, ", \"caches\": {\"L2\": %lld", (long long)caches[OCTET_L2]);
    if (caches[OCTET_L3])
      fprintf(file, ", \"L3\": %lld", (long long)caches[OCTET_L3]);
    fprintf(file, "}, \"bandwidths\": {\"L2\": %.2f", rates[OCTET_L2]);
    if (caches[OCTET_L3])
      fprintf(file, ", \"L3\": %.2f", rates[OCTET_L3]);
    fprintf(file, ", \"DRAM\": %.2f}", rates[OCTET_DRAM]);
  }
  fprintf(file, "}");
}

int command_bench(const options *o) {
  state s;
  if (start_threads(o->threads) || allocate(&s, pool, 1))
    return 1;
  fill_inputs(&s);
  infer(&s);
  if (o->serve)
    return serve(&s);
  if (o->layers)
    return time_layers(o, &s);
  /* About a second, at least 10 runs, unless told otherwise. */
  double first;
  measure(&s, &first, 1);
  int64_t runs = o->runs ? o->runs : (int64_t)(1e9 / (first + 1));
  runs = o->runs ? runs : runs < 10 ? 10 : runs > 100000 ? 100000 : runs;
  double *ns = malloc(runs * sizeof *ns);
  if (!ns)
    return refuse("out of memory");
  octet_machine machine;
  octet_describe_machine(&machine);
  for (int64_t done = 0; done < runs;) {
    int64_t chunk = runs - done < runs / 8 + 1 ? runs - done : runs / 8 + 1;
    octet_measure_peaks(&machine, pool);
    measure(&s, ns + done, chunk);
    done += chunk;
    octet_progress("timing", done, runs);
  }
  octet_timing t = octet_summarize(ns, runs);
  double gops = 2e-6 * total_macs() / t.median_ms;
  int int8 = !strcmp(model->precision, "int8");
  double peak = int8 ? machine.peak_int8_gops : machine.peak_fp32_gflops;
  print_machine(&machine);
  printf("\n");
  printf("%-10s %10s %10s %10s %9s %8s\n", "precision", "median", "min", "p95",
         "GOPS", "of peak");
  printf("%-10s %7.3f ms %7.3f ms %7.3f ms %9.1f %7.1f%%\n", model->precision,
         t.median_ms, t.min_ms, t.p95_ms, gops,
         peak > 0 ? 100 * gops / peak : 0);
  if (o->json) {
    octet_output output;
    FILE *file = open_output(&output, o->json);
    if (!file)
      return 1;
    fprintf(file, "{\"machine\": ");
    write_machine(file, &machine);
    fprintf(file, ", \"threads\": %d, \"programs\": [{\"path\": ",
            octet_pool_threads(pool));
    octet_json_string(file, program);
    fprintf(file,
            ", \"precision\": \"%s\", \"median_ms\": %.6f, \"min_ms\": %.6f, "
            "\"p95_ms\": %.6f, \"gops\": %.3f}]}\n",
            model->precision, t.median_ms, t.min_ms, t.p95_ms, gops);
    if (close_output(&output))
      return 1;
  }
  return 0;
}
