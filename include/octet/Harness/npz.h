//===- npz.h ------------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* NumPy .npz files: arrays in, arrays out. */

#ifndef OCTET_HARNESS_NPZ_H
#define OCTET_HARNESS_NPZ_H

#include "octet/Harness/array.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int count;
  octet_array *arrays;
  void *map; /* the file; null for one in the caller's memory */
  size_t map_size;
} octet_npz;

/* Opens `path`; returns 0, or -1 with `error` set. Arrays that cannot be read,
 * of text for instance, have a `problem` and no data: only who asks for them is
 * refused. */
int octet_npz_read(const char *path, octet_npz *npz, octet_error *error);
/* The same for the bytes of a file, called `path` in messages; they must
 * outlive `npz`. */
int octet_npz_parse(const char *path, const void *bytes, size_t size,
                    octet_npz *npz, octet_error *error);
void octet_npz_close(octet_npz *npz);

/* The array `name`; null if there is none or, with `error` set, if it cannot be
 * read. */
const octet_array *octet_npz_find(const octet_npz *npz, const char *name,
                                  octet_error *error);

/* Reads the .npy file of `size` bytes at `data` into `array`, whose name is
 * set; its elements stay where they are. 0, or -1 with `error` set. */
int octet_npy_parse(const char *path, const unsigned char *data, size_t size,
                    octet_array *array, octet_error *error);
/* Writes the header in front of `array`'s elements; returns its length. */
size_t octet_npy_header(const octet_array *array, char header[512]);

/* Writes arrays, each of the dtype it has. The file appears whole or not at
 * all. 0, or -1 with `error` set. */
int octet_npz_write(const char *path, const octet_array *arrays, int count,
                    octet_error *error);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_HARNESS_NPZ_H */
