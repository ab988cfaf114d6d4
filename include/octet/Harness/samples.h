//===- samples.h --------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* How the arrays of a data set hold the samples of a model; the table in
 * docs/Programs.md. */

#ifndef OCTET_HARNESS_SAMPLES_H
#define OCTET_HARNESS_SAMPLES_H

#include "octet/Harness/npz.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  /* [samples, ...] for a symbolic batch; other inputs are the same for all. */
  OCTET_FORM_BATCH,
  /* One sample: every array has its tensor's own shape. */
  OCTET_FORM_OWN,
  /* [samples, *shape] */
  OCTET_FORM_STACKED,
  /* [samples * d0, ...], where every tensor begins with d0. */
  OCTET_FORM_JOINED
} octet_form;

typedef struct {
  octet_form form;
  /* As octet_run counts them; at least 1. */
  int64_t samples;
  /* The first dimension that all inputs of a fixed batch share, along which
   * samples may be joined; 0 if they do not. */
  int64_t common;
  /* What octet_run takes at a time: the batch, or 1. */
  int64_t batch;
  /* The array of each input. */
  const octet_array **arrays;
} octet_samples;

/* Finds the arrays of `npz`, read from `path`, that are `model`'s inputs, and
 * how they hold samples. 0, or -1 with a sentence that names the array, its
 * shape and the shapes that would do. octet_samples_free after success. */
int octet_samples_find(const octet_model *model, const char *path,
                       const octet_npz *npz, octet_samples *samples,
                       octet_error *error);
void octet_samples_free(octet_samples *samples);

/* Gives `array` the name, dtype and shape that all samples of output `t` have.
 */
void octet_samples_describe(const octet_samples *samples, const octet_tensor *t,
                            octet_array *array);
/* The rows of output `t` that are judged, of equal size: one for each sample,
 * or for each of the `common` rows of samples that are not stacked. */
int64_t octet_samples_rows(const octet_samples *samples, const octet_tensor *t);
/* True if tensor `t` is the same for all samples, and there once. */
static inline int octet_is_shared(const octet_samples *samples,
                                  const octet_tensor *t) {
  return samples->form == OCTET_FORM_BATCH && !t->symbolic_batch;
}

/* The array of `npz` that has labels; null if there is none or, with `error`
 * set, if it cannot be read. An input of that name is none. */
const octet_array *octet_find_labels(const octet_model *model,
                                     const octet_npz *npz, octet_error *error);
/* Checks that `labels`, from `path`, has a class of `classes` for each of
 * `rows`, in any shape; 0, or -1 with a sentence. */
int octet_check_labels(const char *path, const octet_array *labels,
                       int64_t rows, int64_t classes, const char *output,
                       octet_error *error);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_HARNESS_SAMPLES_H */
