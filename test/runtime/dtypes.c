/* A model written by hand: an input and an output of each element type, [2, 3]
 * and a scalar, that pass on what they get. With the harness it is a program.
 */

#include "octet/Runtime/octet.h"

#include <string.h>

extern const octet_variant *octet_v3_choose(const octet_model *, const char *,
                                            octet_status *);
extern size_t octet_v3_context_size(const octet_model *, const octet_options *);
extern octet_status octet_v3_context_create(const octet_model *,
                                            const octet_options *, void *,
                                            size_t, octet_context **);
extern octet_status octet_v3_run(octet_context *, const void *const *,
                                 void *const *, int64_t);

static const int64_t shape[] = {2, 3};
#define TENSORS(prefix)                                                        \
  {                                                                            \
      {prefix "f32", shape, 2, OCTET_F32, 0},                                  \
      {prefix "u8", shape, 2, OCTET_U8, 0},                                    \
      {prefix "i8", shape, 2, OCTET_I8, 0},                                    \
      {prefix "i32", shape, 2, OCTET_I32, 0},                                  \
      {prefix "i64", shape, 2, OCTET_I64, 0},                                  \
      {prefix "bool", shape, 2, OCTET_BOOL, 0},                                \
      {prefix "f16", shape, 2, OCTET_F16, 0},                                  \
      {prefix "f64", shape, 2, OCTET_F64, 0},                                  \
      {prefix "skal\xc3\xa4r %s%n", NULL, 0, OCTET_I64, 0},                    \
  }
enum { COUNT = 9 };
static const octet_tensor inputs[COUNT] = TENSORS("");
static const octet_tensor outputs[COUNT] = TENSORS("same ");

static void run(void *arena, const void *const *in, void *const *out) {
  (void)arena;
  for (int i = 0; i < COUNT; ++i) {
    size_t size = octet_dtype_size(inputs[i].dtype);
    memcpy(out[i], in[i], inputs[i].rank ? 6 * size : size);
  }
}

static const octet_variant variant = {.isa = "generic", .run = run};

const octet_model octet_compiled_model = {.abi_version = OCTET_ABI_VERSION,
                                          .num_inputs = COUNT,
                                          .num_outputs = COUNT,
                                          .num_variants = 1,
                                          .precision = "fp32",
                                          .model_hash = "0",
                                          .inputs = inputs,
                                          .outputs = outputs,
                                          .variants = &variant,
                                          .choose = octet_v3_choose,
                                          .context_size = octet_v3_context_size,
                                          .context_create =
                                              octet_v3_context_create,
                                          .run = octet_v3_run};
