//===- observe.h --------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* What an instrumented program does with the values it observes: it counts them
 * in histograms; or rounds them as 8 bits would, and compares some of them with
 * those of a run that did not round.
 *
 * Bins have power-of-two widths anchored
 * at zero, so that doubling the width merges pairs of bins: neither the order
 * nor the batching of the data shows in the result, and memory does not grow.
 */

#ifndef OCTET_HARNESS_OBSERVE_H
#define OCTET_HARNESS_OBSERVE_H

#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCTET_HISTOGRAM_BINS 4096

typedef struct {
  /* Bin i counts values in [(i - BINS/2)·2^exponent, ... + 2^exponent). The
   * exponent is the smallest at which the largest magnitude falls into a bin.
   */
  int exponent;
  float min, max;
  uint64_t total, not_finite;
  uint64_t counts[OCTET_HISTOGRAM_BINS];
} octet_histogram;

void octet_histogram_init(octet_histogram *histogram);
void octet_histogram_add(octet_histogram *histogram, const float *values,
                         int64_t count);
/* Adds the values of `other`: `histogram` becomes what all of them give. */
void octet_histogram_merge(octet_histogram *histogram,
                           const octet_histogram *other);

/* Steps of 8 bits; a scale of 0 leaves values as they are. */
typedef struct {
  float scale, zero_point;
} octet_rounding;

/* Makes `count` values what their steps represent (QS-1, QS-3); NaN becomes 0.
 */
void octet_round_values(const octet_rounding *rounding, float *values,
                        int64_t count);

/* Does with the [n, h, w, c] values at `base`, with the strides given in
 * elements, what it was asked to, or nothing. */
typedef struct {
  float *base;
  int64_t n, h, w, c, stride_n, stride_h, stride_w;
} octet_view;
void octet_observe_view(int64_t index, const octet_view *view);

/* Sums over elements. */
typedef struct {
  double signal; /* of squares */
  double noise;  /* of squared errors; infinite where numbers became none */
} octet_quality;

/* Adds what became of `count` elements. */
void octet_quality_add(octet_quality *quality, const float *exact,
                       const float *rounded, int64_t count);

enum { OCTET_SAMPLED = 4096 };

/* What a thread does with observed values, each by its index. */
typedef struct {
  /* Counts them, where not null; the rest is null then. */
  octet_histogram *histograms;
  /* Rounds them in place, where not null. */
  const octet_rounding *roundings;
  /* Up to OCTET_SAMPLED elements of each value, where not null. Without
   * roundings they are kept here; with them, they are compared with those that
   * were, which adds to `qualities`. */
  float *kept;
  octet_quality *qualities;
} octet_observer;

/* Has the calling thread do so; `observer` stays the caller's, null is for
 * nothing. */
void octet_observe_by(const octet_observer *observer);

/* Has each thread that comes without an observer count in histograms of its
 * own: the next `count` of `histograms`, which has as many for each. */
void octet_observe_apart(octet_histogram *histograms, int32_t count);

typedef struct {
  const char *model_hash;
  int64_t samples;
  int inputs_finite; /* no input held NaN or infinity */
} octet_calibration;

/* Writes ranges.json, version 2: a histogram for each of `count` names. */
void octet_ranges_write(FILE *file, const octet_calibration *calibration,
                        const char *const *names,
                        const octet_histogram *histograms, int32_t count);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_HARNESS_OBSERVE_H */
