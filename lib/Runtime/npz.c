//===- npz.c --------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/npz.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static int fail(octet_error *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->text, sizeof error->text, format, args);
  va_end(args);
  return -1;
}

static uint32_t get16(const unsigned char *p) { return p[0] | p[1] << 8; }
static uint32_t get32(const unsigned char *p) {
  return get16(p) | get16(p + 2) << 16;
}
static uint64_t get64(const unsigned char *p) {
  return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* The .npy header */

/* The text after `key` in a header such as
 * {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } */
static const char *value_of(const char *header, const char *key) {
  const char *at = strstr(header, key);
  if (!at)
    return NULL;
  at = strchr(at + strlen(key), ':');
  if (!at)
    return NULL;
  for (++at; isspace((unsigned char)*at); ++at)
    ;
  return at;
}

static int parse_header(const char *path, const char *header,
                        octet_array *array, octet_error *error) {
  const char *descr = value_of(header, "'descr'");
  const char *order = value_of(header, "'fortran_order'");
  const char *shape = value_of(header, "'shape'");
  if (!descr || !order || !shape || *descr != '\'' || *shape != '(')
    return fail(error, "%s: array '%s' has a malformed header", path,
                array->name);
  array->kind = descr[2];
  array->itemsize = atoi(descr + 3);
  int known =
      (array->kind == 'f' && (array->itemsize == 4 || array->itemsize == 8)) ||
      ((array->kind == 'i' || array->kind == 'u') &&
       (array->itemsize == 1 || array->itemsize == 2 || array->itemsize == 4 ||
        array->itemsize == 8)) ||
      (array->kind == 'b' && array->itemsize == 1);
  if (!known || (descr[1] != '<' && descr[1] != '|'))
    return fail(error,
                "%s: array '%s' has a data type that is not supported; save it "
                "as float32 or uint8",
                path, array->name);
  if (strncmp(order, "False", 5) != 0)
    return fail(error,
                "%s: array '%s' is in Fortran order; save it with "
                "numpy.ascontiguousarray",
                path, array->name);
  array->rank = 0;
  for (++shape; *shape && *shape != ')';) {
    if (!isdigit((unsigned char)*shape)) {
      ++shape;
      continue;
    }
    if (array->rank == OCTET_MAX_RANK)
      return fail(error, "%s: array '%s' has too many dimensions", path,
                  array->name);
    errno = 0;
    char *end;
    long long size = strtoll(shape, &end, 10);
    if (errno || size < 0)
      return fail(error, "%s: array '%s' has an impossible shape", path,
                  array->name);
    array->shape[array->rank++] = size;
    shape = end;
  }
  return 0;
}

/* Checks that the array's elements fill the `size` bytes at `data`. */
static int parse_npy(const char *path, const unsigned char *data, size_t size,
                     octet_array *array, octet_error *error) {
  if (size < 12 || memcmp(data, "\x93NUMPY", 6) != 0)
    return fail(error, "%s: entry '%s' is not a NumPy array", path,
                array->name);
  size_t prefix = data[6] == 1 ? 10 : 12;
  size_t length = data[6] == 1 ? get16(data + 8) : get32(data + 8);
  if (length > size - prefix || length > 65536)
    return fail(error, "%s: array '%s' is cut short", path, array->name);
  char *header = malloc(length + 1);
  if (!header)
    return fail(error, "out of memory");
  memcpy(header, data + prefix, length);
  header[length] = '\0';
  int status = parse_header(path, header, array, error);
  free(header);
  if (status)
    return status;
  size_t bytes = array->itemsize;
  for (int i = 0; i < array->rank; ++i)
    if (__builtin_mul_overflow(bytes, (size_t)array->shape[i], &bytes))
      return fail(error, "%s: array '%s' has an impossible shape", path,
                  array->name);
  if (bytes != size - prefix - length)
    return fail(error, "%s: array '%s' does not fill its shape", path,
                array->name);
  array->data = data + prefix + length;
  return 0;
}

/* The zip archive */

static int inflate_entry(const char *path, const unsigned char *packed,
                         size_t packed_size, size_t size, octet_array *array,
                         octet_error *error) {
  /* Deflate cannot expand more than about 1032 times, and data of more than a
   * gigabyte are not that redundant unless they are meant to fill memory. */
  if (size / 1100 > packed_size ||
      (size > (UINT64_C(1) << 30) && size / 100 > packed_size))
    return fail(error, "%s: entry '%s' claims an impossible size", path,
                array->name);
  array->owned = malloc(size ? size : 1);
  if (!array->owned)
    return fail(error, "%s: array '%s' needs %zu bytes, out of memory", path,
                array->name, size);
  z_stream stream = {0};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return fail(error, "out of memory");
  size_t produced = 0, consumed = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    size_t in = packed_size - consumed, out = size - produced;
    stream.avail_in = in > 1u << 30 ? 1u << 30 : in;
    stream.avail_out = out > 1u << 30 ? 1u << 30 : out;
    stream.next_in = (unsigned char *)packed + consumed;
    stream.next_out = (unsigned char *)array->owned + produced;
    status = inflate(&stream, Z_NO_FLUSH);
    consumed = stream.next_in - packed;
    produced = stream.next_out - (unsigned char *)array->owned;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || produced != size)
    return fail(error, "%s: entry '%s' is damaged", path, array->name);
  return parse_npy(path, array->owned, size, array, error);
}

/* One entry of the central directory at `entry`; `left` bytes remain. */
static int read_entry(const char *path, const unsigned char *file,
                      size_t file_size, const unsigned char *entry,
                      octet_array *array, octet_error *error) {
  uint32_t method = get16(entry + 10), name_length = get16(entry + 28);
  uint64_t packed_size = get32(entry + 20), size = get32(entry + 24);
  uint64_t offset = get32(entry + 42);
  array->name = malloc(name_length + 1);
  if (!array->name)
    return fail(error, "out of memory");
  memcpy(array->name, entry + 46, name_length);
  array->name[name_length] = '\0';
  if (name_length > 4 && !strcmp(array->name + name_length - 4, ".npy"))
    array->name[name_length - 4] = '\0';
  /* Sizes of 4 GiB and more are in the zip64 extra field, in this order. */
  const unsigned char *extra = entry + 46 + name_length;
  const unsigned char *end = extra + get16(entry + 30);
  while (extra + 4 <= end && extra + 4 + get16(extra + 2) <= end) {
    const unsigned char *field = extra + 4;
    const unsigned char *field_end = field + get16(extra + 2);
    uint64_t *wide[] = {&size, &packed_size, &offset};
    if (get16(extra) == 1)
      for (int i = 0; i < 3; ++i)
        if (*wide[i] == 0xffffffffu && field + 8 <= field_end) {
          *wide[i] = get64(field);
          field += 8;
        }
    extra = field_end;
  }
  if (offset > file_size || file_size - offset < 30 ||
      get32(file + offset) != 0x04034b50)
    return fail(error, "%s: entry '%s' is damaged", path, array->name);
  uint64_t start =
      offset + 30 + get16(file + offset + 26) + get16(file + offset + 28);
  if (start > file_size || packed_size > file_size - start)
    return fail(error, "%s: entry '%s' is cut short", path, array->name);
  if (method == 0 && size == packed_size)
    return parse_npy(path, file + start, size, array, error);
  if (method == 8)
    return inflate_entry(path, file + start, packed_size, size, array, error);
  return fail(error, "%s: entry '%s' is compressed in an unknown way", path,
              array->name);
}

static int read_directory(const char *path, const unsigned char *file,
                          size_t size, octet_npz *npz, octet_error *error) {
  size_t end = 0;
  /* The end record lies in the last 64 KiB. */
  for (size_t back = 22; back <= size && back < 65558 && !end; ++back)
    if (get32(file + size - back) == 0x06054b50)
      end = size - back;
  if (size < 22 || get32(file + end) != 0x06054b50)
    return fail(error, "%s: not an .npz file, or cut short", path);
  size_t count = get16(file + end + 10), at = get32(file + end + 16);
  uint64_t packed = 0;
  npz->arrays = calloc(count ? count : 1, sizeof *npz->arrays);
  if (!npz->arrays)
    return fail(error, "out of memory");
  for (size_t i = 0; i < count; ++i) {
    if (at > size || size - at < 46 || get32(file + at) != 0x02014b50)
      return fail(error, "%s: the archive's directory is damaged", path);
    size_t length = 46 + get16(file + at + 28) + get16(file + at + 30) +
                    get16(file + at + 32);
    if (length > size - at)
      return fail(error, "%s: the archive's directory is damaged", path);
    ++npz->count;
    /* Entries that overlap could unpack the same bytes again and again. */
    packed += get32(file + at + 20);
    if (packed > size && get32(file + at + 20) != 0xffffffffu)
      return fail(error, "%s: the archive's entries overlap", path);
    if (read_entry(path, file, size, file + at, &npz->arrays[i], error))
      return -1;
    at += length;
  }
  return 0;
}

int octet_npz_read(const char *path, octet_npz *npz, octet_error *error) {
  memset(npz, 0, sizeof *npz);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) {
    fail(error, "%s: cannot be read: %s", path, strerror(errno));
    if (file >= 0)
      close(file);
    return -1;
  }
  if (!S_ISREG(info.st_mode) || info.st_size < 22) {
    close(file);
    return fail(error, "%s: not an .npz file, or cut short", path);
  }
  npz->map_size = info.st_size;
  npz->map = mmap(NULL, npz->map_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (npz->map == MAP_FAILED) {
    npz->map = NULL;
    return fail(error, "%s: cannot be mapped: %s", path, strerror(errno));
  }
  if (read_directory(path, npz->map, npz->map_size, npz, error)) {
    octet_npz_close(npz);
    return -1;
  }
  return 0;
}

int octet_npz_parse(const char *path, const void *bytes, size_t size,
                    octet_npz *npz, octet_error *error) {
  memset(npz, 0, sizeof *npz);
  if (read_directory(path, bytes, size, npz, error)) {
    octet_npz_close(npz);
    return -1;
  }
  return 0;
}

void octet_npz_close(octet_npz *npz) {
  for (int i = 0; i < npz->count; ++i) {
    free(npz->arrays[i].name);
    free(npz->arrays[i].owned);
  }
  free(npz->arrays);
  if (npz->map)
    munmap(npz->map, npz->map_size);
  memset(npz, 0, sizeof *npz);
}

/* Elements */

const octet_array *octet_npz_find(const octet_npz *npz, const char *name) {
  for (int i = 0; i < npz->count; ++i)
    if (!strcmp(npz->arrays[i].name, name))
      return &npz->arrays[i];
  return NULL;
}

int64_t octet_array_elements(const octet_array *array) {
  int64_t count = 1;
  for (int i = 0; i < array->rank; ++i)
    count *= array->shape[i];
  return count;
}

static double element(const octet_array *array, int64_t at) {
  const unsigned char *p = array->data + at * array->itemsize;
  if (array->kind == 'f') {
    float f;
    double d;
    if (array->itemsize == 4) {
      memcpy(&f, p, 4);
      return f;
    }
    memcpy(&d, p, 8);
    return d;
  }
  return (double)octet_array_int(array, at);
}

int64_t octet_array_int(const octet_array *array, int64_t at) {
  const unsigned char *p = array->data + at * array->itemsize;
  if (array->kind == 'f') {
    double x = element(array, at);
    return x >= -9e18 && x <= 9e18 ? (int64_t)x : 0;
  }
  uint64_t bits = 0;
  memcpy(&bits, p, array->itemsize);
  int unused = 64 - 8 * array->itemsize;
  if (array->kind == 'i')
    return (int64_t)(bits << unused) >> unused;
  return (int64_t)bits;
}

void octet_array_to_f32(const octet_array *array, int64_t first, int64_t count,
                        float *out) {
  if (array->kind == 'f' && array->itemsize == 4 && count > 0) {
    memcpy(out, array->data + first * 4, count * 4);
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    out[i] = (float)element(array, first + i);
}
