//===- array.c ------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/array.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int octet_fail(octet_error *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->text, sizeof error->text, format, args);
  va_end(args);
  return -1;
}

const char *octet_dtype_name(int32_t dtype) {
  static const char *const names[] = {"float32", "uint8", "int8",    "int32",
                                      "int64",   "bool",  "float16", "float64"};
  return names[dtype];
}

void octet_array_set_dtype(octet_array *array, int32_t dtype) {
  static const char kinds[] = {[OCTET_F32] = 'f', [OCTET_U8] = 'u',
                               [OCTET_I8] = 'i',  [OCTET_I32] = 'i',
                               [OCTET_I64] = 'i', [OCTET_BOOL] = 'b',
                               [OCTET_F16] = 'f', [OCTET_F64] = 'f'};
  array->kind = kinds[dtype];
  array->itemsize = (int)octet_dtype_size(dtype);
}

int64_t octet_array_elements(const octet_array *array) {
  int64_t count = 1;
  for (int i = 0; i < array->rank; ++i)
    count *= array->shape[i];
  return count;
}

static const unsigned char *place(const octet_array *array, int64_t at) {
  return array->data + at * array->itemsize;
}

/* The bits of an integer, extended to 64. */
static uint64_t integer(const octet_array *array, int64_t at) {
  uint64_t bits = 0;
  memcpy(&bits, place(array, at), array->itemsize);
  int unused = 64 - 8 * array->itemsize;
  if (array->kind == 'i')
    return (uint64_t)((int64_t)(bits << unused) >> unused);
  return array->kind == 'b' ? bits != 0 : bits;
}

static double floating(const octet_array *array, int64_t at) {
  const unsigned char *p = place(array, at);
  _Float16 half;
  float single;
  double wide;
  switch (array->itemsize) {
  case 2:
    memcpy(&half, p, 2);
    return (double)half;
  case 4:
    memcpy(&single, p, 4);
    return single;
  default:
    memcpy(&wide, p, 8);
    return wide;
  }
}

double octet_array_number(const octet_array *array, int64_t at) {
  if (array->kind == 'f')
    return floating(array, at);
  uint64_t bits = integer(array, at);
  return array->kind == 'i' ? (double)(int64_t)bits : (double)bits;
}

int64_t octet_array_int(const octet_array *array, int64_t at) {
  if (array->kind != 'f')
    return (int64_t)integer(array, at);
  double x = floating(array, at);
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : 0;
}

/* Writes the float nearest to `x`; false if a finite number becomes infinite.
 */
static int store_float(double x, int32_t dtype, void *out, int64_t at) {
  double stored;
  if (dtype == OCTET_F32) {
    float single = (float)x;
    memcpy((char *)out + at * 4, &single, 4);
    stored = single;
  } else if (dtype == OCTET_F16) {
    _Float16 half = (_Float16)x;
    memcpy((char *)out + at * 2, &half, 2);
    stored = (double)half;
  } else {
    memcpy((char *)out + at * 8, &x, 8);
    stored = x;
  }
  return isinf(stored) ? isinf(x) : 1;
}

/* Writes element `from` as an integer of `dtype`; false if it does not fit. */
static int store_integer(const octet_array *array, int64_t from, int32_t dtype,
                         void *out, int64_t at) {
  if (array->kind == 'f') {
    double x = floating(array, from);
    if (!(x >= -0x1p63 && x < 0x1p63) || x != trunc(x))
      return 0;
  }
  int64_t x = octet_array_int(array, from);
  if (array->kind == 'u' && x < 0)
    return 0;
  int64_t low = 0, high = 0;
  switch (dtype) {
  case OCTET_BOOL:
    high = 1;
    break;
  case OCTET_U8:
    high = UINT8_MAX;
    break;
  case OCTET_I8:
    low = INT8_MIN, high = INT8_MAX;
    break;
  case OCTET_I32:
    low = INT32_MIN, high = INT32_MAX;
    break;
  default:
    low = INT64_MIN, high = INT64_MAX;
  }
  if (x < low || x > high)
    return 0;
  size_t size = octet_dtype_size(dtype);
  memcpy((char *)out + (size_t)at * size, &x, size); /* little-endian */
  return 1;
}

int octet_array_convert(const octet_array *array, int64_t first, int64_t count,
                        int32_t dtype, void *out, int64_t *bad) {
  octet_array wanted;
  octet_array_set_dtype(&wanted, dtype);
  if (wanted.kind == array->kind && wanted.itemsize == array->itemsize &&
      dtype != OCTET_BOOL) {
    if (count > 0)
      memcpy(out, place(array, first), (size_t)count * array->itemsize);
    return 0;
  }
  for (int64_t i = 0; i < count; ++i) {
    int fits =
        wanted.kind == 'f'
            ? store_float(octet_array_number(array, first + i), dtype, out, i)
            : store_integer(array, first + i, dtype, out, i);
    if (!fits) {
      *bad = first + i;
      return -1;
    }
  }
  return 0;
}

void octet_array_print(const octet_array *array, int64_t at, char text[40]) {
  if (array->kind == 'f')
    snprintf(text, 40, "%.9g", floating(array, at));
  else if (array->kind == 'i')
    snprintf(text, 40, "%" PRId64, (int64_t)integer(array, at));
  else
    snprintf(text, 40, "%" PRIu64, integer(array, at));
}

void octet_print_shape(const int64_t *shape, int rank, char text[160]) {
  size_t used = (size_t)snprintf(text, 160, "[");
  for (int i = 0; i < rank && used < 130; ++i)
    used += (size_t)snprintf(text + used, 160 - used, "%s%" PRId64,
                             i ? ", " : "", shape[i]);
  snprintf(text + used, 160 - used, "]");
}
