//===- npz_write.c --------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/npz.h"
#include "octet/Runtime/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put16(unsigned char *p, uint32_t x) {
  p[0] = x;
  p[1] = x >> 8;
}
static void put32(unsigned char *p, uint32_t x) {
  put16(p, x);
  put16(p + 2, x >> 16);
}

/* The .npy header of `array`, padded to 64 bytes as NumPy does. */
static size_t make_header(const octet_array *array, char header[512]) {
  char shape[256] = "";
  size_t used = 0;
  for (int i = 0; i < array->rank; ++i)
    used += snprintf(shape + used, sizeof shape - used, "%lld,",
                     (long long)array->shape[i]);
  int length =
      snprintf(header + 10, 502,
               "{'descr': '<%c%d', 'fortran_order': False, 'shape': (%s), }",
               array->kind, array->itemsize, shape);
  size_t total = (10 + length + 1 + 63) / 64 * 64;
  memset(header + 10 + length, ' ', total - 10 - length);
  header[total - 1] = '\n';
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  put16((unsigned char *)header + 8, total - 10);
  return total;
}

static int write_archive(FILE *file, const octet_array *arrays, int count) {
  /* Fields 10-29 of a local header are 12-31 of a directory entry. */
  struct {
    unsigned char fields[26];
    uint32_t offset;
  } *entries = calloc(count ? count : 1, sizeof *entries);
  if (!entries)
    return -1;
  uint64_t offset = 0;
  for (int i = 0; i < count; ++i) {
    char header[512];
    size_t head = make_header(&arrays[i], header);
    uint64_t data = octet_array_elements(&arrays[i]) * arrays[i].itemsize;
    uint64_t size = head + data;
    size_t name = strlen(arrays[i].name) + 4;
    if (offset + size + 30 + name > 0xfffffffeu) {
      free(entries);
      errno = EFBIG;
      return -1;
    }
    uLong crc = crc32(0, (unsigned char *)header, head);
    for (uint64_t done = 0; done < data; done += 1u << 30)
      crc = crc32(crc, arrays[i].data + done,
                  data - done > 1u << 30 ? 1u << 30 : data - done);
    unsigned char *f = entries[i].fields;
    put16(f, 20);
    put16(f + 8, 33); /* 1 January 1980: the same bytes every time */
    put32(f + 10, crc);
    put32(f + 14, size);
    put32(f + 18, size);
    put16(f + 22, name);
    entries[i].offset = offset;
    fwrite("PK\x03\x04", 1, 4, file);
    fwrite(f, 1, 26, file);
    fprintf(file, "%s.npy", arrays[i].name);
    fwrite(header, 1, head, file);
    fwrite(arrays[i].data, 1, data, file);
    offset += 30 + name + size;
  }
  uint64_t directory = offset;
  for (int i = 0; i < count; ++i) {
    unsigned char tail[14] = {0};
    put32(tail + 10, entries[i].offset);
    fwrite("PK\x01\x02\x14\x00", 1, 6, file);
    fwrite(entries[i].fields, 1, 26, file);
    fwrite(tail, 1, 14, file);
    fprintf(file, "%s.npy", arrays[i].name);
    offset += 46 + strlen(arrays[i].name) + 4;
  }
  free(entries);
  unsigned char end[22] = "PK\x05\x06";
  put16(end + 8, count);
  put16(end + 10, count);
  put32(end + 12, offset - directory);
  put32(end + 16, directory);
  fwrite(end, 1, 22, file);
  return ferror(file) ? -1 : 0;
}

int octet_npz_write(const char *path, const octet_array *arrays, int count,
                    octet_error *error) {
  octet_output output;
  if (octet_output_open(&output, path, error))
    return -1;
  int status = write_archive(output.file, arrays, count);
  if (status && errno == EFBIG)
    snprintf(error->text, sizeof error->text,
             "%s: the outputs do not fit the format's 4 GiB", path);
  else if (status)
    snprintf(error->text, sizeof error->text, "%s: cannot be written: %s", path,
             strerror(errno));
  return octet_output_close(&output, status, error);
}
