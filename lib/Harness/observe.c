//===- observe.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/observe.h"
#include "octet/Harness/harness.h"

#include <math.h>
#include <string.h>

enum { HALF = OCTET_HISTOGRAM_BINS / 2, LOWEST_EXPONENT = -140 };

static _Thread_local octet_observer own;

void octet_histogram_init(octet_histogram *histogram) {
  memset(histogram, 0, sizeof *histogram);
  histogram->exponent = LOWEST_EXPONENT;
  histogram->min = INFINITY;
  histogram->max = -INFINITY;
}

/* Adds counts to those of bins that are 2^shift times as wide: bin i, seen from
 * zero, goes to floor(i / 2^shift). */
static void add_counts(uint64_t *wide, const uint64_t *counts, int shift) {
  shift = shift < 31 ? shift : 31;
  for (int i = 0; i < OCTET_HISTOGRAM_BINS; ++i)
    wide[((i - HALF) >> shift) + HALF] += counts[i];
}

/* Widens the bins to 2^exponent. */
static void widen(octet_histogram *histogram, int exponent) {
  static _Thread_local uint64_t wide[OCTET_HISTOGRAM_BINS];
  memset(wide, 0, sizeof wide);
  add_counts(wide, histogram->counts, exponent - histogram->exponent);
  memcpy(histogram->counts, wide, sizeof wide);
  histogram->exponent = exponent;
}

void octet_histogram_merge(octet_histogram *histogram,
                           const octet_histogram *other) {
  if (histogram->exponent < other->exponent)
    widen(histogram, other->exponent);
  add_counts(histogram->counts, other->counts,
             histogram->exponent - other->exponent);
  histogram->min = fminf(histogram->min, other->min);
  histogram->max = fmaxf(histogram->max, other->max);
  histogram->total += other->total;
  histogram->not_finite += other->not_finite;
}

/* The smallest exponent at which `x` falls into a bin; zero does at any. */
static int exponent_for(float x) {
  if (x == 0)
    return LOWEST_EXPONENT;
  int exponent;
  frexpf(x, &exponent); /* |x| < 2^exponent */
  int needed = exponent - (ffs(HALF) - 1);
  return needed > LOWEST_EXPONENT ? needed : LOWEST_EXPONENT;
}

/* Integers in the order of the floats that they have the bits of; between those
 * of -FLT_MAX and FLT_MAX for finite ones. Zeros of both signs are zero. */
static int32_t order_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  int32_t magnitude = bits & 0x7fffffff;
  return bits < 0 ? -magnitude : magnitude;
}

static float float_of(int32_t order) {
  int32_t bits = order < 0 ? (int32_t)(0x80000000u | (uint32_t)-order) : order;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static int is_finite(int32_t order) {
  const int32_t infinity = 0x7f800000;
  return order > -infinity && order < infinity;
}

void octet_histogram_add(octet_histogram *histogram, const float *values,
                         int64_t count) {
  int32_t min = INT32_MAX, max = -INT32_MAX;
  for (int64_t i = 0; i < count; ++i) {
    int32_t order = order_of(values[i]);
    min = order < min ? order : min;
    max = order > max ? order : max;
  }
  int all_finite = is_finite(min) && is_finite(max);
  if (!all_finite) {
    min = INT32_MAX, max = -INT32_MAX;
    for (int64_t i = 0; i < count; ++i) {
      int32_t order = order_of(values[i]);
      if (!is_finite(order)) {
        ++histogram->not_finite;
        continue;
      }
      min = order < min ? order : min;
      max = order > max ? order : max;
    }
  }
  if (min > max)
    return;
  if (float_of(min) < histogram->min)
    histogram->min = float_of(min);
  if (float_of(max) > histogram->max)
    histogram->max = float_of(max);
  int needed =
      exponent_for(fmaxf(fabsf(histogram->min), fabsf(histogram->max)));
  if (histogram->exponent < needed)
    widen(histogram, needed);
  double inverse = ldexp(1.0, -histogram->exponent);
  for (int64_t i = 0; i < count; ++i) {
    if (!all_finite && !is_finite(order_of(values[i])))
      continue;
    double at = values[i] * inverse;
    int bin = (int)at;
    bin -= at < bin; /* down, where conversion went toward zero */
    ++histogram->counts[bin + HALF];
    ++histogram->total;
  }
}

void octet_round_values(const octet_rounding *rounding, float *values,
                        int64_t count) {
  /* Adding and subtracting it rounds to an integer, to nearest even. */
  const float magic = 0x1.8p23f;
  float scale = rounding->scale;
  float low = -rounding->zero_point, high = 255 - rounding->zero_point;
  for (int64_t i = 0; i < count; ++i) {
    float steps = values[i] / scale;
    steps = steps > low ? steps : steps <= low ? low : 0;
    steps = steps < high ? steps : high;
    values[i] = scale * ((steps + magic) - magic);
  }
}

void octet_quality_add(octet_quality *quality, const float *exact,
                       const float *rounded, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    double a = exact[i], b = rounded[i];
    if (!isfinite(a) || !isfinite(b)) {
      if (!(a == b || (isnan(a) && isnan(b))))
        quality->noise = INFINITY;
      continue;
    }
    quality->signal += a * a;
    quality->noise += (a - b) * (a - b);
  }
}

/* Puts elements into `out`, evenly spread; how many. */
static int64_t sample(const octet_view *v, float *out) {
  int64_t total = v->n * v->h * v->w * v->c, taken = 0;
  /* An odd step meets every channel where their number is even. */
  int64_t step = total <= OCTET_SAMPLED ? 1 : (total / OCTET_SAMPLED + 1) | 1;
  for (int64_t at = 0; at < total; at += step) {
    int64_t row = at / v->c, image = row / v->w;
    out[taken++] =
        v->base[image / v->h * v->stride_n + image % v->h * v->stride_h +
                row % v->w * v->stride_w + at % v->c];
  }
  return taken;
}

static void observe_row(int64_t index, float *values, int64_t count) {
  if (own.histograms)
    octet_histogram_add(&own.histograms[index], values, count);
  else if (own.roundings && own.roundings[index].scale > 0)
    octet_round_values(&own.roundings[index], values, count);
}

void octet_observe_view(int64_t index, const octet_view *v) {
  for (int64_t i = 0; i < v->n; ++i)
    for (int64_t y = 0; y < v->h; ++y) {
      float *row = v->base + i * v->stride_n + y * v->stride_h;
      if (v->stride_w == v->c) {
        observe_row(index, row, v->w * v->c);
        continue;
      }
      for (int64_t x = 0; x < v->w; ++x)
        observe_row(index, row + x * v->stride_w, v->c);
    }
  if (!own.kept)
    return;
  float *exact = own.kept + index * OCTET_SAMPLED;
  if (!own.roundings) {
    sample(v, exact);
    return;
  }
  float rounded[OCTET_SAMPLED];
  int64_t count = sample(v, rounded);
  octet_quality_add(&own.qualities[index], exact, rounded, count);
}

void octet_observe_by(const octet_observer *observer) {
  own = observer ? *observer : (octet_observer){0};
}

void octet_ranges_write(FILE *file, const octet_calibration *calibration,
                        const char *const *names,
                        const octet_histogram *histograms, int32_t count) {
  fprintf(file, "{\n  \"version\": 2,\n  \"model_hash\": ");
  octet_json_string(file, calibration->model_hash);
  fprintf(file,
          ",\n  \"samples\": %lld,\n  \"inputs_finite\": %s,\n"
          "  \"tensors\": {",
          (long long)calibration->samples,
          calibration->inputs_finite ? "true" : "false");
  for (int32_t i = 0; i < count; ++i) {
    const octet_histogram *h = &histograms[i];
    int first = h->total ? 0 : HALF,
        last = h->total ? OCTET_HISTOGRAM_BINS - 1 : HALF;
    while (first < last && h->counts[first] == 0)
      ++first;
    while (last > first && h->counts[last] == 0)
      --last;
    fprintf(file, "%s\n    ", i ? "," : "");
    octet_json_string(file, names[i]);
    fprintf(file,
            ": {\"min\": %.9g, \"max\": %.9g, \"not_finite\": %llu, "
            "\"exponent\": %d, \"first_bin\": %d, \"counts\": [",
            h->total ? h->min : 0.0, h->total ? h->max : 0.0,
            (unsigned long long)h->not_finite, h->exponent, first - HALF);
    for (int bin = first; bin <= last; ++bin)
      fprintf(file, "%s%llu", bin > first ? "," : "",
              (unsigned long long)h->counts[bin]);
    fprintf(file, "]}");
  }
  fprintf(file, "\n  }\n}\n");
}
