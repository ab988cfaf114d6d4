/* Running reads and writes no sample but those that it is given: each number of
 * samples lies in front of a page that nothing may touch. */

#include "octet/Runtime/octet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern const octet_model octet_compiled_model;
#define model (&octet_compiled_model)

static void stop(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

/* `size` bytes that end where an unmapped page begins. */
static char *guarded(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t whole = (size + page - 1) / page * page;
  char *memory = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory + whole, page, PROT_NONE))
    stop("no memory");
  return memory + whole - size;
}

/* Bytes of one sample. */
static size_t bytes(const octet_tensor *t) {
  size_t size = t->dtype == OCTET_U8 ? 1 : 4;
  for (int d = 1; d < t->rank; ++d)
    size *= (size_t)t->shape[d];
  return size;
}

int main(void) {
  octet_context *context;
  size_t size = octet_context_size(model, NULL);
  char *memory = aligned_alloc(OCTET_ALIGNMENT, size);
  if (!memory ||
      octet_context_create(model, NULL, memory, size, &context) != OCTET_OK)
    stop("no context");
  if (model->num_inputs != 1 || model->num_outputs != 1)
    stop("a model of one input and one output was expected");
  size_t in = bytes(&model->inputs[0]), out = bytes(&model->outputs[0]);
  enum { most = 9 };
  char *all = malloc(in * most), *expected = malloc(out * most);
  if (!all || !expected)
    stop("no memory");
  for (size_t i = 0; i < in * most / 4; ++i)
    ((float *)(void *)all)[i] = (float)(i % 17);
  const void *inputs[] = {all};
  void *outputs[] = {expected};
  if (octet_run(context, inputs, outputs, most) != OCTET_OK)
    stop("it does not run");
  for (size_t samples = 1; samples <= most; ++samples) {
    char *x = guarded(in * samples), *y = guarded(out * samples);
    memcpy(x, all, in * samples);
    inputs[0] = x;
    outputs[0] = y;
    if (octet_run(context, inputs, outputs, (int64_t)samples) != OCTET_OK)
      stop("it does not run");
    if (memcmp(y, expected, out * samples))
      stop("samples depend on how many there are");
  }
  printf("kept to itself\n");
  return 0;
}
