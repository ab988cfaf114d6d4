//===- harness.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//

//
//===----------------------------------------------------------------------===//
/* The command line of a compiled program. */

#include "octet/Runtime/harness.h"
#include "octet/Runtime/model.h"
#include "octet/Runtime/observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const octet_model *const model = &octet_compiled_model;
static const char *program;

static int refuse(const char *message) {
  fprintf(stderr, "%s: %s\n", program, message);
  return 1;
}

static int usage(void) {
  fprintf(stderr,
          "usage: %s COMMAND [FLAGS]\n"
          "  run     --input X.npz --output Y.npz   outputs for every sample\n"
          "  eval    --data D.npz [--json F]        top-1 and top-5\n"
          "  bench   [--runs N] [--json F]          latency and rate\n"
          "  inspect [--json F]                     layers and kernels\n",
          program);
  return 2;
}

/*===-- Flags
 * --------------------------------------------------------------===*/

typedef struct {
  const char *input, *output, *data, *json;
  int64_t runs;
  int serve;
} options;

static int parse(int argc, char **argv, options *o) {
  struct {
    const char *flag;
    const char **value;
  } texts[] = {{"--input", &o->input},
               {"--output", &o->output},
               {"-o", &o->output},
               {"--data", &o->data},
               {"--json", &o->json}};
  for (int i = 2; i < argc; ++i) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--serve")) {
      o->serve = 1;
      continue;
    }
    if (!value)
      return usage();
    int known = 0;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; ++t)
      if (!strcmp(argv[i], texts[t].flag)) {
        *texts[t].value = value;
        known = 1;
      }
    if (!strcmp(argv[i], "--runs") || !strcmp(argv[i], "--threads")) {
      char *end;
      long long number = strtoll(value, &end, 10);
      if (*end || number < 1 || number > 10000000)
        return refuse("a count must be a positive number");
      if (!strcmp(argv[i], "--runs"))
        o->runs = number;
      else if (number != 1)
        return refuse("this program was compiled for one thread; use "
                      "--threads 1");
      known = 1;
    }
    if (!known)
      return usage();
    ++i;
  }
  return 0;
}

/*===-- Tensors
 * ------------------------------------------------------------===*/

static int64_t elements(const octet_tensor *t) {
  int64_t count = 1;
  for (int32_t i = 0; i < t->rank; ++i)
    count *= t->shape[i];
  return count;
}

static size_t bytes(const octet_tensor *t) {
  return elements(t) * (t->dtype == OCTET_F32 ? 4 : 1);
}

static int64_t batch(void) {
  return model->inputs[0].rank ? model->inputs[0].shape[0] : 1;
}

/* Buffers for one batch. */
typedef struct {
  void *arena;
  void **inputs, **outputs;
} state;

static int allocate(state *s) {
  size_t size = (model->arena_size + 63) / 64 * 64;
  s->arena = aligned_alloc(64, size ? size : 64);
  s->inputs = calloc(model->num_inputs, sizeof *s->inputs);
  s->outputs = calloc(model->num_outputs, sizeof *s->outputs);
  if (!s->arena || !s->inputs || !s->outputs)
    return refuse("out of memory");
  for (int i = 0; i < model->num_inputs + model->num_outputs; ++i) {
    int is_input = i < model->num_inputs;
    const octet_tensor *t =
        is_input ? &model->inputs[i] : &model->outputs[i - model->num_inputs];
    void *buffer = aligned_alloc(64, (bytes(t) + 127) / 64 * 64);
    if (!buffer)
      return refuse("out of memory");
    (is_input ? s->inputs : s->outputs - model->num_inputs)[i] = buffer;
  }
  return 0;
}

static void infer(const state *s) {
  model->run(s->arena, (const void *const *)s->inputs, s->outputs);
}

/*===-- Running over a data set
 * --------------------------------------------===*/

/* The array that feeds input `i`, checked against its shape. */
static const octet_array *data_for(const char *path, const octet_npz *npz,
                                   int i) {
  const octet_tensor *t = &model->inputs[i];
  const octet_array *array = octet_npz_find(npz, t->name);
  if (!array) {
    fprintf(stderr, "%s: %s: has no array named '%s', the model's input\n",
            program, path, t->name);
    return NULL;
  }
  int fits = array->rank == t->rank && array->rank > 0;
  for (int d = 1; fits && d < t->rank; ++d)
    fits = array->shape[d] == t->shape[d];
  if (!fits || array->shape[0] < 1) {
    fprintf(stderr, "%s: %s: array '%s' must have shape [samples", program,
            path, t->name);
    for (int d = 1; d < t->rank; ++d)
      fprintf(stderr, ", %lld", (long long)t->shape[d]);
    fprintf(stderr, "]\n");
    return NULL;
  }
  return array;
}

static void load(const octet_tensor *t, const octet_array *array, int64_t from,
                 int64_t count, char *out) {
  if (t->dtype == OCTET_F32)
    octet_array_to_f32(array, from, count, (float *)out);
  else
    for (int64_t i = 0; i < count; ++i)
      out[i] = (char)octet_array_int(array, from + i);
}

/* Runs every sample of `npz`. Where `results` is given, it receives one array
 * of [samples, ...] for each output. Returns the samples, or -1. */
static int64_t run_all(const char *path, const octet_npz *npz, float **results,
                       const char *what) {
  state s;
  const octet_array *arrays[64];
  if (model->num_inputs > 64 || allocate(&s))
    return -1;
  for (int i = 0; i < model->num_inputs; ++i)
    if (!(arrays[i] = data_for(path, npz, i)))
      return -1;
  int64_t samples = arrays[0]->shape[0], size = batch();
  for (int i = 1; i < model->num_inputs; ++i)
    if (arrays[i]->shape[0] != samples) {
      refuse("the input arrays differ in their number of samples");
      return -1;
    }
  for (int i = 0; results && i < model->num_outputs; ++i) {
    int64_t each = elements(&model->outputs[i]);
    int64_t runs = (samples + size - 1) / size;
    if (!(results[i] = malloc(runs * each * sizeof(float) + 1))) {
      refuse("out of memory");
      return -1;
    }
  }
  for (int64_t at = 0; at < samples; at += size) {
    for (int i = 0; i < model->num_inputs; ++i) {
      const octet_tensor *t = &model->inputs[i];
      int64_t one = elements(t) / size;
      size_t width = t->dtype == OCTET_F32 ? 4 : 1;
      /* The last batch is filled up with its last sample. */
      for (int64_t b = 0; b < size; ++b) {
        int64_t sample = at + b < samples ? at + b : samples - 1;
        load(t, arrays[i], sample * one, one,
             (char *)s.inputs[i] + b * one * width);
      }
    }
    infer(&s);
    for (int i = 0; results && i < model->num_outputs; ++i)
      memcpy(results[i] + at / size * elements(&model->outputs[i]),
             s.outputs[i], bytes(&model->outputs[i]));
    octet_progress(what, at + size < samples ? at + size : samples, samples);
  }
  for (int i = 0; i < model->num_inputs; ++i)
    free(s.inputs[i]);
  for (int i = 0; i < model->num_outputs; ++i)
    free(s.outputs[i]);
  free(s.inputs);
  free(s.outputs);
  free(s.arena);
  return samples;
}

static int open_data(const char *path, octet_npz *npz) {
  octet_error error = {""};
  return octet_npz_read(path, npz, &error) ? refuse(error.text) : 0;
}

/*===-- Commands
 * -----------------------------------------------------------===*/

static int command_run(const options *o) {
  if (!o->input || !o->output)
    return usage();
  octet_npz npz;
  if (open_data(o->input, &npz))
    return 1;
  float **results = calloc(model->num_outputs, sizeof *results);
  octet_array *arrays = calloc(model->num_outputs, sizeof *arrays);
  if (!results || !arrays)
    return refuse("out of memory");
  int64_t samples = run_all(o->input, &npz, results, "running");
  if (samples < 0)
    return 1;
  for (int i = 0; i < model->num_outputs; ++i) {
    const octet_tensor *t = &model->outputs[i];
    arrays[i] = (octet_array){.name = (char *)t->name,
                              .kind = 'f',
                              .itemsize = 4,
                              .rank = t->rank,
                              .data = (const unsigned char *)results[i]};
    memcpy(arrays[i].shape, t->shape, t->rank * sizeof *t->shape);
    if (t->rank > 0 && t->shape[0] == batch())
      arrays[i].shape[0] = samples;
  }
  octet_error error = {""};
  int status = octet_npz_write(o->output, arrays, model->num_outputs, &error);
  octet_npz_close(&npz);
  return status ? refuse(error.text) : 0;
}

static FILE *open_json(const char *path) {
  FILE *file = fopen(path, "w");
  if (!file)
    fprintf(stderr, "%s: %s: cannot be written: %s\n", program, path,
            strerror(errno));
  return file;
}

static int64_t own_bytes(void) {
  FILE *file = fopen("/proc/self/exe", "rb");
  if (!file)
    return 0;
  fseek(file, 0, SEEK_END);
  int64_t size = ftell(file);
  fclose(file);
  return size;
}

static int command_eval(const options *o) {
  if (!o->data)
    return usage();
  octet_npz npz;
  if (open_data(o->data, &npz))
    return 1;
  const octet_array *labels = octet_npz_find(&npz, "labels");
  if (!labels)
    return refuse("the data has no array 'labels'; compare with another "
                  "program by `octet eval A B --data`");
  float **results = calloc(model->num_outputs, sizeof *results);
  if (!results)
    return refuse("out of memory");
  int64_t samples = run_all(o->data, &npz, results, "evaluating");
  if (samples < 0)
    return 1;
  int64_t classes = elements(&model->outputs[0]) / batch();
  if (labels->rank != 1 || labels->shape[0] != samples)
    return refuse("'labels' must hold one class for each sample");
  double top1 = 100 * octet_top_k(results[0], samples, classes, labels, 1);
  double top5 = 100 * octet_top_k(results[0], samples, classes, labels, 5);
  printf("%-10s %8s %8s %8s %12s\n", "precision", "samples", "top-1", "top-5",
         "bytes");
  printf("%-10s %8lld %7.2f%% %7.2f%% %12lld\n", model->precision,
         (long long)samples, top1, top5, (long long)own_bytes());
  if (o->json) {
    FILE *file = open_json(o->json);
    if (!file)
      return 1;
    fprintf(file, "{\"samples\": %lld, \"programs\": [{\"path\": ",
            (long long)samples);
    octet_json_string(file, program);
    fprintf(file,
            ", \"precision\": \"%s\", \"top1\": %.4f, \"top5\": %.4f, "
            "\"bytes\": %lld}]}\n",
            model->precision, top1, top5, (long long)own_bytes());
    fclose(file);
  }
  octet_npz_close(&npz);
  return 0;
}

/* Fixed pseudo-random inputs: speed does not depend on them, but zeros and
 * denormals could. */
static void fill_inputs(const state *s) {
  uint32_t seed = 1;
  for (int i = 0; i < model->num_inputs; ++i)
    for (int64_t k = 0; k < elements(&model->inputs[i]); ++k) {
      seed = seed * 1664525u + 1013904223u;
      if (model->inputs[i].dtype == OCTET_F32)
        ((float *)s->inputs[i])[k] = (seed >> 8) / 8388608.0f - 1.0f;
      else
        ((unsigned char *)s->inputs[i])[k] = seed >> 24;
    }
}

static void measure(const state *s, double *ns, int64_t runs) {
  for (int64_t i = 0; i < runs; ++i) {
    double start = octet_now_ns();
    infer(s);
    ns[i] = octet_now_ns() - start;
  }
}

static int64_t total_macs(void) {
  int64_t macs = 0;
  for (int i = 0; i < model->num_layers; ++i)
    macs += model->layers[i].macs;
  return macs;
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

static int command_bench(const options *o) {
  state s;
  if (allocate(&s))
    return 1;
  fill_inputs(&s);
  infer(&s);
  if (o->serve)
    return serve(&s);
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
    octet_measure_peaks(&machine);
    measure(&s, ns + done, chunk);
    done += chunk;
    octet_progress("timing", done, runs);
  }
  octet_timing t = octet_summarize(ns, runs);
  double gops = 2e-6 * total_macs() / t.median_ms;
  int int8 = !strcmp(model->precision, "int8");
  double peak = int8 ? machine.peak_int8_gops : machine.peak_fp32_gflops;
  printf("%s, %s, one thread, peak %.0f GOPS int8, %.0f GFLOPS fp32\n",
         machine.cpu, machine.isa, machine.peak_int8_gops,
         machine.peak_fp32_gflops);
  printf("%-10s %10s %10s %10s %9s %8s\n", "precision", "median", "min", "p95",
         "GOPS", "of peak");
  printf("%-10s %7.3f ms %7.3f ms %7.3f ms %9.1f %7.1f%%\n", model->precision,
         t.median_ms, t.min_ms, t.p95_ms, gops,
         peak > 0 ? 100 * gops / peak : 0);
  if (o->json) {
    FILE *file = open_json(o->json);
    if (!file)
      return 1;
    fprintf(file, "{\"machine\": {\"cpu\": ");
    octet_json_string(file, machine.cpu);
    fprintf(file,
            ", \"isa\": \"%s\", \"peak_int8_gops\": %.2f, "
            "\"peak_fp32_gflops\": %.2f}, \"programs\": [{\"path\": ",
            machine.isa, machine.peak_int8_gops, machine.peak_fp32_gflops);
    octet_json_string(file, program);
    fprintf(file,
            ", \"precision\": \"%s\", \"median_ms\": %.6f, \"min_ms\": %.6f, "
            "\"p95_ms\": %.6f, \"gops\": %.3f}]}\n",
            model->precision, t.median_ms, t.min_ms, t.p95_ms, gops);
    fclose(file);
  }
  return 0;
}

static int command_inspect(const options *o) {
  int64_t macs = total_macs(), int8 = 0;
  for (int i = 0; i < model->num_layers; ++i)
    if (!strcmp(model->layers[i].precision, "int8"))
      int8 += model->layers[i].macs;
  double share = macs ? 100.0 * int8 / macs : 0.0;
  printf("target %s, precision %s, arena %lld bytes, %.2f MMAC, %.2f%% of "
         "MACs in int8\n\n",
         model->target, model->precision, (long long)model->arena_size,
         macs / 1e6, share);
  printf("%-28s %-20s %-20s %-5s %12s %10s  %s\n", "node", "op", "output",
         "type", "MACs", "weights", "kernel");
  for (int i = 0; i < model->num_layers; ++i) {
    const octet_layer *l = &model->layers[i];
    char shape[96] = "";
    for (int d = 0, used = 0; d < l->rank && used < 80; ++d)
      used += snprintf(shape + used, sizeof shape - used, "%s%lld",
                       d ? "x" : "", (long long)l->shape[d]);
    size_t length = strlen(l->node);
    printf("%-28s %-20s %-20s %-5s %12lld %10lld  %s%s%s\n",
           length > 28 ? l->node + length - 28 : l->node, l->op, shape,
           l->precision, (long long)l->macs, (long long)l->weight_bytes,
           l->kernel, *l->note ? "  " : "", l->note);
  }
  if (o->json) {
    FILE *file = open_json(o->json);
    if (!file)
      return 1;
    fprintf(
        file,
        "{\"target\": \"%s\", \"precision\": \"%s\", \"arena_bytes\": %lld, "
        "\"macs\": %lld, \"int8_macs_percent\": %.4f, \"layers\": [",
        model->target, model->precision, (long long)model->arena_size,
        (long long)macs, share);
    for (int i = 0; i < model->num_layers; ++i) {
      const octet_layer *l = &model->layers[i];
      fprintf(file, "%s\n  {\"node\": ", i ? "," : "");
      octet_json_string(file, l->node);
      fprintf(file,
              ", \"op\": \"%s\", \"kernel\": \"%s\", \"precision\": "
              "\"%s\", \"macs\": %lld, \"weight_bytes\": %lld, "
              "\"note\": ",
              l->op, l->kernel, l->precision, (long long)l->macs,
              (long long)l->weight_bytes);
      octet_json_string(file, l->note);
      fprintf(file, ", \"output\": [");
      for (int d = 0; d < l->rank; ++d)
        fprintf(file, "%s%lld", d ? ", " : "", (long long)l->shape[d]);
      fprintf(file, "]}");
    }
    fprintf(file, "\n]}\n");
    fclose(file);
  }
  return 0;
}

/* Only in instrumented programs. */
static int command_calibrate(const options *o) {
  if (!o->data || !o->output)
    return usage();
  octet_npz npz;
  if (open_data(o->data, &npz))
    return 1;
  if (octet_observers_start(model->num_observed))
    return refuse("out of memory");
  int64_t samples = run_all(o->data, &npz, NULL, "calibrating");
  if (samples < 0)
    return 1;
  FILE *file = open_json(o->output);
  if (!file)
    return 1;
  octet_observers_write(file, model->model_hash, samples, model->observed,
                        model->num_observed);
  int status = ferror(file);
  return fclose(file) || status ? refuse("the ranges cannot be written") : 0;
}

int octet_harness_main(int argc, char **argv) {
  program = argv[0];
  options o = {0};
  if (model->abi_version != OCTET_ABI_VERSION)
    return refuse("the model was compiled for another version of the harness");
  if (argc < 2)
    return usage();
  int status = parse(argc, argv, &o);
  if (status)
    return status;
  if (!strcmp(argv[1], "run"))
    return command_run(&o);
  if (!strcmp(argv[1], "eval"))
    return command_eval(&o);
  if (!strcmp(argv[1], "bench"))
    return command_bench(&o);
  if (!strcmp(argv[1], "inspect"))
    return command_inspect(&o);
  if (!strcmp(argv[1], "calibrate") && model->num_observed > 0)
    return command_calibrate(&o);
  return usage();
}
