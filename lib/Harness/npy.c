//===- npy.c --------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The header of a .npy file, such as
 * {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } */

#include "octet/Harness/npz.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text after `key`, or null. */
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

/* Reads '<f4'; 0, or -1 if it is no number that is known here. */
static int parse_descr(const char *descr, octet_array *array) {
  if (descr[0] != '\'' || (descr[1] != '<' && descr[1] != '|') ||
      !isalpha((unsigned char)descr[2]) || !isdigit((unsigned char)descr[3]) ||
      descr[4] != '\'')
    return -1;
  array->kind = descr[2];
  array->itemsize = descr[3] - '0';
  int size = array->itemsize;
  int power = size == 1 || size == 2 || size == 4 || size == 8;
  switch (array->kind) {
  case 'f':
    return power && size > 1 ? 0 : -1;
  case 'i':
  case 'u':
    return power ? 0 : -1;
  default:
    return array->kind == 'b' && size == 1 ? 0 : -1;
  }
}

/* Reads (3, 4); 0, or -1 with a message. */
static int parse_shape(const char *path, const char *shape, octet_array *array,
                       octet_error *error) {
  array->rank = 0;
  for (++shape; *shape != ')';) {
    if (*shape == ' ' || *shape == ',' || *shape == 'L') {
      ++shape;
      continue;
    }
    if (!isdigit((unsigned char)*shape))
      return octet_fail(error, "%s: array '%s' has a malformed header", path,
                        array->name);
    if (array->rank == OCTET_MAX_RANK + 1)
      return octet_fail(error,
                        "%s: array '%s' has too many dimensions; at most %d "
                        "are possible",
                        path, array->name, OCTET_MAX_RANK + 1);
    errno = 0;
    char *end;
    long long size = strtoll(shape, &end, 10);
    if (errno || size < 0)
      return octet_fail(error, "%s: array '%s' has an impossible shape", path,
                        array->name);
    array->shape[array->rank++] = size;
    shape = end;
  }
  return 0;
}

static int parse_header(const char *path, const char *header,
                        octet_array *array, octet_error *error) {
  const char *descr = value_of(header, "'descr'");
  const char *order = value_of(header, "'fortran_order'");
  const char *shape = value_of(header, "'shape'");
  if (!descr || !order || !shape || *shape != '(')
    return octet_fail(error, "%s: array '%s' has a malformed header", path,
                      array->name);
  if (parse_descr(descr, array))
    return octet_fail(error,
                      "%s: array '%s' has a data type that is not supported; "
                      "save it as little-endian floats, integers or bools",
                      path, array->name);
  if (strncmp(order, "False", 5) != 0)
    return octet_fail(error,
                      "%s: array '%s' is in Fortran order; save it with "
                      "numpy.ascontiguousarray",
                      path, array->name);
  return parse_shape(path, shape, array, error);
}

int octet_npy_parse(const char *path, const unsigned char *data, size_t size,
                    octet_array *array, octet_error *error) {
  if (size < 12 || memcmp(data, "\x93NUMPY", 6) != 0)
    return octet_fail(error, "%s: entry '%s' is not a NumPy array", path,
                      array->name);
  size_t prefix = data[6] == 1 ? 10 : 12, length = data[8] | data[9] << 8;
  if (data[6] != 1)
    length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
  if (length > size - prefix || length > 65536)
    return octet_fail(error, "%s: array '%s' is cut short", path, array->name);
  char *header = malloc(length + 1);
  if (!header)
    return octet_fail(error, "out of memory");
  memcpy(header, data + prefix, length);
  header[length] = '\0';
  int status = parse_header(path, header, array, error);
  free(header);
  if (status)
    return status;
  /* The elements fill the rest. */
  size_t bytes = array->itemsize;
  for (int i = 0; i < array->rank; ++i)
    if (__builtin_mul_overflow(bytes, (size_t)array->shape[i], &bytes))
      return octet_fail(error, "%s: array '%s' has an impossible shape", path,
                        array->name);
  if (bytes != size - prefix - length)
    return octet_fail(error, "%s: array '%s' does not fill its shape", path,
                      array->name);
  array->data = data + prefix + length;
  return 0;
}

size_t octet_npy_header(const octet_array *array, char header[512]) {
  char shape[21 * (OCTET_MAX_RANK + 1) + 1] = "";
  size_t used = 0;
  for (int i = 0; i < array->rank; ++i)
    used += (size_t)snprintf(shape + used, sizeof shape - used, "%lld,",
                             (long long)array->shape[i]);
  int length = snprintf(header + 10, 502,
                        "{'descr': '%c%c%d', 'fortran_order': False, "
                        "'shape': (%s), }",
                        array->itemsize == 1 ? '|' : '<', array->kind,
                        array->itemsize, shape);
  /* Padded to 64 bytes, as NumPy does. */
  size_t total = (10 + (size_t)length + 1 + 63) / 64 * 64;
  memset(header + 10 + length, ' ', total - 10 - (size_t)length);
  header[total - 1] = '\n';
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = (char)(total - 10);
  header[9] = (char)((total - 10) >> 8);
  return total;
}
