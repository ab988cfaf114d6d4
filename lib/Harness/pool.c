//===- pool.c -------------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Caller and thread hand over by numbers, each in a cache line of its own: the
 * caller raises `posted`, the thread, when it is done, `finished`. Who waits
 * for a number spins first; before it sleeps it sets the number's lowest bit,
 * and only who finds that set takes the lock to wake it.
 *
 * A thread whose CPU is busy with something else may be late by milliseconds:
 * it has to claim what was posted, and its caller claims what is left when it
 * is done itself. */

#define _GNU_SOURCE /* affinity */
#include "octet/Harness/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  LINE = 64,
  /* How long one spins; kernels that are not split take less, mostly. */
  SPIN_NS = 50000,
  /* The same for a thread that was late. */
  LATE_SPIN_NS = 2000000,
  /* The same where threads take turns on CPUs. */
  CROWDED_SPIN_NS = 5000,
  /* At a number for one at the clock, or before a late one is helped. */
  LOOKS = 64,
  /* Numbers differ by 2. */
  ASLEEP = 1,
  STEP = 2
};

typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t raised;
} sleeper;

typedef struct {
  /* The caller's. */
  _Alignas(LINE) atomic_uint posted;
  uint32_t number; /* without ASLEEP */
  int64_t count;
  octet_task task; /* null to end */
  void *state;
  /* The thread's. */
  _Alignas(LINE) atomic_uint finished;
  atomic_uint claimed; /* the last number that someone claimed */
  /* Seldom written. */
  _Alignas(LINE) octet_pool *pool;
  int64_t index;
  int cpu; /* to run on; negative for any */
  sleeper idle, caller;
  pthread_t thread;
} worker;

struct octet_pool {
  int32_t threads;
  int64_t spin_ns;
  int is_crowded;
  int forks; /* of this process, when it was made */
  /* Set during a call. */
  _Alignas(LINE) atomic_int is_busy;
  /* The next index that is nobody's own. */
  _Alignas(LINE) _Atomic int64_t next;
  worker workers[];
};

/* Processes between the first one and this one: children of fork have the
 * memory of threads, but no threads. */
static atomic_int forks;
static pthread_once_t counting = PTHREAD_ONCE_INIT;
static void count_fork(void) { atomic_fetch_add(&forks, 1); }
static void count_forks(void) { pthread_atfork(NULL, NULL, count_fork); }

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Waits `spin_ns` for a number to differ from `seen`; true if it does. */
static int spin(const octet_pool *pool, atomic_uint *number, uint32_t seen,
                int64_t spin_ns) {
  int64_t end = 0;
  for (;;) {
    for (int i = 0; i < LOOKS; ++i) {
      if (atomic_load_explicit(number, memory_order_acquire) != seen)
        return 1;
      if (pool->is_crowded)
        break;
      relax();
    }
    int64_t now = now_ns();
    if (end == 0)
      end = now + spin_ns;
    if (now >= end)
      return 0;
    if (pool->is_crowded)
      sched_yield();
  }
}

/* Waits until a number differs from `seen`, awake for `spin_ns`; returns it. */
static uint32_t await(const octet_pool *pool, atomic_uint *number,
                      uint32_t seen, sleeper *s, int64_t spin_ns) {
  uint32_t before = seen;
  if (spin(pool, number, seen, spin_ns) ||
      !atomic_compare_exchange_strong_explicit(number, &before, seen | ASLEEP,
                                               memory_order_acq_rel,
                                               memory_order_acquire))
    return atomic_load_explicit(number, memory_order_acquire);
  pthread_mutex_lock(&s->mutex);
  uint32_t now;
  while ((now = atomic_load_explicit(number, memory_order_acquire)) ==
         (seen | ASLEEP))
    pthread_cond_wait(&s->raised, &s->mutex);
  pthread_mutex_unlock(&s->mutex);
  return now;
}

static void raise_to(atomic_uint *number, uint32_t value, sleeper *s) {
  uint32_t before =
      atomic_exchange_explicit(number, value, memory_order_acq_rel);
  if (!(before & ASLEEP))
    return;
  pthread_mutex_lock(&s->mutex);
  pthread_cond_signal(&s->raised);
  pthread_mutex_unlock(&s->mutex);
}

/* True for the one who may do what was posted with `number`. */
static int claim(worker *w, uint32_t number) {
  uint32_t last = atomic_load_explicit(&w->claimed, memory_order_relaxed);
  /* Who comes late may find a later number. */
  return (int32_t)(number - last) > 0 &&
         atomic_compare_exchange_strong_explicit(&w->claimed, &last, number,
                                                 memory_order_acquire,
                                                 memory_order_relaxed);
}

/* What thread `index` does of a call. */
static void take_part(octet_pool *pool, int64_t index, int64_t count,
                      octet_task task, void *state) {
  task(state, index);
  if (count <= pool->threads)
    return;
  while ((index = atomic_fetch_add_explicit(&pool->next, 1,
                                            memory_order_relaxed)) < count)
    task(state, index);
}

static void *serve(void *argument) {
  worker *w = argument;
  if (w->cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(w->cpu, &set);
    /* Who must not choose runs wherever it is put. */
    (void)sched_setaffinity(0, sizeof set, &set);
  }
  int64_t spin_ns = w->pool->spin_ns;
  for (uint32_t number = 0;;) {
    number = await(w->pool, &w->posted, number, &w->idle, spin_ns);
    if (!claim(w, number)) {
      /* A caller that works alone takes longer to come back; asleep again, the
       * thread would be late again. */
      spin_ns = w->pool->is_crowded ? CROWDED_SPIN_NS : LATE_SPIN_NS;
      continue;
    }
    spin_ns = w->pool->spin_ns;
    if (!w->task)
      return NULL;
    take_part(w->pool, w->index, w->count, w->task, w->state);
    raise_to(&w->finished, number, &w->caller);
  }
}

static void post(worker *w, int64_t count, octet_task task, void *state) {
  w->count = count;
  w->task = task;
  w->state = state;
  w->number += STEP;
  raise_to(&w->posted, w->number, &w->idle);
}

/* Moves the caller, if it has come to the CPU that a late worker is bound to,
 * to one that is no worker's: neither would leave by itself. */
static void step_aside(const octet_pool *pool, const worker *w) {
  cpu_set_t allowed, free;
  if (w->cpu < 0 || sched_getcpu() != w->cpu ||
      sched_getaffinity(0, sizeof allowed, &allowed))
    return;
  free = allowed;
  for (int32_t i = 0; i + 1 < pool->threads; ++i)
    if (pool->workers[i].cpu >= 0)
      CPU_CLR(pool->workers[i].cpu, &free);
  if (CPU_COUNT(&free) > 0 && !sched_setaffinity(0, sizeof free, &free))
    (void)sched_setaffinity(0, sizeof allowed, &allowed);
}

/* Returns when the worker's part is done, by whom ever. */
static void join(octet_pool *pool, worker *w) {
  uint32_t finished;
  /* One that is in time is not disturbed. */
  for (int i = 0; i < (pool->is_crowded ? 1 : LOOKS); ++i) {
    finished = atomic_load_explicit(&w->finished, memory_order_acquire);
    if (finished == w->number)
      return;
    relax();
  }
  step_aside(pool, w);
  if (claim(w, w->number))
    take_part(pool, w->index, w->count, w->task, w->state);
  else
    await(pool, &w->finished, finished, &w->caller, pool->spin_ns);
}

void octet_pool_run(void *given, int64_t count, octet_task task, void *state) {
  octet_pool *pool = given;
  if (count < 2 || octet_pool_threads(pool) < 2 ||
      pool->forks != atomic_load_explicit(&forks, memory_order_relaxed) ||
      atomic_exchange_explicit(&pool->is_busy, 1, memory_order_acquire)) {
    for (int64_t i = 0; i < count; ++i)
      task(state, i);
    return;
  }
  int64_t others = (count < pool->threads ? count : pool->threads) - 1;
  atomic_store_explicit(&pool->next, pool->threads, memory_order_relaxed);
  for (int64_t i = 0; i < others; ++i)
    post(&pool->workers[i], count, task, state);
  take_part(pool, 0, count, task, state);
  for (int64_t i = 0; i < others; ++i)
    join(pool, &pool->workers[i]);
  atomic_store_explicit(&pool->is_busy, 0, memory_order_release);
}

int32_t octet_pool_threads(const octet_pool *pool) {
  return pool ? pool->threads : 1;
}

/* CPUs to run on */

/* 0 where their number is beyond a cpu_set_t. */
static int count_allowed(cpu_set_t *allowed) {
  CPU_ZERO(allowed);
  return sched_getaffinity(0, sizeof *allowed, allowed) ? 0
                                                        : CPU_COUNT(allowed);
}

int32_t octet_allowed_cpus(void) {
  cpu_set_t allowed;
  long count = count_allowed(&allowed);
  if (count < 1)
    count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : (int32_t)count;
}

/* The first CPU of those that share a core with `cpu`. */
static int core_of(int cpu) {
  char path[96];
  snprintf(path, sizeof path,
           "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  FILE *file = fopen(path, "re");
  int first = cpu;
  if (file && fscanf(file, "%d", &first) != 1)
    first = cpu;
  if (file)
    fclose(file);
  return first;
}

/* Gives each worker a CPU of its own if there are as many beside the caller's.
 */
static void choose_cpus(octet_pool *pool) {
  cpu_set_t allowed, cores;
  if (count_allowed(&allowed) < pool->threads)
    return;
  int own = sched_getcpu();
  if (own < 0 || own >= CPU_SETSIZE)
    return;
  CPU_CLR(own, &allowed);
  CPU_ZERO(&cores);
  CPU_SET(core_of(own), &cores);
  int32_t chosen = 0;
  /* Those behind the caller's come first: pools of several processes would
   * otherwise meet on CPU 0. */
  for (int pass = 0; pass < 2; ++pass)
    for (int i = 1; i < CPU_SETSIZE && chosen + 1 < pool->threads; ++i) {
      int cpu = (own + i) % CPU_SETSIZE;
      if (!CPU_ISSET(cpu, &allowed))
        continue;
      int core = core_of(cpu);
      if (pass == 0 && CPU_ISSET(core, &cores))
        continue;
      CPU_SET(core, &cores);
      CPU_CLR(cpu, &allowed);
      pool->workers[chosen++].cpu = cpu;
    }
}

/* Beginning and end */

static int start(worker *w) {
  pthread_mutex_init(&w->idle.mutex, NULL);
  pthread_cond_init(&w->idle.raised, NULL);
  pthread_mutex_init(&w->caller.mutex, NULL);
  pthread_cond_init(&w->caller.raised, NULL);
  /* Signals are for the program's own threads. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(&w->thread, NULL, serve, w);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return status;
}

/* Ends the first `count` threads and frees the rest. */
static void stop(octet_pool *pool, int32_t count) {
  for (int32_t i = 0; i < count; ++i)
    post(&pool->workers[i], 0, NULL, NULL);
  for (int32_t i = 0; i < count; ++i) {
    worker *w = &pool->workers[i];
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->idle.mutex);
    pthread_cond_destroy(&w->idle.raised);
    pthread_mutex_destroy(&w->caller.mutex);
    pthread_cond_destroy(&w->caller.raised);
  }
  free(pool);
}

octet_pool *octet_pool_create(int32_t threads, int pinned) {
  threads = threads < 1 ? 1 : threads;
  size_t size = sizeof(octet_pool) + (size_t)(threads - 1) * sizeof(worker);
  octet_pool *pool = aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);
  if (!pool)
    return NULL;
  memset(pool, 0, size);
  pthread_once(&counting, count_forks);
  pool->threads = threads;
  pool->forks = atomic_load(&forks);
  pool->is_crowded = threads > octet_allowed_cpus();
  pool->spin_ns = pool->is_crowded ? CROWDED_SPIN_NS : SPIN_NS;
  for (int32_t i = 0; i + 1 < threads; ++i) {
    pool->workers[i].pool = pool;
    pool->workers[i].index = i + 1;
    pool->workers[i].cpu = -1;
  }
  if (pinned)
    choose_cpus(pool);
  for (int32_t i = 0; i + 1 < threads; ++i)
    if (start(&pool->workers[i])) {
      stop(pool, i);
      return NULL;
    }
  return pool;
}

void octet_pool_destroy(octet_pool *pool) {
  if (!pool)
    return;
  if (pool->forks == atomic_load(&forks))
    stop(pool, pool->threads - 1);
  else
    free(pool);
}
