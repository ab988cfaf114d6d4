//===- output.h ---------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Files that appear whole or not at all. */

#ifndef OCTET_HARNESS_OUTPUT_H
#define OCTET_HARNESS_OUTPUT_H

#include "octet/Harness/array.h"
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *path;
  char *real; /* what `path` links to */
  char *part; /* what is written first; null if `path` is no regular file */
  FILE *file;
} octet_output;

/* Opens a file beside `path`; 0, or -1 with a message. `path` must outlive the
 * output. What exists and is no regular file is written in place. */
int octet_output_open(octet_output *output, const char *path,
                      octet_error *error);
/* Renames it to `path` if `status` is 0 and everything could be written, or
 * removes it; 0, or -1 with a message. */
int octet_output_close(octet_output *output, int status, octet_error *error);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_HARNESS_OUTPUT_H */
