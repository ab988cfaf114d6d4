//===- commands.c ---------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The commands `run` and `eval`. */

#include "program.h"

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
