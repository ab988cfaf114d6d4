//===- samples.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/samples.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first dimension that all inputs have, or 0; outputs must have one too, to
 * be joined along it. */
static int64_t common_dimension(const octet_model *model) {
  for (int32_t i = 0; i < model->num_outputs; ++i)
    if (model->outputs[i].rank == 0)
      return 0;
  int64_t common = 0;
  for (int32_t i = 0; i < model->num_inputs; ++i) {
    const octet_tensor *t = &model->inputs[i];
    if (t->rank == 0 || (i > 0 && t->shape[0] != common))
      return 0;
    common = t->shape[0];
  }
  return common;
}

/* True if the array's dimensions from `from` on are the tensor's last ones. */
static int ends_with(const octet_array *array, int from, const octet_tensor *t,
                     int skip) {
  if (array->rank - from != t->rank - skip)
    return 0;
  for (int d = 0; d < array->rank - from; ++d)
    if (array->shape[from + d] != t->shape[skip + d])
      return 0;
  return 1;
}

/* The samples that `array` holds for input `t` in `form`; 0 if it is of another
 * shape. */
static int64_t count_in(const octet_samples *s, octet_form form,
                        const octet_array *array, const octet_tensor *t) {
  switch (form) {
  case OCTET_FORM_BATCH:
    return t->rank > 0 && array->rank == t->rank && ends_with(array, 1, t, 1)
               ? array->shape[0]
               : 0;
  case OCTET_FORM_OWN:
    return ends_with(array, 0, t, 0);
  case OCTET_FORM_STACKED:
    return array->rank == t->rank + 1 && ends_with(array, 1, t, 0)
               ? array->shape[0]
               : 0;
  default:
    return s->common && array->rank == t->rank && ends_with(array, 1, t, 1) &&
                   array->shape[0] % s->common == 0
               ? array->shape[0] / s->common
               : 0;
  }
}

/* The shape that input `t` has in `form`, with `samples` of them or, for 0, any
 * number. */
static void print_form(const octet_samples *s, octet_form form, int64_t samples,
                       const octet_tensor *t, char text[200]) {
  char first[64] = "samples";
  if (samples > 0)
    snprintf(first, sizeof first, "%" PRId64,
             form == OCTET_FORM_JOINED ? samples * s->common : samples);
  else if (form == OCTET_FORM_JOINED && s->common > 1)
    snprintf(first, sizeof first, "samples * %" PRId64, s->common);
  char rest[160];
  int own = form == OCTET_FORM_OWN;
  int skip = form == OCTET_FORM_BATCH || form == OCTET_FORM_JOINED;
  octet_print_shape(t->shape + skip, t->rank - skip, rest);
  if (own)
    snprintf(text, 200, "%s", rest);
  else
    snprintf(text, 200, "[%s%s%s", first, t->rank > skip ? ", " : "", rest + 1);
}

static int misfit(const octet_samples *s, const char *path,
                  const octet_array *array, const octet_tensor *t,
                  octet_error *error) {
  char given[160], one[200], stacked[200], joined[200] = "";
  octet_print_shape(array->shape, array->rank, given);
  const char *some = array->rank > 0 && array->shape[0] == 0
                         ? ", with at least one sample"
                         : "";
  if (s->form == OCTET_FORM_BATCH) {
    print_form(s, t->symbolic_batch ? OCTET_FORM_BATCH : OCTET_FORM_OWN, 0, t,
               one);
    return octet_fail(error,
                      "%s: array '%s' has shape %s and must have shape %s%s",
                      path, t->name, given, one, some);
  }
  print_form(s, OCTET_FORM_OWN, 0, t, one);
  print_form(s, OCTET_FORM_STACKED, 0, t, stacked);
  if (s->common)
    print_form(s, OCTET_FORM_JOINED, 0, t, joined);
  return octet_fail(error,
                    "%s: array '%s' has shape %s and must have shape %s, which "
                    "is one sample, or %s%s%s",
                    path, t->name, given, one, stacked, s->common ? " or " : "",
                    joined);
}

/* Input `i` holds another number of samples than the first that counts. */
static int disagreement(const octet_model *model, const octet_samples *s,
                        const char *path, int32_t i, int32_t first,
                        octet_error *error) {
  char given[160], other[160], wanted[200];
  const octet_tensor *t = &model->inputs[i];
  octet_print_shape(s->arrays[i]->shape, s->arrays[i]->rank, given);
  octet_print_shape(s->arrays[first]->shape, s->arrays[first]->rank, other);
  print_form(s, s->form, s->samples, t, wanted);
  return octet_fail(error,
                    "%s: array '%s' has shape %s and must have shape %s beside "
                    "array '%s' of shape %s: the same number of samples",
                    path, t->name, given, wanted, model->inputs[first].name,
                    other);
}

static int find_fixed(const octet_model *model, const char *path,
                      octet_samples *s, octet_error *error) {
  static const octet_form forms[] = {OCTET_FORM_OWN, OCTET_FORM_STACKED,
                                     OCTET_FORM_JOINED};
  s->form = OCTET_FORM_OWN;
  s->samples = 1;
  for (int32_t i = 0; i < model->num_inputs; ++i) {
    const octet_tensor *t = &model->inputs[i];
    int known = 0;
    for (int f = 0; f < 3 && !known; ++f) {
      int64_t count = count_in(s, forms[f], s->arrays[i], t);
      known = count > 0;
      if (known && i == 0) {
        s->form = forms[f];
        s->samples = count;
      }
    }
    if (!known)
      return misfit(s, path, s->arrays[i], t, error);
    if (count_in(s, s->form, s->arrays[i], t) != s->samples)
      return disagreement(model, s, path, i, 0, error);
  }
  return 0;
}

static int find_batch(const octet_model *model, const char *path,
                      octet_samples *s, octet_error *error) {
  int32_t first = -1;
  for (int32_t i = 0; i < model->num_inputs; ++i) {
    const octet_tensor *t = &model->inputs[i];
    octet_form form = t->symbolic_batch ? OCTET_FORM_BATCH : OCTET_FORM_OWN;
    int64_t count = count_in(s, form, s->arrays[i], t);
    if (count < 1)
      return misfit(s, path, s->arrays[i], t, error);
    if (!t->symbolic_batch)
      continue;
    if (first < 0) {
      first = i;
      s->samples = count;
      s->batch = t->shape[0];
    } else if (count != s->samples) {
      return disagreement(model, s, path, i, first, error);
    }
  }
  return 0;
}

int octet_samples_find(const octet_model *model, const char *path,
                       const octet_npz *npz, octet_samples *samples,
                       octet_error *error) {
  octet_samples s = {.form = OCTET_FORM_OWN, .samples = 1, .batch = 1};
  size_t count = model->num_inputs > 0 ? (size_t)model->num_inputs : 1;
  s.arrays = calloc(count, sizeof *s.arrays);
  if (!s.arrays)
    return octet_fail(error, "out of memory");
  int status = 0;
  for (int32_t i = 0; i < model->num_inputs && !status; ++i) {
    const char *name = model->inputs[i].name;
    if (model->inputs[i].symbolic_batch)
      s.form = OCTET_FORM_BATCH;
    s.arrays[i] = octet_npz_find(npz, name, error);
    if (!s.arrays[i] && error->text[0])
      status = -1;
    else if (!s.arrays[i])
      status = octet_fail(error,
                          "%s: has no array named '%s', the model's "
                          "input",
                          path, name);
  }
  if (!status && s.form == OCTET_FORM_BATCH) {
    status = find_batch(model, path, &s, error);
  } else if (!status) {
    s.common = common_dimension(model);
    status = find_fixed(model, path, &s, error);
  }
  if (status)
    octet_samples_free(&s);
  else
    *samples = s;
  return status;
}

void octet_samples_free(octet_samples *samples) {
  free((void *)samples->arrays);
  samples->arrays = NULL;
}

void octet_samples_describe(const octet_samples *samples, const octet_tensor *t,
                            octet_array *array) {
  memset(array, 0, sizeof *array);
  array->name = (char *)(uintptr_t)t->name;
  octet_array_set_dtype(array, t->dtype);
  int stacked = samples->form == OCTET_FORM_STACKED;
  array->rank = t->rank + stacked;
  for (int32_t d = 0; d < t->rank; ++d)
    array->shape[stacked + d] = t->shape[d];
  if (stacked)
    array->shape[0] = samples->samples;
  else if (samples->form == OCTET_FORM_JOINED)
    array->shape[0] = samples->samples * t->shape[0];
  else if (samples->form == OCTET_FORM_BATCH && t->symbolic_batch)
    array->shape[0] = t->shape[0] / samples->batch * samples->samples;
}

int64_t octet_samples_rows(const octet_samples *samples,
                           const octet_tensor *t) {
  if (octet_is_shared(samples, t))
    return 1;
  /* An output that begins with the inputs' first dimension has a row for each.
   */
  if (samples->common && samples->form != OCTET_FORM_STACKED && t->rank > 0 &&
      t->shape[0] == samples->common)
    return samples->samples * samples->common;
  return samples->samples;
}

const octet_array *octet_find_labels(const octet_model *model,
                                     const octet_npz *npz, octet_error *error) {
  for (int32_t i = 0; i < model->num_inputs; ++i)
    if (!strcmp(model->inputs[i].name, "labels"))
      return NULL;
  return octet_npz_find(npz, "labels", error);
}

int octet_check_labels(const char *path, const octet_array *labels,
                       int64_t rows, int64_t classes, const char *output,
                       octet_error *error) {
  if (octet_array_elements(labels) != rows) {
    char given[160];
    octet_print_shape(labels->shape, labels->rank, given);
    return octet_fail(error,
                      "%s: array 'labels' has shape %s and must have shape "
                      "[%" PRId64 "]: one class for each sample of output '%s'",
                      path, given, rows, output);
  }
  for (int64_t i = 0; i < rows; ++i) {
    double label = octet_array_number(labels, i);
    if (label >= 0 && label < (double)classes && label == trunc(label))
      continue;
    char value[40];
    octet_array_print(labels, i, value);
    return octet_fail(error,
                      "%s: entry %" PRId64 " of array 'labels' is %s, but "
                      "output '%s' has the classes 0 to %" PRId64,
                      path, i, value, output, classes - 1);
  }
  return 0;
}
