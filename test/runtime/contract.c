/* What the interface promises of wrong arguments, and that running allocates
 * nothing. */

#include "octet/Runtime/octet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const octet_model octet_compiled_model;
#define model (&octet_compiled_model)

/* glibc's own names: calls of malloc are counted. */
extern void *__libc_malloc(size_t size);
static int allocations;
void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

static int failed;
#define CHECK(condition)                                                       \
  do                                                                           \
    if (!(condition)) {                                                        \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                  \
      failed = 1;                                                              \
    }                                                                          \
  while (0)

int main(void) {
  static float x[1 << 16], y[1 << 12], again[1 << 12];
  const void *inputs[] = {x}, *no_inputs[] = {NULL};
  void *outputs[] = {y}, *more[] = {again}, *no_outputs[] = {NULL};
  octet_context *context;
  octet_status status;

  CHECK(model->abi_version == OCTET_ABI_VERSION);
  size_t size = octet_context_size(model, NULL);
  char *memory = aligned_alloc(OCTET_ALIGNMENT, size + OCTET_ALIGNMENT);
  CHECK(octet_context_create(model, NULL, NULL, size, &context) ==
        OCTET_BAD_ARGUMENT);
  CHECK(octet_context_create(model, NULL, memory + 1, size, &context) ==
        OCTET_BAD_ARGUMENT);
  CHECK(octet_context_create(model, NULL, memory, size - 1, &context) ==
        OCTET_SMALL_MEMORY);
  octet_options unknown = {.isa = "no-such-isa"};
  CHECK(octet_context_create(model, &unknown, memory, size, &context) ==
        OCTET_NO_SUCH_ISA);
  CHECK(octet_context_size(model, &unknown) == 0);
  CHECK(octet_choose(model, "no-such-isa", &status) == NULL);
  CHECK(octet_choose(model, "generic", &status) != NULL && status == OCTET_OK);

  memset(memory, 0xa5, size); /* a context owes nothing to its memory */
  CHECK(octet_context_create(model, NULL, memory, size, &context) == OCTET_OK);
  CHECK(octet_run(context, no_inputs, outputs, 1) == OCTET_BAD_ARGUMENT);
  CHECK(octet_run(context, inputs, no_outputs, 1) == OCTET_BAD_ARGUMENT);
  CHECK(octet_run(context, inputs, outputs, 0) == OCTET_BAD_ARGUMENT);
  CHECK(octet_run(context, inputs, outputs, -3) == OCTET_BAD_ARGUMENT);
  for (int i = 0; i < 1 << 16; ++i)
    x[i] = (float)(i % 16);
  int before = allocations;
  CHECK(octet_run(context, inputs, outputs, 5) == OCTET_OK);
  CHECK(octet_run(context, inputs, more, 5) == OCTET_OK);
  CHECK(allocations == before);
  CHECK(memcmp(y, again, sizeof y) == 0);
  free(memory);
  printf(failed ? "failed\n" : "kept\n");
  return failed;
}
