//===- harness.h --------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* What compiled programs and the driver share: running over data sets,
 * accuracy, speed. */

#ifndef OCTET_HARNESS_HARNESS_H
#define OCTET_HARNESS_HARNESS_H

#include "octet/Harness/npz.h"
#include "octet/Harness/pool.h"
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The machine */

typedef struct {
  char cpu[128];
  const char *isa;         /* best instruction set Octet knows of here */
  double peak_int8_gops;   /* bare dot-product loops */
  double peak_fp32_gflops; /* bare multiply-add loops */
} octet_machine;

/* CPU model and instruction set of this machine. */
void octet_describe_machine(octet_machine *machine);
/* Raises the two peaks to what bare loops, one on each thread of `pool`, reach
 * now together; call it between runs. A null `pool` is one thread. */
void octet_measure_peaks(octet_machine *machine, octet_pool *pool);
double octet_now_ns(void);

/* Accuracy */

/* The scores of a row are its part of an array that `rows` divides evenly. */

/* Share of the rows of `scores` whose label is among the `k` largest; of equal
 * scores the first counts as larger, and NaN is never among them. */
double octet_top_k(const octet_array *scores, int64_t rows,
                   const octet_array *labels, int k);
/* Of floats, the share of rows with the same largest element, of integers and
 * bools the share of equal elements. The arrays have one shape and one kind. */
double octet_agreement(const octet_array *a, const octet_array *b,
                       int64_t rows);
/* 10·log10(Σ reference² / Σ (reference - x)²): infinite if all are equal, minus
 * infinite if one of two elements that differ is not finite, or if only the
 * reference is zero throughout. */
double octet_sqnr_db(const octet_array *reference, const octet_array *x);

/* Speed */

typedef struct {
  double median_ms, min_ms, p95_ms;
} octet_timing;

/* Sorts `ns` and summarizes it. */
octet_timing octet_summarize(double *ns, int64_t count);

/* Reports */

/* "one thread", or their number. */
void octet_print_threads(int64_t threads, char text[32]);

/* `text` as a JSON string, quotes included. */
void octet_json_string(FILE *file, const char *text);
/* True where the environment asks for messages to other programs:
 * OCTET_MESSAGES is "json". */
int octet_messages_are_json(void);
/* A progress bar on a terminal, nothing in a pipe; finished at done = total. A
 * line of JSON where that is asked for. */
void octet_progress(const char *what, int64_t done, int64_t total);

/* Runs a compiled program's command line; the exit status. */
int octet_harness_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_HARNESS_HARNESS_H */
