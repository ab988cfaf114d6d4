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
  return elements(t) * (t->dtype == OCTET_F32 ? 4 : 1);
}

int is_symbolic(void) {
  int symbolic = 0;
  for (int i = 0; i < model->num_inputs; ++i)
    symbolic |= model->inputs[i].symbolic_batch;
  return symbolic;
}

int64_t batch(void) {
  for (int i = 0; i < model->num_inputs; ++i)
    if (model->inputs[i].symbolic_batch)
      return model->inputs[i].shape[0];
  return model->num_inputs && model->inputs[0].rank ? model->inputs[0].shape[0]
                                                    : 1;
}

int allocate(state *s) {
  size_t size = octet_context_size(model, NULL);
  s->memory = aligned_alloc(OCTET_ALIGNMENT, size);
  s->inputs = calloc(model->num_inputs, sizeof *s->inputs);
  s->outputs = calloc(model->num_outputs, sizeof *s->outputs);
  if (!s->memory || !s->inputs || !s->outputs)
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
    (is_input ? s->inputs : s->outputs - model->num_inputs)[i] = buffer;
  }
  return 0;
}

void infer(const state *s) {
  octet_run(s->context, (const void *const *)s->inputs, s->outputs,
            is_symbolic() ? batch() : 1);
}

void release(state *s) {
  for (int i = 0; i < model->num_inputs; ++i)
    free(s->inputs[i]);
  for (int i = 0; i < model->num_outputs; ++i)
    free(s->outputs[i]);
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

/* True if input `i` is the same for all samples of a symbolic batch. */
static int is_shared(int i) {
  return is_symbolic() && !model->inputs[i].symbolic_batch;
}

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
  int shared = is_shared(i);
  int fits = array->rank == t->rank && (shared || array->rank > 0);
  for (int d = shared ? 0 : 1; fits && d < t->rank; ++d)
    fits = array->shape[d] == t->shape[d];
  if (!fits || (!shared && array->shape[0] < 1)) {
    fprintf(stderr, "%s: %s: array '%s' must have shape [", program, path,
            t->name);
    for (int d = 0; d < t->rank; ++d)
      if (d == 0 && !shared)
        fprintf(stderr, "samples");
      else
        fprintf(stderr, "%s%lld", d ? ", " : "", (long long)t->shape[d]);
    fprintf(stderr, "]\n");
    return NULL;
  }
  return array;
}

/* True if the data are one inference of a model of fixed shapes, not samples
 * stacked along the first axis. */
static int is_whole(const octet_npz *npz) {
  for (int i = 0; i < model->num_inputs; ++i) {
    const octet_tensor *t = &model->inputs[i];
    const octet_array *array = octet_npz_find(npz, t->name);
    if (t->symbolic_batch || !array || array->rank != t->rank)
      return 0;
    for (int d = 0; d < t->rank; ++d)
      if (array->shape[d] != t->shape[d])
        return 0;
  }
  return 1;
}

static void load(const octet_tensor *t, const octet_array *array, int64_t from,
                 int64_t count, char *out) {
  if (t->dtype == OCTET_F32)
    octet_array_to_f32(array, from, count, (float *)out);
  else
    for (int64_t i = 0; i < count; ++i)
      out[i] = (char)octet_array_int(array, from + i);
}

int64_t run_all(const char *path, const octet_npz *npz, float **results,
                const char *what) {
  state s;
  const octet_array *arrays[64];
  if (model->num_inputs > 64 || allocate(&s))
    return -1;
  int whole = is_whole(npz);
  for (int i = 0; i < model->num_inputs; ++i)
    if (!(arrays[i] = whole ? octet_npz_find(npz, model->inputs[i].name)
                            : data_for(path, npz, i)))
      return -1;
  int64_t samples = whole ? 1 : -1, size = whole ? 1 : batch();
  for (int i = 0; !whole && i < model->num_inputs; ++i)
    if (!is_shared(i) && samples < 0)
      samples = arrays[i]->shape[0];
    else if (!is_shared(i) && arrays[i]->shape[0] != samples) {
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
      if (is_shared(i)) {
        load(t, arrays[i], 0, elements(t), (char *)s.inputs[i]);
        continue;
      }
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
  release(&s);
  return samples;
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
