//===- commands.c ---------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The commands `run`, `eval`, `inspect` and `calibrate`. */

#include "octet/Runtime/observe.h"
#include "program.h"

#include <errno.h>

int command_run(const options *o) {
  if (!o->input || !o->output)
    return usage();
  octet_npz npz;
  if (open_data(o->input, &npz))
    return 1;
  float **results = calloc(model->num_outputs, sizeof *results);
  octet_array *arrays = calloc(model->num_outputs, sizeof *arrays);
  if (!results || !arrays)
    return refuse("out of memory");
  int64_t samples = run_all(o->input, &npz, results, "running");
  if (samples < 0)
    return 1;
  for (int i = 0; i < model->num_outputs; ++i) {
    const octet_tensor *t = &model->outputs[i];
    arrays[i] = (octet_array){.name = (char *)t->name,
                              .kind = 'f',
                              .itemsize = 4,
                              .rank = t->rank,
                              .data = (const unsigned char *)results[i]};
    memcpy(arrays[i].shape, t->shape, t->rank * sizeof *t->shape);
    if (t->symbolic_batch)
      arrays[i].shape[0] = t->shape[0] / batch() * samples;
    else if (t->rank > 0 && t->shape[0] == batch() && samples > 1)
      arrays[i].shape[0] = samples;
  }
  octet_error error = {""};
  int status = octet_npz_write(o->output, arrays, model->num_outputs, &error);
  octet_npz_close(&npz);
  return status ? refuse(error.text) : 0;
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
  if (!o->data)
    return usage();
  octet_npz npz;
  if (open_data(o->data, &npz))
    return 1;
  const octet_array *labels = octet_npz_find(&npz, "labels");
  if (!labels)
    return refuse("the data has no array 'labels'; compare with another "
                  "program by `octet eval A B --data`");
  float **results = calloc(model->num_outputs, sizeof *results);
  if (!results)
    return refuse("out of memory");
  int64_t samples = run_all(o->data, &npz, results, "evaluating");
  if (samples < 0)
    return 1;
  int64_t classes = elements(&model->outputs[0]) / batch();
  if (labels->rank != 1 || labels->shape[0] != samples)
    return refuse("'labels' must hold one class for each sample");
  double top1 = 100 * octet_top_k(results[0], samples, classes, labels, 1);
  double top5 = 100 * octet_top_k(results[0], samples, classes, labels, 5);
  printf("%-10s %8s %8s %8s %12s\n", "precision", "samples", "top-1", "top-5",
         "bytes");
  printf("%-10s %8lld %7.2f%% %7.2f%% %12lld\n", model->precision,
         (long long)samples, top1, top5, (long long)own_bytes());
  if (o->json) {
    octet_output output;
    FILE *file = open_output(&output, o->json);
    if (!file)
      return 1;
    fprintf(file, "{\"samples\": %lld, \"programs\": [{\"path\": ",
            (long long)samples);
    octet_json_string(file, program);
    fprintf(file,
            ", \"precision\": \"%s\", \"top1\": %.4f, \"top5\": %.4f, "
            "\"bytes\": %lld}]}\n",
            model->precision, top1, top5, (long long)own_bytes());
    if (close_output(&output))
      return 1;
  }
  octet_npz_close(&npz);
  return 0;
}

int command_inspect(const options *o) {
  int64_t macs = total_macs(), int8 = 0;
  for (int i = 0; i < variant->num_layers; ++i)
    if (!strcmp(variant->layers[i].precision, "int8"))
      int8 += variant->layers[i].macs;
  double share = macs ? 100.0 * int8 / macs : 0.0;
  printf("target %s", variant->isa);
  for (int i = 0; i < model->num_variants; ++i)
    if (model->num_variants > 1)
      printf("%s%s", i ? ", " : " of ", model->variants[i].isa);
  printf(", precision %s, arena %lld bytes, %.2f MMAC, %.2f%% of MACs in "
         "int8\n\n",
         model->precision, (long long)variant->arena_size, macs / 1e6, share);
  printf("%-28s %-20s %-20s %-5s %12s %10s  %s\n", "node", "op", "output",
         "type", "MACs", "weights", "kernel");
  for (int i = 0; i < variant->num_layers; ++i) {
    const octet_layer *l = &variant->layers[i];
    char shape[96] = "";
    for (int d = 0, used = 0; d < l->rank && used < 80; ++d)
      used += snprintf(shape + used, sizeof shape - used, "%s%lld",
                       d ? "x" : "", (long long)l->shape[d]);
    size_t length = strlen(l->node);
    printf("%-28s %-20s %-20s %-5s %12lld %10lld  %s%s%s\n",
           length > 28 ? l->node + length - 28 : l->node, l->op, shape,
           l->precision, (long long)l->macs, (long long)l->weight_bytes,
           l->kernel, *l->note ? "  " : "", l->note);
  }
  if (o->json) {
    octet_output output;
    FILE *file = open_output(&output, o->json);
    if (!file)
      return 1;
    fprintf(
        file,
        "{\"target\": \"%s\", \"precision\": \"%s\", \"arena_bytes\": %lld, "
        "\"macs\": %lld, \"int8_macs_percent\": %.4f, \"layers\": [",
        variant->isa, model->precision, (long long)variant->arena_size,
        (long long)macs, share);
    for (int i = 0; i < variant->num_layers; ++i) {
      const octet_layer *l = &variant->layers[i];
      fprintf(file, "%s\n  {\"node\": ", i ? "," : "");
      octet_json_string(file, l->node);
      fprintf(file,
              ", \"op\": \"%s\", \"kernel\": \"%s\", \"precision\": "
              "\"%s\", \"macs\": %lld, \"weight_bytes\": %lld, "
              "\"note\": ",
              l->op, l->kernel, l->precision, (long long)l->macs,
              (long long)l->weight_bytes);
      octet_json_string(file, l->note);
      fprintf(file, ", \"output\": [");
      for (int d = 0; d < l->rank; ++d)
        fprintf(file, "%s%lld", d ? ", " : "", (long long)l->shape[d]);
      fprintf(file, "]}");
    }
    fprintf(file, "\n]}\n");
    if (close_output(&output))
      return 1;
  }
  return 0;
}

int command_calibrate(const options *o) {
  if (!o->data || !o->output)
    return usage();
  octet_npz npz;
  if (open_data(o->data, &npz))
    return 1;
  if (octet_observers_start(model->num_observed))
    return refuse("out of memory");
  int64_t samples = run_all(o->data, &npz, NULL, "calibrating");
  if (samples < 0)
    return 1;
  octet_output output;
  FILE *file = open_output(&output, o->output);
  if (!file)
    return 1;
  octet_observers_write(file, model->model_hash, samples, model->observed,
                        model->num_observed);
  return close_output(&output);
}
