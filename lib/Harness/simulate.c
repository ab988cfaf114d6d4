//===- simulate.c ---------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The command `simulate` of instrumented programs: what rounding observed
 * values to steps of 8 bits does to them and to the outputs. */

#include "octet/Harness/observe.h"
#include "program.h"

#include <assert.h>
#include <stdatomic.h>

/* Multiplications beyond which only two samples are run: some seconds' work.
 * Not the time, for the result is to be the same everywhere. */
static const int64_t work = 400000000000;
/* Samples are chosen among as many, spread evenly over the data: those are all
 * that one needs to keep of data that come in parts. */
static const int64_t spread = 16;

/* One choice of roundings, and what it did to the observed values and then to
 * the outputs. */
typedef struct {
  octet_rounding *roundings;
  octet_quality *qualities;
} candidate;

/* Qualities of a candidate. */
static int64_t each(void) { return model->num_observed + model->num_outputs; }

/* The index of the observed value of this name; -1 if there is none. */
static int32_t find(const char *name) {
  for (int32_t i = 0; i < model->num_observed; ++i)
    if (!strcmp(model->observed[i], name))
      return i;
  return -1;
}

/* Reads "COUNT", then as many times "LENGTH NAME SCALE ZERO_POINT"; 0, or -1.
 */
static int read_candidate(FILE *file, candidate *c) {
  c->roundings = calloc((size_t)model->num_observed, sizeof *c->roundings);
  c->qualities = calloc((size_t)each(), sizeof *c->qualities);
  int count, length;
  if (!c->roundings || !c->qualities || fscanf(file, "%d", &count) != 1)
    return -1;
  while (count-- > 0) {
    if (fscanf(file, "%d", &length) != 1 || length < 0 || fgetc(file) != ' ')
      return -1;
    char *name = calloc((size_t)length + 1, 1);
    octet_rounding rounding;
    int32_t index = -1;
    if (name && fread(name, 1, (size_t)length, file) == (size_t)length &&
        fscanf(file, "%f %f", &rounding.scale, &rounding.zero_point) == 2)
      index = find(name);
    free(name);
    if (index < 0)
      return -1;
    c->roundings[index] = rounding;
  }
  return 0;
}

/* Reads their number and the candidates; null after a message. */
static candidate *read_candidates(const char *path, int *count) {
  FILE *file = fopen(path, "r");
  candidate *all = NULL;
  int bad = !file || fscanf(file, "%d", count) != 1 || *count < 1 ||
            !(all = calloc((size_t)*count, sizeof *all));
  for (int i = 0; !bad && i < *count; ++i)
    bad = read_candidate(file, &all[i]);
  if (file)
    fclose(file);
  if (!bad)
    return all;
  refuse("the scales of observed values cannot be read");
  return NULL;
}

/* A sample as it is: elements of its observed values, and its outputs. */
typedef struct {
  int64_t at;
  float *kept;
  float **outputs;
  octet_quality *qualities; /* of each candidate in turn */
} sample;

/* No more samples at a time than threads. Each is run as it is, then by each
 * candidate; whatever thread does that, sums are the same. */
typedef struct {
  const char *path;
  const octet_samples *samples;
  const candidate *candidates;
  int64_t num_candidates, present; /* samples */
  sample *of;
  /* Of each thread. */
  state *states;
  float **rounded;
  _Atomic int64_t next;
} simulation;

static void to_floats(const octet_tensor *t, const void *data, float *out) {
  octet_array array = {.data = data};
  octet_array_set_dtype(&array, t->dtype);
  int64_t count = elements(t);
  for (int64_t i = 0; i < count; ++i)
    out[i] = (float)octet_array_number(&array, i);
}

static float *make_floats(int64_t count) {
  return malloc(((size_t)count + 1) * sizeof(float));
}

/* 0, or 1 without memory. */
static int make_sample(sample *s, int64_t candidates) {
  s->kept = make_floats((int64_t)model->num_observed * OCTET_SAMPLED);
  s->outputs = calloc((size_t)model->num_outputs, sizeof *s->outputs);
  s->qualities = malloc((size_t)(candidates * each()) * sizeof *s->qualities);
  int made = s->kept && s->outputs && s->qualities;
  for (int i = 0; made && i < model->num_outputs; ++i)
    made = (s->outputs[i] = make_floats(elements(&model->outputs[i]))) != NULL;
  return !made;
}

static int make_simulation(simulation *s, int64_t samples) {
  int64_t threads = octet_pool_threads(pool), most = 0;
  for (int i = 0; i < model->num_outputs; ++i) {
    int64_t count = elements(&model->outputs[i]);
    most = count > most ? count : most;
  }
  s->of = calloc((size_t)samples, sizeof *s->of);
  s->states = calloc((size_t)threads, sizeof *s->states);
  s->rounded = calloc((size_t)threads, sizeof *s->rounded);
  int made = s->of && s->states && s->rounded;
  for (int64_t i = 0; made && i < samples; ++i)
    made = !make_sample(&s->of[i], s->num_candidates);
  for (int64_t i = 0; made && i < threads; ++i) {
    s->rounded[i] = make_floats(most);
    made = s->rounded[i] != NULL;
    if (made && allocate(&s->states[i], NULL, 1))
      return 1;
  }
  return made ? 0 : refuse("out of memory");
}

/* Loads the inputs, which are rounded in place; 0, or 1 after a message. */
static int load(const simulation *s, const state *own, const sample *of) {
  return load_shared(s->path, s->samples, own) ||
         load_batch(s->path, s->samples, of->at, s->samples->batch, own);
}

static void run(const state *own, const octet_observer *observer) {
  octet_observe_by(observer);
  infer(own);
  octet_observe_by(NULL);
}

static void run_exact(void *argument, int64_t i) {
  const simulation *s = argument;
  const sample *of = &s->of[i];
  const state *own = &s->states[i];
  const octet_observer observer = {.kept = of->kept};
  run(own, &observer);
  for (int k = 0; k < model->num_outputs; ++k)
    to_floats(&model->outputs[k], own->outputs[k], of->outputs[k]);
}

static void run_rounded(const simulation *s, int64_t thread, const sample *of,
                        int64_t which) {
  const state *own = &s->states[thread];
  octet_quality *qualities = of->qualities + which * each();
  memset(qualities, 0, (size_t)each() * sizeof *qualities);
  const octet_observer observer = {.roundings = s->candidates[which].roundings,
                                   .kept = of->kept,
                                   .qualities = qualities};
  int refused = load(s, own, of);
  assert(!refused && "what was loaded once loads again");
  (void)refused;
  run(own, &observer);
  for (int i = 0; i < model->num_outputs; ++i) {
    float *rounded = s->rounded[thread];
    to_floats(&model->outputs[i], own->outputs[i], rounded);
    octet_quality_add(&qualities[model->num_observed + i], of->outputs[i],
                      rounded, elements(&model->outputs[i]));
  }
}

/* Takes what is left of samples by candidates. */
static void take_rounded(void *argument, int64_t thread) {
  simulation *s = argument;
  int64_t i, count = s->present * s->num_candidates;
  while ((i = atomic_fetch_add(&s->next, 1)) < count)
    run_rounded(s, thread, &s->of[i / s->num_candidates],
                i % s->num_candidates);
}

/* Runs the samples that are there; 0, or 1 after a message. */
static int compare(simulation *s, candidate *candidates) {
  for (int64_t i = 0; i < s->present; ++i)
    if (load(s, &s->states[i], &s->of[i]))
      return 1;
  octet_pool_run(pool, s->present, run_exact, s);
  s->next = 0;
  octet_pool_run(pool, octet_pool_threads(pool), take_rounded, s);
  for (int64_t i = 0; i < s->present; ++i)
    for (int64_t k = 0; k < s->num_candidates; ++k)
      for (int64_t q = 0; q < each(); ++q) {
        const octet_quality *from = &s->of[i].qualities[k * each() + q];
        candidates[k].qualities[q].signal += from->signal;
        candidates[k].qualities[q].noise += from->noise;
      }
  return 0;
}

/* A line "SIGNAL NOISE" for each candidate's observed values and outputs. */
static int write_qualities(const char *path, const candidate *all, int count) {
  octet_output output;
  FILE *file = open_output(&output, path);
  if (!file)
    return 1;
  for (int k = 0; k < count; ++k)
    for (int i = 0; i < each(); ++i)
      fprintf(file, "%.17g %.17g\n", all[k].qualities[i].signal,
              all[k].qualities[i].noise);
  return close_output(&output);
}

int command_simulate(const options *o) {
  octet_npz npz;
  octet_samples samples;
  int count;
  candidate *all = read_candidates(o->rounding, &count);
  if (!all || open_data(o->data, &npz) ||
      find_samples(o->data, &npz, &samples) ||
      start_threads(o->threads ? o->threads : calibration_threads()))
    return 1;
  int64_t whole = samples.samples / samples.batch;
  int64_t affordable = work / ((total_macs() + 1) * (count + 1));
  int64_t runs = o->runs < affordable ? o->runs : affordable;
  runs = runs < 2 ? 2 : runs;
  runs = runs < whole ? runs : whole;
  int64_t among = whole < spread ? whole : spread;
  int64_t threads = octet_pool_threads(pool);
  int64_t most = threads < runs ? threads : runs;
  simulation s = {.path = o->data,
                  .samples = &samples,
                  .candidates = all,
                  .num_candidates = count};
  if (make_simulation(&s, most))
    return 1;
  for (int64_t i = 0; i < runs; i += s.present) {
    s.present = runs - i < most ? runs - i : most;
    for (int64_t k = 0; k < s.present; ++k)
      s.of[k].at = (i + k) * among / runs * whole / among * samples.batch;
    if (compare(&s, all))
      return 1;
    octet_progress("weighing", i + s.present, runs);
  }
  return write_qualities(o->output, all, count);
}
