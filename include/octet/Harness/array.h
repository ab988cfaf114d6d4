//===- array.h ----------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Arrays as NumPy has them, and their elements. */

#ifndef OCTET_HARNESS_ARRAY_H
#define OCTET_HARNESS_ARRAY_H

#include "octet/Runtime/octet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A message for the user; empty while all is well. */
typedef struct {
  char text[1024];
} octet_error;

/* Sets the message; returns -1. */
__attribute__((format(printf, 2, 3))) int octet_fail(octet_error *error,
                                                     const char *format, ...);

typedef struct {
  char *name;
  char kind; /* 'f', 'i', 'u' or 'b', as in NumPy's dtype */
  int itemsize;
  int rank;
  /* A tensor's, or one axis more. */
  int64_t shape[OCTET_MAX_RANK + 1];
  const unsigned char *data; /* little-endian, row-major, of any alignment */
  void *owned;               /* data, if it had to be unpacked */
  char *problem;             /* of a file: why it cannot be read, else null */
} octet_array;

/* NumPy's name of an octet_dtype. */
const char *octet_dtype_name(int32_t dtype);
/* Gives `array` the kind and the itemsize of an octet_dtype. */
void octet_array_set_dtype(octet_array *array, int32_t dtype);

int64_t octet_array_elements(const octet_array *array);

/* Element `at` as a number; integers beyond 2^53 are rounded. */
double octet_array_number(const octet_array *array, int64_t at);
/* Element `at` as an integer; of a float the whole part, 0 beyond 64 bits. */
int64_t octet_array_int(const octet_array *array, int64_t at);

/* Converts elements [first, first + count) to `dtype`. Any number may become a
 * float, rounded; an integer or a bool only takes what it can hold. Returns 0,
 * or -1 with the index of the first element that does not fit in `bad`. */
int octet_array_convert(const octet_array *array, int64_t first, int64_t count,
                        int32_t dtype, void *out, int64_t *bad);

/* Element `at` as NumPy would print it. */
void octet_array_print(const octet_array *array, int64_t at, char text[40]);

/* `shape` as "[2, 3]", cut where `text` ends. */
void octet_print_shape(const int64_t *shape, int rank, char text[160]);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_HARNESS_ARRAY_H */
