//===- metrics.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/harness.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t largest(const float *row, int64_t classes) {
  int64_t best = 0;
  for (int64_t i = 1; i < classes; ++i)
    if (row[i] > row[best])
      best = i;
  return best;
}

double octet_top_k(const float *scores, int64_t rows, int64_t classes,
                   const octet_array *labels, int k) {
  int64_t hits = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const float *row = scores + r * classes;
    int64_t label = octet_array_int(labels, r), ahead = 0;
    if (label < 0 || label >= classes)
      continue;
    for (int64_t i = 0; i < classes; ++i)
      ahead += row[i] > row[label] || (row[i] == row[label] && i < label);
    hits += ahead < k;
  }
  return rows ? (double)hits / rows : 0.0;
}

double octet_agreement(const float *a, const float *b, int64_t rows,
                       int64_t classes) {
  int64_t same = 0;
  for (int64_t r = 0; r < rows; ++r)
    same +=
        largest(a + r * classes, classes) == largest(b + r * classes, classes);
  return rows ? (double)same / rows : 0.0;
}

double octet_sqnr_db(const float *reference, const float *x, int64_t count) {
  double signal = 0, noise = 0;
  for (int64_t i = 0; i < count; ++i) {
    double difference = (double)reference[i] - x[i];
    signal += (double)reference[i] * reference[i];
    noise += difference * difference;
  }
  return noise > 0 ? 10 * log10(signal / noise) : INFINITY;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

octet_timing octet_summarize(double *ns, int64_t count) {
  qsort(ns, count, sizeof *ns, compare);
  octet_timing timing = {0, 0, 0};
  if (count > 0) {
    timing.median_ms = (ns[(count - 1) / 2] + ns[count / 2]) / 2e6;
    timing.min_ms = ns[0] / 1e6;
    timing.p95_ms = ns[(count - 1) * 95 / 100] / 1e6;
  }
  return timing;
}

void octet_json_string(FILE *file, const char *text) {
  fputc('"', file);
  for (const unsigned char *p = (const unsigned char *)text; *p; ++p)
    if (*p == '"' || *p == '\\')
      fprintf(file, "\\%c", *p);
    else if (*p < 0x20)
      fprintf(file, "\\u%04x", *p);
    else
      fputc(*p, file);
  fputc('"', file);
}

void octet_progress(const char *what, int64_t done, int64_t total) {
  if (!isatty(2) || total < 1)
    return;
  int width = 32, filled = (int)(width * done / total);
  fprintf(stderr, "\r%s [%.*s%*s] %lld/%lld", what, filled,
          "################################", width - filled, "",
          (long long)done, (long long)total);
  if (done == total)
    fprintf(stderr, "\n");
}
