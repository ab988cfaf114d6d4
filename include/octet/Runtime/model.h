//===- model.h ----------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The interface of a compiled model. C11, no dependencies. */

#ifndef OCTET_RUNTIME_MODEL_H
#define OCTET_RUNTIME_MODEL_H

#include <stdint.h>

#define OCTET_ABI_VERSION 1

typedef enum { OCTET_F32 = 0, OCTET_U8 = 1 } octet_dtype;

/* An input or output. The first dimension is the batch the program was
 * compiled for; `symbolic_batch` says that any number of samples may be run, a
 * batch at a time. */
typedef struct {
  const char *name;
  const int64_t *shape;
  int32_t rank;
  int32_t dtype;
  int32_t symbolic_batch;
} octet_tensor;

/* One operation of the graph and the kernel that computes it. */
typedef struct {
  const char *node;
  const char *op;
  const char *kernel;
  const char *precision;
  const char *note;
  const int64_t *shape;
  int32_t rank;
  int64_t macs;
  int64_t weight_bytes;
} octet_layer;

typedef struct {
  int32_t abi_version;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_layers;
  int32_t num_observed;
  const char *target;
  const char *precision;
  const char *model_hash;
  const octet_tensor *inputs;
  const octet_tensor *outputs;
  const octet_layer *layers;
  /* Names of the values that an instrumented program observes. */
  const char *const *observed;
  int64_t arena_size;
  /* Runs one batch. `arena` has arena_size bytes, aligned to 64; tensors are
   * dense, row-major, aligned to 4. Neither allocates nor does I/O. */
  void (*run)(void *arena, const void *const *inputs, void *const *outputs);
} octet_model;

/* The model of this program or library. */
extern const octet_model octet_compiled_model;

#endif /* OCTET_RUNTIME_MODEL_H */
