//===- octet.h ----------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The interface of a compiled model, for C99 and C++. A library or object that
 * `octet compile` writes defines one symbol, `NAME_model` of type octet_model;
 * everything else goes through it:
 *
 *   size_t size = octet_context_size(&NAME_model, NULL);
 *   void *memory = aligned_alloc(OCTET_ALIGNMENT, size);
 *   octet_context *context;
 *   octet_status status =
 *       octet_context_create(&NAME_model, NULL, memory, size, &context);
 *   if (status == OCTET_OK)
 *     status = octet_run(context, inputs, outputs, samples);
 *   free(memory);
 *
 * The model is constant and may be shared by any number of threads; a context
 * serves one call at a time. Creating a context reads the environment variable
 * OCTET_ISA and asks the CPU for its features; running neither allocates nor
 * does I/O. There is nothing to destroy: the memory is the caller's. */

#ifndef OCTET_H
#define OCTET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when this interface changes; octet_model.abi_version says which one a
 * model was compiled for. */
#define OCTET_ABI_VERSION 4
/* What a context's memory must be aligned to. Tensors need the alignment of
 * their elements only. */
#define OCTET_ALIGNMENT 64
/* No input or output of a model has more dimensions. */
#define OCTET_MAX_RANK 16

/* Little-endian; OCTET_BOOL is a byte of 0 or 1, OCTET_F16 IEEE's binary16. */
typedef enum {
  OCTET_F32 = 0,
  OCTET_U8 = 1,
  OCTET_I8 = 2,
  OCTET_I32 = 3,
  OCTET_I64 = 4,
  OCTET_BOOL = 5,
  OCTET_F16 = 6,
  OCTET_F64 = 7
} octet_dtype;

typedef enum {
  OCTET_OK = 0,
  OCTET_BAD_ARGUMENT = 1, /* a null pointer, no samples, memory unaligned */
  OCTET_SMALL_MEMORY = 2, /* less than octet_context_size */
  OCTET_NO_SUCH_ISA = 3,  /* the model has no code for the ISA asked for */
  OCTET_ISA_MISSING = 4   /* this CPU cannot run the ISA asked for, or any */
} octet_status;

/* An input or output: dense, row-major. Where `symbolic_batch` is set, the
 * first dimension is the batch the model was compiled for, or a multiple of it,
 * and the caller's tensor has as many samples as are run instead. */
typedef struct {
  const char *name;
  const int64_t *shape;
  int32_t rank;  /* at most OCTET_MAX_RANK */
  int32_t dtype; /* octet_dtype */
  int32_t symbolic_batch;
} octet_tensor;

/* One operation of the graph and the kernel that computes it. Texts are places
 * in the variant's `texts`, where each ends with a zero. */
typedef struct {
  int64_t macs;
  int64_t weight_bytes;
  int64_t bytes; /* of all buffers that its steps read and write, once each */
  uint32_t node;
  uint32_t op;
  uint32_t kernel;
  uint32_t precision;
  uint32_t note;
  uint32_t shape; /* a place in the variant's `shapes` */
  int32_t rank;
} octet_layer;

/* What an argument of a kernel is: a number, or an address in the arena, in the
 * weights, or in a tensor: OCTET_TENSOR + i for tensor i, inputs first.
 * OCTET_WIDE is added where 32 bits are too few. */
enum {
  OCTET_NUMBER = 0,
  OCTET_ARENA = 1,
  OCTET_WEIGHTS = 2,
  OCTET_TENSOR = 3,
  OCTET_WIDE = 1 << 30
};
typedef struct {
  /* Bytes from there, or the number's bits, followed by zeros; with OCTET_WIDE,
   * which of the variant's `wide` has them. */
  uint32_t offset;
  int32_t base;
} octet_argument;

/* Computes the parts [begin, end) of a step. Parts may be computed in any
 * order and at the same time, each with `scratch` memory of its own. */
typedef void (*octet_kernel)(void *const *arguments, void *scratch,
                             int64_t begin, int64_t end);

/* One call of a kernel. Its arguments are behind those of the step before. */
typedef struct {
  int32_t kernel; /* where it is: in bytes, from this step; octet_step_kernel */
  int32_t num_arguments;
  int32_t layer; /* which one it computes, or a part of; -1 for none */
  int32_t parts;
  uint32_t scratch; /* where in the arena, for whom has no other: in units of
                       OCTET_ALIGNMENT bytes */
  float work;       /* an estimate: cycles of one core */
} octet_step;

/* The code for one instruction set: steps one behind the other. Tables of a
 * model's layers and steps have no addresses in them, so that loading it need
 * not change them. */
typedef struct {
  const char *isa;      /* a target's name: "avx2", "neon-dotprod", ... */
  uint64_t needs;       /* CPU features */
  int64_t arena_size;   /* bytes of memory for one batch */
  int64_t scratch_size; /* more, for each further thread that shares a batch */
  int64_t num_layers;
  const octet_layer *layers;
  const char *texts;     /* of layers */
  const int64_t *shapes; /* of layers */
  int64_t num_steps;
  const octet_step *steps;
  const octet_argument *arguments; /* of the first step, and so on */
  const int64_t *wide;             /* of arguments */
} octet_variant;

typedef struct octet_model octet_model;
typedef struct octet_context octet_context;

/* A task of octet_parallel_for. */
typedef void (*octet_task)(void *state, int64_t index);
/* Calls task(state, i) once for every i in [0, count), in any order, from any
 * threads, and returns when all are done. `pool` is the caller's. */
typedef void (*octet_parallel_for)(void *pool, int64_t count, octet_task task,
                                   void *state);

/* Is called with -1 before the first step of a batch and with each step's index
 * behind it, by the thread that runs the batch. */
typedef void (*octet_trace)(void *state, int64_t step);

/* Zeros stand for the defaults. */
typedef struct {
  const char *isa; /* pins the instruction set; else OCTET_ISA, else the best */
  /* How many tasks of parallel_for work at a time, on batches of their own, or
   * on parts of one. Needs a parallel_for. */
  int32_t threads;
  octet_parallel_for parallel_for;
  void *pool;
  octet_trace trace;
  void *trace_state;
} octet_options;

/* A compiled model. */
struct octet_model {
  int32_t abi_version;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_variants;
  int32_t num_observed;
  const char *precision;  /* "int8" or "fp32" */
  const char *model_hash; /* what it was compiled from */
  const octet_tensor *inputs;
  const octet_tensor *outputs;
  const octet_variant *variants; /* best first */
  const void *weights;           /* of all variants */
  const char *const *observed;   /* values that calibration watches */
  const octet_variant *(*choose)(const octet_model *model, const char *isa,
                                 octet_status *status);
  size_t (*context_size)(const octet_model *model,
                         const octet_options *options);
  octet_status (*context_create)(const octet_model *model,
                                 const octet_options *options, void *memory,
                                 size_t size, octet_context **context);
  octet_status (*run)(octet_context *context, const void *const *inputs,
                      void *const *outputs, int64_t samples);
};

/* Bytes of one element. */
static inline size_t octet_dtype_size(int32_t dtype) {
  switch (dtype) {
  case OCTET_U8:
  case OCTET_I8:
  case OCTET_BOOL:
    return 1;
  case OCTET_F16:
    return 2;
  case OCTET_I64:
  case OCTET_F64:
    return 8;
  default:
    return 4;
  }
}

/* The kernel that `step`, where it lies in its table, calls. */
static inline octet_kernel octet_step_kernel(const octet_step *step) {
  return (octet_kernel)((intptr_t)step + step->kernel);
}

/* The code that a context with `isa` (null: OCTET_ISA, or the best) would run;
 * null, with the reason in `status`, if there is none. */
static inline const octet_variant *
octet_choose(const octet_model *model, const char *isa, octet_status *status) {
  return model->choose(model, isa, status);
}

/* Bytes that a context needs; `options` may be null. */
static inline size_t octet_context_size(const octet_model *model,
                                        const octet_options *options) {
  return model->context_size(model, options);
}

/* Makes a context in `memory`, aligned to OCTET_ALIGNMENT, which stays the
 * caller's and must outlive it. `options` may be null. */
static inline octet_status octet_context_create(const octet_model *model,
                                                const octet_options *options,
                                                void *memory, size_t size,
                                                octet_context **context) {
  return model->context_create(model, options, memory, size, context);
}

/* Computes the outputs of `samples` samples; `inputs` and `outputs` hold one
 * pointer for each tensor. Of a symbolic batch, a batch is run at a time; the
 * last need not be full. A tensor that has no symbolic batch beside others that
 * have is the same for all samples and there once. Where no input has one, a
 * sample is a tensor of its own shape, and `samples` of them lie behind each
 * other: [samples, *shape]. */
static inline octet_status octet_run(octet_context *context,
                                     const void *const *inputs,
                                     void *const *outputs, int64_t samples) {
  return (*(const octet_model *const *)context)
      ->run(context, inputs, outputs, samples);
}

#ifdef __cplusplus
}
#endif

#endif /* OCTET_H */
