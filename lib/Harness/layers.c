//===- layers.c -----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* `bench --layers`: the time of each layer, and what limits it. */

#include "program.h"

/* Where the time of one inference goes: to an entry for each layer, which may
 * have several steps. Observers, steps of no layer, are in no program that is
 * timed. */
typedef struct {
  double last, clock_ns, *ns;
} tracer;

static void take_time(void *state, int64_t step) {
  tracer *t = state;
  double now = octet_now_ns();
  if (step >= 0) {
    int32_t layer = variant->steps[step].layer;
    if (layer >= 0)
      t->ns[layer] += now - t->last - t->clock_ns;
  }
  t->last = now;
}

/* What the clock itself adds to the time between two looks at it. */
static double clock_cost(void) {
  enum { LOOKS = 1000 };
  double ns[LOOKS], last = octet_now_ns();
  for (int i = 0; i < LOOKS; ++i) {
    double now = octet_now_ns();
    ns[i] = now - last;
    last = now;
  }
  return octet_summarize(ns, LOOKS).median_ms * 1e6;
}

/* What was measured. */
typedef struct {
  octet_machine machine;
  int64_t runs;
  octet_timing whole; /* of inferences that are not traced */
  double *layer_ms;   /* medians, by layer */
  double total_ms;    /* the sum of those */
} profile;

typedef struct {
  double share, gops, percent_of_peak, gb_per_s;
  const char *bound;
} rating;

static double peak_for(const octet_machine *machine, const char *precision) {
  return strcmp(precision, "int8") ? machine->peak_fp32_gflops
                                   : machine->peak_int8_gops;
}

static rating rate(const profile *p, const char *precision, double ms,
                   int64_t macs, int64_t bytes) {
  double peak = peak_for(&p->machine, precision), operations = 2.0 * macs;
  rating r = {.bound = octet_bound(&p->machine, peak, operations, bytes)};
  if (ms > 0) {
    r.share = 100 * ms / p->total_ms;
    r.gops = 1e-6 * operations / ms;
    r.gb_per_s = 1e-6 * bytes / ms;
  }
  if (peak > 0)
    r.percent_of_peak = 100 * r.gops / peak;
  return r;
}

static int64_t total_bytes(void) {
  int64_t bytes = 0;
  for (int i = 0; i < variant->num_layers; ++i)
    bytes += variant->layers[i].bytes;
  return bytes;
}

/* Times */

/* Runs `runs` inferences with a row of `ns` for each. */
static void trace_runs(state *s, double clock_ns, double *ns, int64_t runs) {
  tracer t = {.clock_ns = clock_ns, .ns = ns};
  set_trace(s, pool, take_time, &t);
  for (int64_t i = 0; i < runs; ++i, t.ns += variant->num_layers)
    infer(s);
  set_trace(s, pool, NULL, NULL);
}

/* Traced and other inferences in turns, with peaks between. */
static void take_turns(state *s, profile *p, double *ns, double *whole) {
  double clock_ns = clock_cost();
  int64_t columns = variant->num_layers;
  for (int64_t done = 0; done < p->runs;) {
    int64_t left = p->runs - done, most = p->runs / 8 + 1;
    int64_t chunk = left < most ? left : most;
    octet_measure_peaks(&p->machine, pool);
    measure(s, whole + done, chunk);
    trace_runs(s, clock_ns, ns + done * columns, chunk);
    done += chunk;
    octet_progress("timing", done, p->runs);
  }
}

/* Medians of the columns of `ns`; `column` has room for one. */
static void summarize(profile *p, const double *ns, double *column) {
  int64_t columns = variant->num_layers;
  p->total_ms = 0;
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t i = 0; i < p->runs; ++i)
      column[i] = ns[i * columns + c];
    double ms = octet_summarize(column, p->runs).median_ms;
    /* No more than the clock's own time. */
    p->layer_ms[c] = ms > 0 ? ms : 0;
    p->total_ms += p->layer_ms[c];
  }
}

/* Half a second of each kind of inference, at least 10 and at most 10000,
 * unless told otherwise. */
static int64_t choose_runs(const options *o, const state *s) {
  if (o->runs)
    return o->runs;
  double first;
  measure(s, &first, 1);
  int64_t runs = (int64_t)(5e8 / (first + 1));
  return runs < 10 ? 10 : runs > 10000 ? 10000 : runs;
}

/* 0, or -1 without memory. */
static int fill_profile(const options *o, state *s, profile *p) {
  octet_describe_machine(&p->machine);
  p->runs = choose_runs(o, s);
  size_t columns = (size_t)variant->num_layers, runs = (size_t)p->runs;
  double *ns = calloc(columns * runs + 1, sizeof *ns);
  double *whole = malloc(runs * sizeof *whole);
  p->layer_ms = calloc(columns + 1, sizeof *p->layer_ms);
  int failed = !ns || !whole || !p->layer_ms ||
               octet_measure_bandwidths(&p->machine, pool);
  if (!failed) {
    take_turns(s, p, ns, whole);
    p->whole = octet_summarize(whole, p->runs);
    summarize(p, ns, whole);
  }
  free(whole);
  free(ns);
  return failed ? -1 : 0;
}

/* Reports */

static void print_levels(const octet_machine *machine) {
  for (int level = 0; level < OCTET_LEVELS; ++level)
    if (machine->gb_per_s[level] > 0) {
      printf("%s%s", level ? ", " : "", octet_level_name((octet_level)level));
      if (level < OCTET_DRAM)
        printf(" of %lld KiB", (long long)machine->cache_bytes[level] / 1024);
      printf(" %.1f GB/s", machine->gb_per_s[level]);
    }
}

static void print_row(const char *name, const char *op, const char *precision,
                      double ms, int64_t bytes, const rating *r,
                      const char *kernel) {
  size_t length = strlen(name);
  printf("%-28s %-20s %-5s %10.5f %6.1f%% %9.1f %7.1f%% %11lld %7.1f  %-8s%s\n",
         length > 28 ? name + length - 28 : name, op, precision, ms, r->share,
         r->gops, r->percent_of_peak, (long long)bytes, r->gb_per_s,
         r->bound ? r->bound : "-", kernel);
}

static void print_profile(const profile *p) {
  print_machine(&p->machine);
  printf("\n");
  print_levels(&p->machine);
  printf("\n\n%-28s %-20s %-5s %10s %7s %9s %8s %11s %7s  %-8s%s\n", "node",
         "op", "type", "ms", "share", "GOPS", "of peak", "bytes", "GB/s",
         "bound", "kernel");
  for (int i = 0; i < variant->num_layers; ++i) {
    const octet_layer *l = &variant->layers[i];
    rating r =
        rate(p, layer_text(l->precision), p->layer_ms[i], l->macs, l->bytes);
    print_row(layer_text(l->node), layer_text(l->op), layer_text(l->precision),
              p->layer_ms[i], l->bytes, &r, layer_text(l->kernel));
  }
  rating r =
      rate(p, model->precision, p->total_ms, total_macs(), total_bytes());
  r.bound = "";
  print_row("all layers", "", model->precision, p->total_ms, total_bytes(), &r,
            "");
  printf("\nan inference without looking at layers: median %.4f ms, min %.4f "
         "ms, p95 %.4f ms\n",
         p->whole.median_ms, p->whole.min_ms, p->whole.p95_ms);
}

static void write_layer(FILE *file, const profile *p, int64_t i) {
  const octet_layer *l = &variant->layers[i];
  rating r =
      rate(p, layer_text(l->precision), p->layer_ms[i], l->macs, l->bytes);
  fprintf(file, "%s\n  {\"name\": ", i ? "," : "");
  octet_json_string(file, layer_text(l->node));
  fprintf(file,
          ", \"op\": \"%s\", \"kernel\": \"%s\", \"precision\": \"%s\", "
          "\"ms\": %.6f, \"share\": %.4f, \"gops\": %.3f, "
          "\"percent_of_peak\": %.4f, \"bytes\": %lld, \"gb_per_s\": %.3f, "
          "\"bound\": ",
          layer_text(l->op), layer_text(l->kernel), layer_text(l->precision),
          p->layer_ms[i], r.share, r.gops, r.percent_of_peak,
          (long long)l->bytes, r.gb_per_s);
  if (r.bound)
    fprintf(file, "\"%s\"}", r.bound);
  else
    fprintf(file, "null}");
}

static int write_profile(const char *path, const profile *p) {
  octet_output output;
  FILE *file = open_output(&output, path);
  if (!file)
    return 1;
  fprintf(file, "{\"machine\": ");
  write_machine(file, &p->machine);
  fprintf(file, ", \"threads\": %d, \"path\": ", octet_pool_threads(pool));
  octet_json_string(file, program);
  rating r =
      rate(p, model->precision, p->total_ms, total_macs(), total_bytes());
  fprintf(file,
          ", \"precision\": \"%s\", \"target\": \"%s\", \"runs\": %lld, "
          "\"median_ms\": %.6f, \"min_ms\": %.6f, \"p95_ms\": %.6f, "
          "\"total_ms\": %.6f, \"gops\": %.3f, "
          "\"percent_of_peak\": %.4f, \"layers\": [",
          model->precision, variant->isa, (long long)p->runs,
          p->whole.median_ms, p->whole.min_ms, p->whole.p95_ms, p->total_ms,
          r.gops, r.percent_of_peak);
  for (int64_t i = 0; i < variant->num_layers; ++i)
    write_layer(file, p, i);
  fprintf(file, "\n]}\n");
  return close_output(&output);
}

int time_layers(const options *o, state *s) {
  profile p = {.runs = 0};
  if (fill_profile(o, s, &p))
    return refuse("out of memory");
  print_profile(&p);
  int status = o->json ? write_profile(o->json, &p) : 0;
  free(p.layer_ms);
  return status;
}
