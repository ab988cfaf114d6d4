/* A model loaded at run time: compile with
 *
 *   octet compile digits.onnx --calib calib.npz -o digits.so
 *   cc -I. dynamic.c -o dynamic && ./dynamic ./digits.so digits_model
 *
 * Any model's header will do, they all describe the same interface; the model
 * has one float32 input and output. Prints the
 * scores of one image of ones. Also valid C++. */

#include "digits.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t elements(const octet_tensor *t) {
  int64_t count = 1;
  for (int32_t i = 0; i < t->rank; ++i)
    count *= t->shape[i];
  return count;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s LIBRARY SYMBOL\n", argv[0]);
    return 2;
  }
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  const octet_model *model =
      library ? (const octet_model *)dlsym(library, argv[2]) : NULL;
  if (!model) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  if (model->abi_version != OCTET_ABI_VERSION) {
    fprintf(stderr, "the model speaks version %d of the interface, not %d\n",
            model->abi_version, OCTET_ABI_VERSION);
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
  float *image = (float *)malloc((size_t)pixels * sizeof *image);
  float *scores = (float *)malloc((size_t)classes * sizeof *scores);
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
  dlclose(library);
  return 0;
}
