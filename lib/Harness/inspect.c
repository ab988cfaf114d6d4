//===- inspect.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The command `inspect`. */

#include "program.h"

int command_inspect(const options *o) {
  int64_t macs = total_macs(), int8 = 0;
  for (int i = 0; i < variant->num_layers; ++i)
    if (!strcmp(layer_text(variant->layers[i].precision), "int8"))
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
                       d ? "x" : "", (long long)variant->shapes[l->shape + d]);
    const char *node = layer_text(l->node), *note = layer_text(l->note);
    size_t length = strlen(node);
    printf("%-28s %-20s %-20s %-5s %12lld %10lld  %s%s%s\n",
           length > 28 ? node + length - 28 : node, layer_text(l->op), shape,
           layer_text(l->precision), (long long)l->macs,
           (long long)l->weight_bytes, layer_text(l->kernel), *note ? "  " : "",
           note);
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
      octet_json_string(file, layer_text(l->node));
      fprintf(file,
              ", \"op\": \"%s\", \"kernel\": \"%s\", \"precision\": "
              "\"%s\", \"macs\": %lld, \"weight_bytes\": %lld, "
              "\"note\": ",
              layer_text(l->op), layer_text(l->kernel),
              layer_text(l->precision), (long long)l->macs,
              (long long)l->weight_bytes);
      octet_json_string(file, layer_text(l->note));
      fprintf(file, ", \"output\": [");
      for (int d = 0; d < l->rank; ++d)
        fprintf(file, "%s%lld", d ? ", " : "",
                (long long)variant->shapes[l->shape + d]);
      fprintf(file, "]}");
    }
    fprintf(file, "\n]}\n");
    if (close_output(&output))
      return 1;
  }
  return 0;
}
