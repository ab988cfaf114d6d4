//===- program.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The model's tensors, and running it over a data set. */

#include "program.h"

#include <assert.h>
#include <stdatomic.h>
#include <unistd.h>

octet_pool *pool;

/* Tensors */

int64_t elements(const octet_tensor *t) {
  int64_t count = 1;
  for (int32_t i = 0; i < t->rank; ++i)
    count *= t->shape[i];
  return count;
}

static size_t bytes(const octet_tensor *t) {
  return (size_t)elements(t) * octet_dtype_size(t->dtype);
}

int64_t batch(void) {
  for (int i = 0; i < model->num_inputs; ++i)
    if (model->inputs[i].symbolic_batch)
      return model->inputs[i].shape[0];
  return 1;
}

int start_threads(int64_t threads) {
  if (threads < 2)
    return 0;
  pool = octet_pool_create((int32_t)threads, 1);
  if (pool)
    return 0;
  fprintf(stderr, "%s: %lld threads cannot be started; give --threads less\n",
          program, (long long)threads);
  return 1;
}

static octet_options options_for(octet_pool *threads) {
  return (octet_options){.threads = octet_pool_threads(threads),
                         .parallel_for = octet_pool_run,
                         .pool = threads};
}

int allocate(state *s, octet_pool *threads, int64_t batches) {
  const octet_options options = options_for(threads);
  size_t size = octet_context_size(model, &options);
  s->memory = aligned_alloc(OCTET_ALIGNMENT, size);
  s->inputs = calloc(model->num_inputs + 1, sizeof *s->inputs);
  s->outputs = calloc(model->num_outputs, sizeof *s->outputs);
  s->buffers =
      calloc(model->num_inputs + model->num_outputs, sizeof *s->buffers);
  if (!s->memory || !s->inputs || !s->outputs || !s->buffers)
    return refuse("out of memory");
  if (octet_context_create(model, &options, s->memory, size, &s->context))
    return refuse("the model cannot be loaded");
  for (int i = 0; i < model->num_inputs + model->num_outputs; ++i) {
    int is_input = i < model->num_inputs;
    const octet_tensor *t =
        is_input ? &model->inputs[i] : &model->outputs[i - model->num_inputs];
    size_t total = bytes(t) * (size_t)batches;
    void *buffer = aligned_alloc(64, (total + 127) / 64 * 64);
    if (!buffer)
      return refuse("out of memory");
    s->buffers[i] = buffer;
    if (is_input)
      s->inputs[i] = buffer;
    else
      s->outputs[i - model->num_inputs] = buffer;
  }
  return 0;
}

void set_trace(state *s, octet_pool *threads, octet_trace trace,
               void *trace_state) {
  octet_options options = options_for(threads);
  options.trace = trace;
  options.trace_state = trace_state;
  octet_status status =
      octet_context_create(model, &options, s->memory,
                           octet_context_size(model, &options), &s->context);
  assert(status == OCTET_OK && "there has been such a context");
  (void)status;
}

void infer(const state *s) {
  octet_run(s->context, (const void *const *)s->inputs, s->outputs, batch());
}

void release(state *s) {
  for (int i = 0; i < model->num_inputs + model->num_outputs; ++i)
    free(s->buffers[i]);
  free(s->buffers);
  free(s->inputs);
  free(s->outputs);
  free(s->memory);
}

int64_t total_macs(void) {
  int64_t macs = 0;
  for (int i = 0; i < variant->num_layers; ++i)
    macs += variant->layers[i].macs;
  return macs;
}

const char *layer_text(uint32_t place) { return variant->texts + place; }

/* Running over a data set */

/* Elements from `first` on that become an input's, `each` at a time. */
typedef struct {
  const octet_array *array;
  int64_t first, each;
  int32_t dtype;
  char *out;
  _Atomic int64_t bad; /* the first element that does not fit */
} loading;

static void load_part(void *state, int64_t part) {
  loading *l = state;
  int64_t at = part * l->each, bad;
  size_t size = octet_dtype_size(l->dtype);
  if (!octet_array_convert(l->array, l->first + at, l->each, l->dtype,
                           l->out + (size_t)at * size, &bad))
    return;
  int64_t least = l->bad;
  while (bad < least && !atomic_compare_exchange_weak(&l->bad, &least, bad))
    ;
}

/* Converts `count` times `each` elements from `first` on for input `i`; 0, or 1
 * after a message. */
static int load(const char *path, const octet_array *array, int i,
                int64_t first, int64_t count, int64_t each, void *out) {
  const octet_tensor *t = &model->inputs[i];
  loading l = {.array = array,
               .first = first,
               .each = each,
               .dtype = t->dtype,
               .out = out,
               .bad = INT64_MAX};
  octet_pool_run(pool, count, load_part, &l);
  int64_t bad = l.bad;
  if (bad == INT64_MAX)
    return 0;
  char value[40];
  octet_array_print(array, bad, value);
  fprintf(stderr,
          "%s: %s: element %lld of array '%s' is %s, which is no %s, the type "
          "of the model's input\n",
          program, path, (long long)bad, t->name, value,
          octet_dtype_name(t->dtype));
  return 1;
}

/* Memory for the outputs of all samples; 0, or 1 after a message. */
static int make_results(const octet_samples *samples, octet_array *results) {
  for (int i = 0; i < model->num_outputs; ++i) {
    const octet_tensor *t = &model->outputs[i];
    octet_samples_describe(samples, t, &results[i]);
    size_t size = (size_t)results[i].itemsize;
    int large = 0;
    for (int d = 0; d < results[i].rank; ++d)
      large |= __builtin_mul_overflow(size, (size_t)results[i].shape[d], &size);
    results[i].owned = large ? NULL : malloc(size + 1);
    results[i].data = results[i].owned;
    if (!results[i].owned)
      return refuse("out of memory");
  }
  return 0;
}

int load_shared(const char *path, const octet_samples *samples,
                const state *s) {
  for (int i = 0; i < model->num_inputs; ++i)
    if (octet_is_shared(samples, &model->inputs[i]) &&
        load(path, samples->arrays[i], i, 0, 1, elements(&model->inputs[i]),
             s->inputs[i]))
      return 1;
  return 0;
}

int load_batch(const char *path, const octet_samples *samples, int64_t at,
               int64_t present, const state *s) {
  for (int i = 0; i < model->num_inputs; ++i) {
    int64_t each = elements(&model->inputs[i]) / samples->batch;
    if (!octet_is_shared(samples, &model->inputs[i]) &&
        load(path, samples->arrays[i], i, at * each, present, each,
             s->inputs[i]))
      return 1;
  }
  return 0;
}

/* How many of `batches` batches run at a time: some for each thread, so that it
 * matters little who is done last, but no more than memory has room for. */
static int64_t batches_at_a_time(int64_t batches) {
  enum { MOST_EACH = 8, MOST_BYTES = 8 << 20 };
  int64_t threads = octet_pool_threads(pool);
  if (threads == 1)
    return 1;
  size_t size = 1;
  for (int i = 0; i < model->num_inputs; ++i)
    size += bytes(&model->inputs[i]);
  for (int i = 0; i < model->num_outputs; ++i)
    size += bytes(&model->outputs[i]);
  int64_t each = MOST_BYTES / (int64_t)size;
  int64_t most = threads * (each < 1 ? 1 : each < MOST_EACH ? each : MOST_EACH);
  return batches < most ? batches : most;
}

int run_all(const char *path, const octet_samples *samples,
            octet_array *results, const char *what) {
  state s;
  int64_t size = samples->batch;
  int64_t batches = batches_at_a_time((samples->samples + size - 1) / size);
  if (allocate(&s, pool, batches) ||
      (results && make_results(samples, results)) ||
      load_shared(path, samples, &s))
    return 1;
  int64_t most = batches * size;
  for (int64_t at = 0; at < samples->samples; at += most) {
    int64_t left = samples->samples - at, present = left < most ? left : most;
    if (load_batch(path, samples, at, present, &s))
      return 1;
    for (int i = 0; results && i < model->num_outputs; ++i) {
      const octet_tensor *t = &model->outputs[i];
      size_t each = bytes(t) / (size_t)size;
      s.outputs[i] = (char *)results[i].owned +
                     (octet_is_shared(samples, t) ? 0 : (size_t)at * each);
    }
    octet_run(s.context, (const void *const *)s.inputs, s.outputs, present);
    octet_progress(what, at + present, samples->samples);
  }
  release(&s);
  return 0;
}

int find_samples(const char *path, const octet_npz *npz,
                 octet_samples *samples) {
  octet_error error = {""};
  return octet_samples_find(model, path, npz, samples, &error)
             ? refuse(error.text)
             : 0;
}

int open_data(const char *path, octet_npz *npz) {
  octet_error error = {""};
  return octet_npz_read(path, npz, &error) ? refuse(error.text) : 0;
}

FILE *open_output(octet_output *output, const char *path) {
  octet_error error = {""};
  if (!strcmp(path, "-")) {
    fflush(stdout);
    *output = (octet_output){.path = "stdout",
                             .file = fdopen(dup(STDOUT_FILENO), "w")};
    if (!output->file)
      refuse("stdout: cannot be written");
    return output->file;
  }
  if (!octet_output_open(output, path, &error))
    return output->file;
  refuse(error.text);
  return NULL;
}

int close_output(octet_output *output) {
  octet_error error = {""};
  return octet_output_close(output, 0, &error) ? refuse(error.text) : 0;
}
