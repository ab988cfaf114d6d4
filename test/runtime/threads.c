/* 64 threads, each with a context of its own, give the serial answers; so does
 * one context that runs its batches on the threads of a pool. Built under
 * ThreadSanitizer with the run time's own sources. */

#include "octet/Harness/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const octet_model octet_compiled_model;
#define model (&octet_compiled_model)

enum { THREADS = 64, SAMPLES = 7, ROUNDS = 3 };

static int64_t elements(const octet_tensor *t) {
  int64_t count = 1;
  for (int32_t i = 0; i < t->rank; ++i)
    count *= t->shape[i];
  return count;
}

static octet_context *create(const octet_options *options, void **memory) {
  size_t size = octet_context_size(model, options);
  octet_context *context;
  *memory = aligned_alloc(OCTET_ALIGNMENT, size);
  if (!*memory ||
      octet_context_create(model, options, *memory, size, &context)) {
    fprintf(stderr, "no context\n");
    exit(1);
  }
  return context;
}

/* Inputs that depend on the thread. */
static float *make_input(int thread) {
  int64_t count = SAMPLES * elements(&model->inputs[0]);
  float *x = malloc((size_t)count * sizeof *x);
  for (int64_t i = 0; i < count; ++i)
    x[i] = (float)((i * 7919 + thread * 104729) % 256) / 16.0f;
  return x;
}

static size_t output_bytes(void) {
  return SAMPLES * (size_t)elements(&model->outputs[0]) * sizeof(float);
}

static float *infer(octet_context *context, int thread) {
  float *x = make_input(thread), *y = malloc(output_bytes());
  const void *inputs[] = {x};
  void *outputs[] = {y};
  if (octet_run(context, inputs, outputs, SAMPLES) != OCTET_OK) {
    fprintf(stderr, "does not run\n");
    exit(1);
  }
  free(x);
  return y;
}

static float *expected[THREADS];

static void *work(void *argument) {
  int thread = (int)(intptr_t)argument;
  void *memory;
  octet_context *context = create(NULL, &memory);
  intptr_t differing = 0;
  for (int round = 0; round < ROUNDS; ++round) {
    float *y = infer(context, thread);
    differing += memcmp(y, expected[thread], output_bytes()) != 0;
    free(y);
  }
  free(memory);
  return (void *)differing;
}

int main(void) {
  void *memory;
  octet_context *context = create(NULL, &memory);
  for (int i = 0; i < THREADS; ++i)
    expected[i] = infer(context, i);
  free(memory);

  intptr_t differing = 0;
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; ++i)
    pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
  for (int i = 0; i < THREADS; ++i) {
    void *result;
    pthread_join(threads[i], &result);
    differing += (intptr_t)result;
  }
  for (int32_t workers = 1; workers <= 9; workers += 4) {
    octet_pool *pool = octet_pool_create(workers, 1);
    octet_options options = {
        .threads = workers, .parallel_for = octet_pool_run, .pool = pool};
    context = create(&options, &memory);
    for (int round = 0; round < ROUNDS; ++round) {
      float *y = infer(context, round);
      differing += memcmp(y, expected[round], output_bytes()) != 0;
      free(y);
    }
    free(memory);
    octet_pool_destroy(pool);
  }
  for (int i = 0; i < THREADS; ++i)
    free(expected[i]);
  printf("%d threads, %d outputs differ\n", THREADS, (int)differing);
  return differing != 0;
}
