//===- context.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Choosing a model's code for this CPU, and running it over samples. */

#include "octet/Runtime/cpu.h"
#include "octet/Runtime/octet.h"
#include "weak.h"

#include <stdlib.h>
#include <string.h>

struct octet_context {
  const octet_model *model; /* first: octet_run reads it */
  const octet_variant *variant;
  octet_options options;
  int64_t threads;
  char *memory; /* one slot for each thread */
  size_t slot_size;
  char *scratch; /* for each thread but the first, where they share a batch */
  size_t scratch_size;
  /* The call in progress. */
  const void *const *inputs;
  void *const *outputs;
  int64_t samples;
};

static size_t align(size_t size) {
  return (size + OCTET_ALIGNMENT - 1) / OCTET_ALIGNMENT * OCTET_ALIGNMENT;
}

static size_t tensor_bytes(const octet_tensor *t) {
  size_t bytes = octet_dtype_size(t->dtype);
  for (int32_t i = 0; i < t->rank; ++i)
    bytes *= (size_t)t->shape[i];
  return bytes;
}

static const octet_tensor *tensor_at(const octet_model *model, int32_t i) {
  return i < model->num_inputs ? &model->inputs[i]
                               : &model->outputs[i - model->num_inputs];
}

/* The samples of one inference: 1 where a sample is a tensor of its own shape.
 */
static int64_t batch_of(const octet_model *model) {
  for (int32_t i = 0; i < model->num_inputs; ++i)
    if (model->inputs[i].symbolic_batch)
      return model->inputs[i].shape[0];
  return 1;
}

static int is_symbolic(const octet_model *model) {
  int symbolic = 0;
  for (int32_t i = 0; i < model->num_inputs; ++i)
    symbolic |= model->inputs[i].symbolic_batch;
  return symbolic;
}

/* True where every batch writes an output that is there once. */
static int shares_outputs(const octet_model *model) {
  for (int32_t i = 0; i < model->num_outputs; ++i)
    if (is_symbolic(model) && !model->outputs[i].symbolic_batch)
      return 1;
  return 0;
}

OCTET_WEAK const octet_variant *octet_v4_choose(const octet_model *model,
                                                const char *isa,
                                                octet_status *status) {
  uint64_t features = octet_cpu_features();
  if (!isa)
    isa = getenv("OCTET_ISA");
  int named = isa && *isa, known = 0;
  for (int32_t i = 0; i < model->num_variants; ++i) {
    const octet_variant *variant = &model->variants[i];
    if (named && strcmp(isa, variant->isa) != 0)
      continue;
    known = 1;
    if ((variant->needs & ~features) == 0) {
      *status = OCTET_OK;
      return variant;
    }
  }
  *status = named && !known ? OCTET_NO_SUCH_ISA : OCTET_ISA_MISSING;
  return NULL;
}

/* What arguments are counted from: see octet_argument. */
static size_t count_bases(const octet_model *model) {
  return (size_t)(OCTET_TENSOR + model->num_inputs + model->num_outputs);
}

static size_t most_arguments(const octet_variant *variant) {
  int32_t most = 0;
  for (int64_t i = 0; i < variant->num_steps; ++i)
    if (variant->steps[i].num_arguments > most)
      most = variant->steps[i].num_arguments;
  return (size_t)most;
}

/* An arena and, for a batch that is not full, tensors of a whole one. */
static size_t slot_size(const octet_model *model,
                        const octet_variant *variant) {
  size_t size = align((size_t)variant->arena_size);
  if (batch_of(model) > 1)
    for (int32_t i = 0; i < model->num_inputs + model->num_outputs; ++i)
      size += align(tensor_bytes(tensor_at(model, i)));
  return size +
         align(sizeof(void *) * (count_bases(model) + most_arguments(variant)));
}

static int64_t threads_of(const octet_options *options) {
  return options && options->parallel_for && options->threads > 1
             ? options->threads
             : 1;
}

OCTET_WEAK size_t octet_v4_context_size(const octet_model *model,
                                        const octet_options *options) {
  octet_status status;
  const octet_variant *variant =
      octet_v4_choose(model, options ? options->isa : NULL, &status);
  if (!variant)
    return 0;
  size_t threads = (size_t)threads_of(options);
  return align(sizeof(octet_context)) + slot_size(model, variant) * threads +
         align((size_t)variant->scratch_size) * (threads - 1);
}

OCTET_WEAK octet_status octet_v4_context_create(const octet_model *model,
                                                const octet_options *options,
                                                void *memory, size_t size,
                                                octet_context **context) {
  octet_status status;
  const octet_variant *variant =
      octet_v4_choose(model, options ? options->isa : NULL, &status);
  if (!variant)
    return status;
  if (!memory || !context || (uintptr_t)memory % OCTET_ALIGNMENT)
    return OCTET_BAD_ARGUMENT;
  if (size < octet_v4_context_size(model, options))
    return OCTET_SMALL_MEMORY;
  octet_context *c = (octet_context *)memory;
  memset(c, 0, sizeof *c);
  c->model = model;
  c->variant = variant;
  if (options)
    c->options = *options;
  c->threads = threads_of(options);
  c->memory = (char *)memory + align(sizeof *c);
  c->slot_size = slot_size(model, variant);
  c->scratch = c->memory + c->slot_size * (size_t)c->threads;
  c->scratch_size = align((size_t)variant->scratch_size);
  *context = c;
  return OCTET_OK;
}

/* Steps */

/* A step that several threads share. */
typedef struct {
  const octet_context *context;
  const octet_step *step;
  void *const *arguments;
  char *scratch; /* of the first thread */
  int64_t threads;
} shared_step;

static void run_share(void *state, int64_t index) {
  const shared_step *s = (const shared_step *)state;
  const octet_step *step = s->step;
  char *scratch = s->scratch;
  if (index > 0)
    scratch =
        s->context->scratch + (size_t)(index - 1) * s->context->scratch_size;
  octet_step_kernel(step)(s->arguments, scratch,
                          step->parts * index / s->threads,
                          step->parts * (index + 1) / s->threads);
}

/* Cycles below which a thread's share costs more to hand over than it saves:
 * waking it, and fetching what it wrote from its caches. */
enum { SMALLEST_SHARE = 4000 };

static int64_t threads_for(const octet_step *step, int64_t threads) {
  int64_t worth = (int64_t)(step->work / SMALLEST_SHARE);
  threads = threads < worth ? threads : worth;
  return threads < step->parts ? threads : step->parts;
}

/* The address or number that is counted from `bases`. */
static void *resolve(const octet_variant *variant, void *const *bases,
                     octet_argument argument) {
  uint64_t offset = argument.offset;
  if (argument.base & OCTET_WIDE)
    offset = (uint64_t)variant->wide[offset];
  return (void *)((uintptr_t)bases[argument.base & ~OCTET_WIDE] +
                  (uintptr_t)offset);
}

/* Runs all steps; `bases` are what arguments are counted from, and behind them
 * is room for a step's arguments. */
static void run_steps(const octet_context *c, void **bases, int64_t threads) {
  const octet_variant *variant = c->variant;
  void **arguments = bases + count_bases(c->model);
  octet_trace trace = c->options.trace;
  if (trace)
    trace(c->options.trace_state, -1);
  const octet_argument *given = variant->arguments;
  for (int64_t i = 0; i < variant->num_steps; ++i) {
    const octet_step *step = &variant->steps[i];
    for (int32_t k = 0; k < step->num_arguments; ++k)
      arguments[k] = resolve(variant, bases, *given++);
    char *scratch =
        (char *)bases[OCTET_ARENA] + (size_t)step->scratch * OCTET_ALIGNMENT;
    int64_t share = threads > 1 ? threads_for(step, threads) : 1;
    if (share > 1) {
      shared_step shared = {c, step, arguments, scratch, share};
      c->options.parallel_for(c->options.pool, share, run_share, &shared);
    } else {
      octet_step_kernel(step)(arguments, scratch, 0, step->parts);
    }
    if (trace)
      trace(c->options.trace_state, i);
  }
}

/* Batches */

/* One batch from sample `first` on, in the memory of slot `slot`. */
static void run_batch(const octet_context *c, int64_t slot, int64_t first,
                      int64_t threads) {
  const octet_model *model = c->model;
  int64_t batch = batch_of(model);
  int64_t present = c->samples - first < batch ? c->samples - first : batch;
  int32_t count = model->num_inputs + model->num_outputs;
  char *arena = c->memory + (size_t)slot * c->slot_size;
  char *spare = arena + align((size_t)c->variant->arena_size);
  size_t pointers = count_bases(model) + most_arguments(c->variant);
  void **bases = (void **)(void *)(arena + c->slot_size -
                                   align(sizeof(void *) * pointers));
  bases[OCTET_NUMBER] = NULL;
  bases[OCTET_ARENA] = arena;
  bases[OCTET_WEIGHTS] = (void *)(uintptr_t)model->weights;
  void **tensors = bases + OCTET_TENSOR;
  int symbolic = is_symbolic(model);
  for (int32_t i = 0; i < count; ++i) {
    const octet_tensor *t = tensor_at(model, i);
    int is_input = i < model->num_inputs;
    size_t bytes = tensor_bytes(t), sample = bytes / (size_t)batch;
    char *given = is_input ? (char *)(uintptr_t)c->inputs[i]
                           : (char *)c->outputs[i - model->num_inputs];
    if (t->symbolic_batch || !symbolic)
      given += (size_t)first * sample;
    tensors[i] = given;
    if (t->symbolic_batch && present < batch) {
      /* The rest of the batch repeats the last sample. */
      if (is_input)
        for (int64_t b = 0; b < batch; ++b)
          memcpy(spare + (size_t)b * sample,
                 given + (size_t)(b < present ? b : present - 1) * sample,
                 sample);
      tensors[i] = spare;
    }
    if (batch > 1)
      spare += align(bytes);
  }
  run_steps(c, bases, threads);
  if (present == batch)
    return;
  for (int32_t i = 0; i < model->num_outputs; ++i) {
    const octet_tensor *t = &model->outputs[i];
    size_t sample = tensor_bytes(t) / (size_t)batch;
    if (t->symbolic_batch)
      memcpy((char *)c->outputs[i] + (size_t)first * sample,
             tensors[model->num_inputs + i], (size_t)present * sample);
  }
}

/* The batches of one of `threads` that have as many each. */
static void run_slot(void *state, int64_t slot) {
  const octet_context *c = (const octet_context *)state;
  int64_t batch = batch_of(c->model);
  int64_t each = (c->samples + batch - 1) / batch / c->threads;
  for (int64_t b = each * slot; b < each * (slot + 1); ++b)
    run_batch(c, slot, b * batch, 1);
}

OCTET_WEAK octet_status octet_v4_run(octet_context *c,
                                     const void *const *inputs,
                                     void *const *outputs, int64_t samples) {
  if (!c || !inputs || !outputs || samples < 1)
    return OCTET_BAD_ARGUMENT;
  for (int32_t i = 0; i < c->model->num_inputs; ++i)
    if (!inputs[i])
      return OCTET_BAD_ARGUMENT;
  for (int32_t i = 0; i < c->model->num_outputs; ++i)
    if (!outputs[i])
      return OCTET_BAD_ARGUMENT;
  c->inputs = inputs;
  c->outputs = outputs;
  c->samples = samples;
  int64_t batch = batch_of(c->model);
  int64_t batches = (samples + batch - 1) / batch;
  /* As many batches as there are threads run side by side, since that needs no
   * waiting for each other; the threads share each of the rest. */
  int64_t beside = c->threads > 1 && !shares_outputs(c->model)
                       ? batches / c->threads * c->threads
                       : 0;
  if (beside > 0)
    c->options.parallel_for(c->options.pool, c->threads, run_slot, c);
  for (int64_t b = beside; b < batches; ++b)
    run_batch(c, 0, b * batch, c->threads);
  return OCTET_OK;
}
