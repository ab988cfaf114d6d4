//===- commands.c ---------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The commands `run`, `eval` and `calibrate`. */

#include "octet/Harness/observe.h"
#include "program.h"

#include <math.h>
#include <unistd.h>

static octet_array *allocate_results(void) {
  octet_array *results = calloc(model->num_outputs, sizeof *results);
  if (!results)
    refuse("out of memory");
  return results;
}

static void free_results(octet_array *results) {
  for (int i = 0; i < model->num_outputs; ++i)
    free(results[i].owned);
  free(results);
}

/* Samples, rows of each output, and whether the data have labels. */
static int write_report(const char *path, const octet_npz *npz,
                        const octet_samples *samples) {
  octet_output output;
  FILE *file = open_output(&output, path);
  if (!file)
    return 1;
  fprintf(file, "{\"precision\": \"%s\", \"samples\": %lld, \"rows\": [",
          model->precision, (long long)samples->samples);
  for (int i = 0; i < model->num_outputs; ++i)
    fprintf(file, "%s%lld", i ? ", " : "",
            (long long)octet_samples_rows(samples, &model->outputs[i]));
  octet_error error = {""};
  int labels = octet_find_labels(model, npz, &error) || error.text[0];
  fprintf(file, "], \"labels\": %s}\n", labels ? "true" : "false");
  return close_output(&output);
}

int command_run(const options *o) {
  octet_npz npz;
  octet_samples samples;
  if (open_data(o->input, &npz) || find_samples(o->input, &npz, &samples) ||
      start_threads(o->threads))
    return 1;
  octet_array *results = allocate_results();
  if (!results || run_all(o->input, &samples, results, "running"))
    return 1;
  octet_error error = {""};
  if (octet_npz_write(o->output, results, model->num_outputs, &error))
    return refuse(error.text);
  int status = o->report ? write_report(o->report, &npz, &samples) : 0;
  free_results(results);
  octet_samples_free(&samples);
  octet_npz_close(&npz);
  return status;
}

static int64_t own_bytes(void) {
  FILE *file = fopen("/proc/self/exe", "rb");
  if (!file)
    return 0;
  fseek(file, 0, SEEK_END);
  int64_t size = ftell(file);
  fclose(file);
  return size;
}

int command_eval(const options *o) {
  octet_npz npz;
  octet_samples samples;
  octet_error error = {""};
  if (open_data(o->data, &npz) || find_samples(o->data, &npz, &samples))
    return 1;
  const octet_array *labels = octet_find_labels(model, &npz, &error);
  if (!labels && error.text[0])
    return refuse(error.text);
  if (!labels) {
    octet_fail(&error,
               "%s: has no array 'labels'; compare with another program by "
               "`octet eval A B --data`",
               o->data);
    return refuse(error.text);
  }
  octet_array *results = allocate_results();
  if (!results)
    return 1;
  const octet_tensor *t = &model->outputs[0];
  octet_samples_describe(&samples, t, &results[0]);
  int64_t rows = octet_samples_rows(&samples, t);
  int64_t classes = octet_array_elements(&results[0]) / rows;
  if (octet_check_labels(o->data, labels, rows, classes, t->name, &error))
    return refuse(error.text);
  if (start_threads(o->threads) ||
      run_all(o->data, &samples, results, "evaluating"))
    return 1;
  double top1 = 100 * octet_top_k(&results[0], rows, labels, 1);
  double top5 = 100 * octet_top_k(&results[0], rows, labels, 5);
  printf("%-10s %8s %8s %8s %12s  %s\n", "precision", "samples", "top-1",
         "top-5", "bytes", "output");
  printf("%-10s %8lld %7.2f%% %7.2f%% %12lld  %s\n", model->precision,
         (long long)samples.samples, top1, top5, (long long)own_bytes(),
         t->name);
  int status = 0;
  if (o->json) {
    octet_output output;
    FILE *file = open_output(&output, o->json);
    if (!file)
      return 1;
    fprintf(file,
            "{\"samples\": %lld, \"rows\": %lld, \"programs\": [{\"path\": ",
            (long long)samples.samples, (long long)rows);
    octet_json_string(file, program);
    fprintf(file,
            ", \"precision\": \"%s\", \"top1\": %.4f, \"top5\": %.4f, "
            "\"bytes\": %lld}]}\n",
            model->precision, top1, top5, (long long)own_bytes());
    status = close_output(&output);
  }
  free_results(results);
  octet_samples_free(&samples);
  octet_npz_close(&npz);
  return status;
}

/* What calibration must know of its data. */
typedef struct {
  int finite, zero;
} contents;

/* Looks through all inputs; 0, or 1 after a message. */
static int look_through(const char *path, const octet_samples *samples,
                        contents *found) {
  *found = (contents){.finite = 1, .zero = 1};
  for (int i = 0; i < model->num_inputs; ++i) {
    const octet_array *array = samples->arrays[i];
    int64_t count = octet_array_elements(array);
    for (int64_t k = 0; k < count; ++k) {
      double x = octet_array_number(array, k);
      found->zero &= x == 0;
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

static void count_values(void *state, int64_t thread) {
  const octet_observer observer = {.histograms = (octet_histogram *)state +
                                                 thread * model->num_observed};
  octet_observe_by(&observer);
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
  octet_pool_run(pool, threads, count_values, *histograms);
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
