//===- observe.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/observe.h"
#include "octet/Harness/harness.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { HALF = OCTET_HISTOGRAM_BINS / 2, LOWEST_EXPONENT = -140 };

static _Thread_local octet_observer own;
/* What threads without an observer take from. */
static struct {
  octet_histogram *histograms;
  int64_t count;
  _Atomic int64_t taken;
} apart;

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

/* Values that are looked at together: they stay in the nearest cache. */
enum { CHUNK = 2048, LANES = 16 };

/* What a chunk's finite values lie between, and how many of its values are not
 * finite. */
typedef struct {
  float min, max;
  int64_t not_finite;
} extent;

static int is_finite(float x) { return fabsf(x) <= FLT_MAX; }

static extent find_extent(const float *values, int64_t count) {
  /* By lanes, which is a vector instruction for many; finite values that are
   * there already fill the last ones up. */
  float low[LANES], high[LANES];
  int32_t infinite[LANES] = {0};
  for (int k = 0; k < LANES; ++k)
    low[k] = FLT_MAX, high[k] = -FLT_MAX;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES)
    for (int k = 0; k < LANES; ++k) {
      float x = values[i + k];
      low[k] = x < low[k] ? x : low[k];
      high[k] = x > high[k] ? x : high[k];
      infinite[k] += !is_finite(x);
    }
  for (int k = 0; i + k < count; ++k) {
    float x = values[i + k];
    low[k] = x < low[k] ? x : low[k];
    high[k] = x > high[k] ? x : high[k];
    infinite[k] += !is_finite(x);
  }
  extent all = {FLT_MAX, -FLT_MAX, 0};
  for (int k = 0; k < LANES; ++k) {
    all.min = low[k] < all.min ? low[k] : all.min;
    all.max = high[k] > all.max ? high[k] : all.max;
    all.not_finite += infinite[k];
  }
  /* No zero has a sign. */
  all.min += 0.0f, all.max += 0.0f;
  return all;
}

/* Puts the finite ones of `count` values into `out`; how many. */
static int64_t keep_finite(const float *values, int64_t count, float *out) {
  int64_t kept = 0;
  for (int64_t i = 0; i < count; ++i)
    if (is_finite(values[i]))
      out[kept++] = values[i];
  return kept;
}

/* Puts the bins of finite values, floor(x / 2^exponent), into `bins`. */
static void find_bins(const float *values, int64_t count, int exponent,
                      int32_t *bins) {
  /* Where both powers are normal floats, products are exact but for those that
   * underflow, whose sign then tells the bin from its neighbour below zero. */
  if (exponent > -127 && exponent < 127) {
    const float inverse = ldexpf(1, -exponent), width = ldexpf(1, exponent);
    for (int64_t i = 0; i < count; ++i) {
      int32_t bin = (int32_t)(values[i] * inverse);
      bins[i] = HALF + bin - (values[i] < (float)bin * width);
    }
    return;
  }
  const double inverse = ldexp(1, -exponent);
  for (int64_t i = 0; i < count; ++i)
    bins[i] = HALF + (int32_t)floor(values[i] * inverse);
}

/* Counts values for a histogram, until they are collected. Equal values that
 * follow each other, as zeros do, would wait for each other's counts:
 * neighbours are counted apart. */
typedef struct {
  octet_histogram *histogram;
  int first, last; /* the bins that have counts */
  int64_t held;    /* less than 2^32 */
  uint32_t counts[4][OCTET_HISTOGRAM_BINS];
} tally;
static _Thread_local tally tallied;

static void start(tally *t, octet_histogram *histogram) {
  t->histogram = histogram;
  t->first = OCTET_HISTOGRAM_BINS, t->last = -1;
  t->held = 0;
}

static void collect(tally *t) {
  for (int bin = t->first; bin <= t->last; ++bin) {
    uint64_t sum = 0;
    for (int k = 0; k < 4; ++k) {
      sum += t->counts[k][bin];
      t->counts[k][bin] = 0;
    }
    t->histogram->counts[bin] += sum;
  }
  start(t, t->histogram);
}

static void count_bins(tally *t, const int32_t *bins, int64_t count) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (int k = 0; k < 4; ++k)
      ++t->counts[k][bins[i + k]];
  for (; i < count; ++i)
    ++t->counts[0][bins[i]];
  t->held += count;
}

/* Of at most CHUNK values. */
static void tally_chunk(tally *t, const float *values, int64_t count) {
  octet_histogram *histogram = t->histogram;
  float finite[CHUNK];
  extent e = find_extent(values, count);
  if (e.not_finite > 0) {
    histogram->not_finite += (uint64_t)e.not_finite;
    count = keep_finite(values, count, finite);
    values = finite;
    e = find_extent(values, count);
  }
  if (count == 0)
    return;
  histogram->min = e.min < histogram->min ? e.min : histogram->min;
  histogram->max = e.max > histogram->max ? e.max : histogram->max;
  int needed =
      exponent_for(fmaxf(fabsf(histogram->min), fabsf(histogram->max)));
  if (histogram->exponent < needed) {
    collect(t);
    widen(histogram, needed);
  } else if (t->held > INT32_MAX) {
    collect(t);
  }
  int32_t bins[CHUNK], edges[2];
  find_bins(values, count, histogram->exponent, bins);
  count_bins(t, bins, count);
  find_bins((const float[]){e.min, e.max}, 2, histogram->exponent, edges);
  t->first = edges[0] < t->first ? edges[0] : t->first;
  t->last = edges[1] > t->last ? edges[1] : t->last;
  histogram->total += (uint64_t)count;
}

static void tally_values(tally *t, const float *values, int64_t count) {
  for (int64_t at = 0; at < count; at += CHUNK)
    tally_chunk(t, values + at, count - at < CHUNK ? count - at : CHUNK);
}

void octet_histogram_add(octet_histogram *histogram, const float *values,
                         int64_t count) {
  start(&tallied, histogram);
  tally_values(&tallied, values, count);
  collect(&tallied);
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
    tally_values(&tallied, values, count);
  else if (own.roundings && own.roundings[index].scale > 0)
    octet_round_values(&own.roundings[index], values, count);
}

void octet_observe_view(int64_t index, const octet_view *v) {
  if (apart.histograms && !own.histograms)
    own.histograms =
        apart.histograms + apart.count * atomic_fetch_add(&apart.taken, 1);
  /* Rows, and images, without gaps are one row. */
  int64_t h = v->h, w = v->w, c = v->c;
  if (v->stride_w == c)
    c *= w, w = 1;
  if (w == 1 && v->stride_h == c)
    c *= h, h = 1;
  if (own.histograms)
    start(&tallied, &own.histograms[index]);
  for (int64_t i = 0; i < v->n; ++i)
    for (int64_t y = 0; y < h; ++y)
      for (int64_t x = 0; x < w; ++x)
        observe_row(
            index,
            v->base + i * v->stride_n + y * v->stride_h + x * v->stride_w, c);
  if (own.histograms)
    collect(&tallied);
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

void octet_observe_apart(octet_histogram *histograms, int32_t count) {
  apart.histograms = histograms;
  apart.count = count;
  apart.taken = 0;
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
