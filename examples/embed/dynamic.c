/* A model loaded at run time: compile with
 *
 *   octet compile digits.onnx --calib calib.npz -o digits.so
 *   cc -I. dynamic.c -o dynamic && ./dynamic ./digits.so digits_model
 *
 * Any model's header will do, they all describe the same interface. Prints the
 * scores of one image of ones. Also valid C++. */

#include "digits.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

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
  float image[64], scores[10];
  for (int i = 0; i < 64; ++i)
    image[i] = 1.0f;
  const void *inputs[] = {image};
  void *outputs[] = {scores};
  if (octet_run(context, inputs, outputs, 1) != OCTET_OK)
    return 1;
  for (int i = 0; i < 10; ++i)
    printf("%a\n", scores[i]);
  free(memory);
  dlclose(library);
  return 0;
}
