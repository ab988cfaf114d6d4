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

/* Where data can be, the nearest first. */
typedef enum { OCTET_L2, OCTET_L3, OCTET_DRAM } octet_level;
enum { OCTET_LEVELS = 3 };

typedef struct {
  char cpu[128];
  const char *isa;         /* best instruction set Octet knows of here */
  double peak_int8_gops;   /* bare dot-product loops */
  double peak_fp32_gflops; /* bare multiply-add loops */
  int64_t cache_bytes[OCTET_DRAM]; /* of one L2 and one L3; 0 for no L3 */
  int32_t l3_cpus;                 /* CPUs that share an L3; at least 1 */
  double gb_per_s[OCTET_LEVELS];   /* bare reading loops; 0 if not measured */
} octet_machine;

/* CPU model, instruction set and caches of this machine; nothing is measured
 * yet. */
void octet_describe_machine(octet_machine *machine);
/* The caches alone: what Linux says of them, else the C library, else an L2 of
 * 512 KiB. */
void octet_find_caches(octet_machine *machine);
/* Raises the two peaks to what bare loops, one on each thread of `pool`, reach
 * now together; call it between runs. A null `pool` is one thread. */
void octet_measure_peaks(octet_machine *machine, octet_pool *pool);
/* Raises the bandwidths, of levels that there are, to what bare loops reach
 * that read memory of their own, one on each thread of `pool`; 0, or -1 without
 * memory. Takes a fraction of a second and, on machines with large caches, up
 * to 512 MiB. */
int octet_measure_bandwidths(octet_machine *machine, octet_pool *pool);
double octet_now_ns(void);

/* "L2", "L3" or "DRAM". */
const char *octet_level_name(octet_level level);
/* The nearest level that holds `bytes`, of one L2 whatever the number of
 * threads: parts of what they work on are everyone's. */
octet_level octet_level_of(const octet_machine *machine, int64_t bytes);
/* What limits `operations` on `bytes` of inputs, weights and outputs, by the
 * roofline model: "compute" where the operations take longer at `peak` (in
 * billions a second) than the bytes, once each, at the bandwidth of the nearest
 * level that holds them all; else that level. Null where there is neither work
 * nor data, or where a rate that decides is not known. */
const char *octet_bound(const octet_machine *machine, double peak,
                        double operations, int64_t bytes);

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
