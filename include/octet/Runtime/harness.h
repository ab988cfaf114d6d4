//===- harness.h --------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* What compiled programs and the driver share: running over data sets,
 * accuracy, speed. */

#ifndef OCTET_RUNTIME_HARNESS_H
#define OCTET_RUNTIME_HARNESS_H

#include "octet/Runtime/npz.h"
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The machine */

typedef struct {
  char cpu[128];
  const char *isa;         /* best instruction set Octet knows of here */
  double peak_int8_gops;   /* a bare dot-product loop, one thread */
  double peak_fp32_gflops; /* a bare multiply-add loop, one thread */
} octet_machine;

/* CPU model and instruction set of this machine. */
void octet_describe_machine(octet_machine *machine);
/* Raises the two peaks to what bare loops reach now; call it between runs. */
void octet_measure_peaks(octet_machine *machine);
double octet_now_ns(void);

/* Accuracy */

/* Share of the rows of `scores` [rows, classes] whose label is among the `k`
 * largest; of equal scores the first counts as larger. */
double octet_top_k(const float *scores, int64_t rows, int64_t classes,
                   const octet_array *labels, int k);
/* Share of rows with the same largest element. */
double octet_agreement(const float *a, const float *b, int64_t rows,
                       int64_t classes);
/* 10·log10(Σ reference² / Σ (reference - x)²), infinite if equal. */
double octet_sqnr_db(const float *reference, const float *x, int64_t count);

/* Speed */

typedef struct {
  double median_ms, min_ms, p95_ms;
} octet_timing;

/* Sorts `ns` and summarizes it. */
octet_timing octet_summarize(double *ns, int64_t count);

/* Reports */

/* `text` as a JSON string, quotes included. */
void octet_json_string(FILE *file, const char *text);
/* A progress bar on a terminal, nothing in a pipe; finished at done = total. */
void octet_progress(const char *what, int64_t done, int64_t total);

/* Runs a compiled program's command line; the exit status. */
int octet_harness_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_RUNTIME_HARNESS_H */
