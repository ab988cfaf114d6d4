//===- npz.h ------------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* NumPy .npz files: arrays in, arrays out. */

#ifndef OCTET_RUNTIME_NPZ_H
#define OCTET_RUNTIME_NPZ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCTET_MAX_RANK 16

/* A message for the user; empty while all is well. */
typedef struct {
  char text[512];
} octet_error;

typedef struct {
  char *name;
  char kind; /* 'f', 'i', 'u' or 'b', as in NumPy's dtype */
  int itemsize;
  int rank;
  int64_t shape[OCTET_MAX_RANK];
  const unsigned char *data; /* little-endian, row-major */
  void *owned;               /* data, if it had to be unpacked */
} octet_array;

typedef struct {
  int count;
  octet_array *arrays;
  void *map; /* the file; null for one in the caller's memory */
  size_t map_size;
} octet_npz;

/* Opens `path`; returns 0, or -1 with `error` set. */
int octet_npz_read(const char *path, octet_npz *npz, octet_error *error);
/* The same for the bytes of a file, called `path` in messages; they must
 * outlive `npz`. */
int octet_npz_parse(const char *path, const void *bytes, size_t size,
                    octet_npz *npz, octet_error *error);
void octet_npz_close(octet_npz *npz);

/* The array `name`, or null. */
const octet_array *octet_npz_find(const octet_npz *npz, const char *name);

int64_t octet_array_elements(const octet_array *array);

/* Converts elements [first, first + count) to float32. */
void octet_array_to_f32(const octet_array *array, int64_t first, int64_t count,
                        float *out);
/* Element `at` as an integer. */
int64_t octet_array_int(const octet_array *array, int64_t at);

/* Writes arrays of float32 or int64 (kind 'f' or 'i'). The file appears whole
 * or not at all. */
int octet_npz_write(const char *path, const octet_array *arrays, int count,
                    octet_error *error);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_RUNTIME_NPZ_H */
