//===- metrics.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The index of the row's largest element, or -1 if one is NaN. */
static int64_t largest(const octet_array *array, int64_t row, int64_t size) {
  int64_t best = 0;
  double most = -INFINITY;
  for (int64_t i = 0; i < size; ++i) {
    double x = octet_array_number(array, row * size + i);
    if (isnan(x))
      return -1;
    if (x > most) {
      most = x;
      best = i;
    }
  }
  return best;
}

double octet_top_k(const octet_array *scores, int64_t rows,
                   const octet_array *labels, int k) {
  int64_t hits = 0, classes = octet_array_elements(scores) / rows;
  for (int64_t r = 0; r < rows; ++r) {
    int64_t label = octet_array_int(labels, r), ahead = 0;
    if (label < 0 || label >= classes)
      continue;
    double own = octet_array_number(scores, r * classes + label);
    for (int64_t i = 0; i < classes; ++i) {
      double x = octet_array_number(scores, r * classes + i);
      ahead += x > own || (x == own && i < label);
    }
    hits += ahead < k && !isnan(own);
  }
  return (double)hits / rows;
}

double octet_agreement(const octet_array *a, const octet_array *b,
                       int64_t rows) {
  int64_t same = 0, count = octet_array_elements(a), size = count / rows;
  if (a->kind != 'f') {
    for (int64_t i = 0; i < count; ++i)
      same += octet_array_int(a, i) == octet_array_int(b, i);
    return count ? (double)same / count : 1.0;
  }
  for (int64_t r = 0; r < rows; ++r) {
    int64_t best = largest(a, r, size);
    same += best >= 0 && best == largest(b, r, size);
  }
  return (double)same / rows;
}

double octet_sqnr_db(const octet_array *reference, const octet_array *x) {
  double signal = 0, noise = 0;
  int64_t count = octet_array_elements(reference);
  for (int64_t i = 0; i < count; ++i) {
    double a = octet_array_number(reference, i), b = octet_array_number(x, i);
    if (!isfinite(a) || !isfinite(b)) {
      if (a == b || (isnan(a) && isnan(b)))
        continue;
      return -INFINITY;
    }
    signal += a * a;
    noise += (a - b) * (a - b);
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

void octet_print_threads(int64_t threads, char text[32]) {
  if (threads == 1)
    snprintf(text, 32, "one thread");
  else
    snprintf(text, 32, "%lld threads", (long long)threads);
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

int octet_messages_are_json(void) {
  const char *form = getenv("OCTET_MESSAGES");
  return form && !strcmp(form, "json");
}

void octet_progress(const char *what, int64_t done, int64_t total) {
  if (total < 1)
    return;
  if (octet_messages_are_json()) {
    fprintf(stderr,
            "{\"kind\": \"progress\", \"what\": \"%s\", \"done\": %lld, "
            "\"total\": %lld}\n",
            what, (long long)done, (long long)total);
    return;
  }
  if (!isatty(2))
    return;
  int width = 32, filled = (int)(width * done / total);
  fprintf(stderr, "\r%s [%.*s%*s] %lld/%lld", what, filled,
          "################################", width - filled, "",
          (long long)done, (long long)total);
  if (done == total)
    fprintf(stderr, "\n");
}
