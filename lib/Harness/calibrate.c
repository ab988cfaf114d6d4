//===- calibrate.c --------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The command `calibrate` of instrumented programs, and the kernel by which
 * their models ask the linker for this file and all that it needs. */

#include "octet/Harness/observe.h"
#include "program.h"

#include <math.h>
#include <unistd.h>

const command instrumented_commands[] = {
    {.name = "calibrate",
     .run = command_calibrate,
     .takes = "dot",
     .needs = "do"},
    {.name = "simulate",
     .run = command_simulate,
     .takes = "donqt",
     .needs = "donq"},
    {.name = NULL},
};

/* An octet_kernel: octet_observe_view of the index, an address, an offset of
 * elements from it, and what follows in octet_view. */
__attribute__((visibility("hidden"))) void octet_observe(void *const *arguments,
                                                         void *scratch,
                                                         int64_t begin,
                                                         int64_t end);

void octet_observe(void *const *arguments, void *scratch, int64_t begin,
                   int64_t end) {
  (void)scratch, (void)begin, (void)end;
  int64_t numbers[10];
  for (int i = 0; i < 10; ++i)
    numbers[i] = (int64_t)(intptr_t)arguments[i];
  octet_view view = {(float *)arguments[1] + numbers[2],
                     numbers[3],
                     numbers[4],
                     numbers[5],
                     numbers[6],
                     numbers[7],
                     numbers[8],
                     numbers[9]};
  octet_observe_view(numbers[0], &view);
}

/* What calibration must know of its data. */
typedef struct {
  int finite, zero;
} contents;

static int is_zero(const octet_array *array) {
  int64_t count = octet_array_elements(array);
  for (int64_t k = 0; k < count; ++k)
    if (octet_array_number(array, k) != 0)
      return 0;
  return 1;
}

/* Looks through all inputs; 0, or 1 after a message. */
static int look_through(const char *path, const octet_samples *samples,
                        contents *found) {
  *found = (contents){.finite = 1, .zero = 1};
  for (int i = 0; i < model->num_inputs; ++i) {
    const octet_array *array = samples->arrays[i];
    int64_t count = octet_array_elements(array);
    found->zero = found->zero && is_zero(array);
    for (int64_t k = 0; k < count && array->kind == 'f'; ++k) {
      double x = octet_array_number(array, k);
      found->finite &= isfinite(x) != 0;
      if (!isnan(x))
        continue;
      int64_t of = octet_is_shared(samples, &model->inputs[i])
                       ? 0
                       : k / (count / samples->samples);
      fprintf(stderr,
              "%s: %s: array '%s' is NaN in sample %lld, and ranges are of "
              "numbers; leave the sample out or mend it\n",
              program, path, array->name, (long long)of);
      return 1;
    }
  }
  return 0;
}

/* Has each thread count values in histograms of its own; 0, or 1 without
 * memory. */
static int make_histograms(octet_histogram **histograms) {
  int64_t threads = octet_pool_threads(pool);
  int64_t count = threads * model->num_observed;
  *histograms = malloc((size_t)count * sizeof **histograms);
  if (!*histograms)
    return refuse("out of memory");
  for (int64_t i = 0; i < count; ++i)
    octet_histogram_init(&(*histograms)[i]);
  octet_observe_apart(*histograms, model->num_observed);
  return 0;
}

/* Adds those of other threads to the first one's. */
static void merge_histograms(octet_histogram *histograms) {
  int64_t observed = model->num_observed;
  for (int64_t i = observed; i < observed * octet_pool_threads(pool); ++i)
    octet_histogram_merge(&histograms[i % observed], &histograms[i]);
}

int64_t calibration_threads(void) {
  octet_options one = {.threads = 1}, two = {.threads = 2};
  one.parallel_for = two.parallel_for = octet_pool_run;
  double each = (double)octet_context_size(model, &two) -
                (double)octet_context_size(model, &one) +
                model->num_observed * (double)sizeof(octet_histogram);
  double memory =
      (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  double most = memory / 4 / each;
  int64_t cpus = octet_allowed_cpus();
  return most < 1 ? 1 : most < cpus ? (int64_t)most : cpus;
}

int command_calibrate(const options *o) {
  octet_npz npz;
  octet_samples samples;
  contents found;
  if (open_data(o->data, &npz) || find_samples(o->data, &npz, &samples) ||
      look_through(o->data, &samples, &found))
    return 1;
  if (samples.samples % samples.batch) {
    /* Observers see whole batches, also what fills one up. */
    octet_error error = {""};
    octet_fail(&error,
               "%s: has %lld samples, no multiple of the batch of %lld that "
               "this graph was imported for; import it with --batch 1",
               o->data, (long long)samples.samples, (long long)samples.batch);
    return refuse(error.text);
  }
  if (found.zero && model->num_inputs > 0)
    fprintf(stderr,
            "%s: %s: warning: every input of the calibration data is 0 "
            "throughout, which says nothing of real inputs; calibrate with "
            "samples like those that will be run\n",
            program, o->data);
  octet_histogram *histograms;
  if (start_threads(o->threads ? o->threads : calibration_threads()) ||
      make_histograms(&histograms) ||
      run_all(o->data, &samples, NULL, "calibrating"))
    return 1;
  merge_histograms(histograms);
  octet_output output;
  FILE *file = open_output(&output, o->output);
  if (!file)
    return 1;
  octet_calibration run = {.model_hash = model->model_hash,
                           .samples = samples.samples,
                           .inputs_finite = found.finite};
  octet_ranges_write(file, &run, model->observed, histograms,
                     model->num_observed);
  free(histograms);
  octet_samples_free(&samples);
  octet_npz_close(&npz);
  return close_output(&output);
}
