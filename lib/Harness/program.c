//===- program.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The model's tensors, and running it over a data set. */

#include "program.h"

#include <errno.h>

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

int allocate(state *s) {
  size_t size = octet_context_size(model, NULL);
  s->memory = aligned_alloc(OCTET_ALIGNMENT, size);
  s->inputs = calloc(model->num_inputs + 1, sizeof *s->inputs);
  s->outputs = calloc(model->num_outputs, sizeof *s->outputs);
  s->buffers =
      calloc(model->num_inputs + model->num_outputs, sizeof *s->buffers);
  if (!s->memory || !s->inputs || !s->outputs || !s->buffers)
    return refuse("out of memory");
  if (octet_context_create(model, NULL, s->memory, size, &s->context))
    return refuse("the model cannot be loaded");
  for (int i = 0; i < model->num_inputs + model->num_outputs; ++i) {
    int is_input = i < model->num_inputs;
    const octet_tensor *t =
        is_input ? &model->inputs[i] : &model->outputs[i - model->num_inputs];
    void *buffer = aligned_alloc(64, (bytes(t) + 127) / 64 * 64);
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

/* Running over a data set */

/* Converts elements [from, from + count) for input `i`; 0, or 1 after a
 * message. */
static int load(const char *path, const octet_array *array, int i, int64_t from,
                int64_t count, void *out) {
  const octet_tensor *t = &model->inputs[i];
  int64_t bad;
  if (!octet_array_convert(array, from, count, t->dtype, out, &bad))
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
        load(path, samples->arrays[i], i, 0, elements(&model->inputs[i]),
             s->inputs[i]))
      return 1;
  return 0;
}

int load_batch(const char *path, const octet_samples *samples, int64_t at,
               int64_t present, const state *s) {
  for (int i = 0; i < model->num_inputs; ++i) {
    int64_t each = elements(&model->inputs[i]) / samples->batch;
    if (!octet_is_shared(samples, &model->inputs[i]) &&
        load(path, samples->arrays[i], i, at * each, present * each,
             s->inputs[i]))
      return 1;
  }
  return 0;
}

int run_all(const char *path, const octet_samples *samples,
            octet_array *results, const char *what) {
  state s;
  if (allocate(&s) || (results && make_results(samples, results)))
    return 1;
  int64_t size = samples->batch;
  if (load_shared(path, samples, &s))
    return 1;
  for (int64_t at = 0; at < samples->samples; at += size) {
    int64_t left = samples->samples - at, present = left < size ? left : size;
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
  if (!octet_output_open(output, path, &error))
    return output->file;
  refuse(error.text);
  return NULL;
}

int close_output(octet_output *output) {
  octet_error error = {""};
  return octet_output_close(output, 0, &error) ? refuse(error.text) : 0;
}
