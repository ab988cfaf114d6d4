//===- pool.h -----------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Threads for a context's parallel_for:
 *
 *   octet_pool *pool = octet_pool_create(4, 1);
 *   octet_options options = {.threads = 4,
 *                            .parallel_for = octet_pool_run,
 *                            .pool = pool};
 */

#ifndef OCTET_HARNESS_POOL_H
#define OCTET_HARNESS_POOL_H

#include "octet/Runtime/octet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct octet_pool octet_pool;

/* What command lines allow. */
#define OCTET_MOST_THREADS 1024

/* The CPUs that the calling thread may run on; at least 1. */
int32_t octet_allowed_cpus(void);

/* Starts `threads` - 1 threads; whoever calls octet_pool_run is one more. They
 * wait for work in a loop for some microseconds and sleep afterwards. With
 * `pinned` each is bound to a CPU of its own, none of which is the caller's,
 * if there are as many; of CPUs that share a core one is taken first. Null if
 * there is no memory or no room for threads. */
octet_pool *octet_pool_create(int32_t threads, int pinned);

/* Ends the threads. No call may be in progress; null is allowed. */
void octet_pool_destroy(octet_pool *pool);

/* The caller counts; 1 of null. */
int32_t octet_pool_threads(const octet_pool *pool);

/* An octet_parallel_for. The caller is thread 0. Thread i runs task(state, i)
 * if there is one, unless it is late: then the caller does. Beyond as many as
 * there are threads, whoever is free takes the next. The caller runs all where
 * `pool` is null, within a task, while another thread's call is in progress,
 * and in a child of fork. */
void octet_pool_run(void *pool, int64_t count, octet_task task, void *state);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_HARNESS_POOL_H */
