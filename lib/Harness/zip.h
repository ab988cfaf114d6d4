//===- zip.h ------------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Archives with and without zip64, as far as NumPy writes and reads them. */

#ifndef OCTET_LIB_HARNESS_ZIP_H
#define OCTET_LIB_HARNESS_ZIP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reading: the archive is in memory, and entries lie where they are. */

typedef struct {
  const unsigned char *bytes;
  uint64_t size;
  uint64_t base; /* what stands before the archive */
  uint64_t at;   /* the next entry of the directory */
  uint64_t left; /* entries that remain */
} zip_reader;

enum { ZIP_STORED = 0, ZIP_DEFLATED = 8 };

typedef struct {
  const unsigned char *name;
  size_t name_length;
  int method;
  int encrypted;
  uint32_t crc;
  uint64_t size;             /* unpacked */
  uint64_t packed_size;      /* within the file */
  const unsigned char *data; /* packed; null if it is not within the file */
} zip_entry;

/* Finds the directory of `size` bytes; 0, or -1 if there is none. */
int zip_open(zip_reader *zip, const void *bytes, uint64_t size);
/* Reads the next entry: 1, 0 behind the last one, -1 if the directory is
 * damaged. */
int zip_next(zip_reader *zip, zip_entry *entry);

/* Writing: entries are stored, nothing is sought in. */

typedef struct {
  const char *name;
  const void *parts[2]; /* its bytes */
  uint64_t sizes[2];
  /* The writer's. */
  uint64_t offset;
  uint32_t crc;
} zip_source;

/* Writes an archive; 0, or -1 with errno. */
int zip_write(FILE *file, zip_source *sources, int count);

#endif /* OCTET_LIB_HARNESS_ZIP_H */
