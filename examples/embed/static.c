/* A model linked into a C program: compile with
 *
 *   octet compile digits.onnx --calib calib.npz -o digits.o
 *   cc static.c digits.o -lm -o static
 *
 * Classifies one image of ones and prints the scores. */

#include "digits.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t elements(const octet_tensor *t) {
  int64_t count = 1;
  for (int32_t i = 0; i < t->rank; ++i)
    count *= t->shape[i];
  return count;
}

int main(void) {
  const octet_model *model = &digits_model;
  octet_status status;
  const octet_variant *code = octet_choose(model, NULL, &status);
  if (!code) {
    fprintf(stderr, "this CPU cannot run the model\n");
    return 1;
  }
  printf("%s on %s\n", model->inputs[0].name, model->precision);

  size_t size = octet_context_size(model, NULL);
  void *memory = aligned_alloc(OCTET_ALIGNMENT, size);
  octet_context *context;
  if (!memory || octet_context_create(model, NULL, memory, size, &context))
    return 1;

  int64_t pixels = elements(&model->inputs[0]);
  int64_t classes = elements(&model->outputs[0]);
  float *image = malloc((size_t)pixels * sizeof *image);
  float *scores = malloc((size_t)classes * sizeof *scores);
  for (int64_t i = 0; i < pixels; ++i)
    image[i] = 1.0f;
  const void *inputs[] = {image};
  void *outputs[] = {scores};
  if (octet_run(context, inputs, outputs, 1) != OCTET_OK)
    return 1;
  for (int64_t i = 0; i < classes; ++i)
    printf("%a\n", scores[i]);
  free(scores);
  free(image);
  free(memory);
  return 0;
}
