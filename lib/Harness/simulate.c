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
  c->qualities = calloc((size_t)(model->num_observed + model->num_outputs),
                        sizeof *c->qualities);
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

/* Where outputs are put as numbers. */
typedef struct {
  float **exact, *rounded;
} numbers;

static int make_numbers(numbers *n) {
  int64_t most = 1;
  n->exact = calloc((size_t)model->num_outputs, sizeof *n->exact);
  for (int i = 0; n->exact && i < model->num_outputs; ++i) {
    int64_t count = elements(&model->outputs[i]);
    most = count > most ? count : most;
    n->exact[i] = malloc(((size_t)count + 1) * sizeof(float));
    if (!n->exact[i])
      return refuse("out of memory");
  }
  n->rounded = malloc((size_t)most * sizeof *n->rounded);
  return n->exact && n->rounded ? 0 : refuse("out of memory");
}

static void to_floats(const octet_tensor *t, const void *data, float *out) {
  octet_array array = {.data = data};
  octet_array_set_dtype(&array, t->dtype);
  int64_t count = elements(t);
  for (int64_t i = 0; i < count; ++i)
    out[i] = (float)octet_array_number(&array, i);
}

/* Loads a sample and runs it; inputs are rounded in place. */
static int run(const char *path, const octet_samples *samples, int64_t at,
               const state *s) {
  if (load_shared(path, samples, s) ||
      load_batch(path, samples, at, samples->batch, s))
    return 1;
  infer(s);
  return 0;
}

/* Runs a sample as it is, then by each candidate. */
static int compare(const char *path, const octet_samples *samples, int64_t at,
                   const state *s, candidate *all, int count,
                   const numbers *n) {
  if (octet_observers_keep(model->num_observed))
    return refuse("out of memory");
  if (run(path, samples, at, s))
    return 1;
  for (int i = 0; i < model->num_outputs; ++i)
    to_floats(&model->outputs[i], s->outputs[i], n->exact[i]);
  for (int k = 0; k < count; ++k) {
    octet_observers_round(all[k].roundings, all[k].qualities);
    if (run(path, samples, at, s))
      return 1;
    for (int i = 0; i < model->num_outputs; ++i) {
      to_floats(&model->outputs[i], s->outputs[i], n->rounded);
      octet_quality_add(&all[k].qualities[model->num_observed + i], n->exact[i],
                        n->rounded, elements(&model->outputs[i]));
    }
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
    for (int i = 0; i < model->num_observed + model->num_outputs; ++i)
      fprintf(file, "%.17g %.17g\n", all[k].qualities[i].signal,
              all[k].qualities[i].noise);
  return close_output(&output);
}

int command_simulate(const options *o) {
  octet_npz npz;
  octet_samples samples;
  state s;
  numbers n;
  int count;
  candidate *all = read_candidates(o->rounding, &count);
  if (!all || open_data(o->data, &npz) ||
      find_samples(o->data, &npz, &samples) || allocate(&s) || make_numbers(&n))
    return 1;
  int64_t whole = samples.samples / samples.batch;
  int64_t affordable = work / ((total_macs() + 1) * (count + 1));
  int64_t runs = o->runs < affordable ? o->runs : affordable;
  runs = runs < 2 ? 2 : runs;
  runs = runs < whole ? runs : whole;
  int64_t among = whole < spread ? whole : spread;
  for (int64_t i = 0; i < runs; ++i) {
    int64_t at = i * among / runs * whole / among;
    if (compare(o->data, &samples, at * samples.batch, &s, all, count, &n))
      return 1;
    octet_progress("weighing", i + 1, runs);
  }
  return write_qualities(o->output, all, count);
}
