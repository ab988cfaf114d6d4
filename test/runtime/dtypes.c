/* A model written by hand: an input and an output of each element type, [2, 3]
 * and a scalar, that pass on what they get. With the harness it is a program.
 */

#include "octet/Runtime/octet.h"

#include <string.h>

extern const octet_variant *octet_v4_choose(const octet_model *, const char *,
                                            octet_status *);
extern size_t octet_v4_context_size(const octet_model *, const octet_options *);
extern octet_status octet_v4_context_create(const octet_model *,
                                            const octet_options *, void *,
                                            size_t, octet_context **);
extern octet_status octet_v4_run(octet_context *, const void *const *,
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

static void copy(void *const *arguments, void *scratch, int64_t begin,
                 int64_t end) {
  (void)scratch, (void)begin, (void)end;
  for (int i = 0; i < COUNT; ++i) {
    size_t size = octet_dtype_size(inputs[i].dtype);
    memcpy(arguments[COUNT + i], arguments[i],
           inputs[i].rank ? 6 * size : size);
  }
}

#define TENSOR(i) {0, OCTET_TENSOR + (i)}
static const octet_argument arguments[2 * COUNT] = {
    TENSOR(0),  TENSOR(1),  TENSOR(2),  TENSOR(3),  TENSOR(4),  TENSOR(5),
    TENSOR(6),  TENSOR(7),  TENSOR(8),  TENSOR(9),  TENSOR(10), TENSOR(11),
    TENSOR(12), TENSOR(13), TENSOR(14), TENSOR(15), TENSOR(16), TENSOR(17)};
static octet_step step = {.num_arguments = 2 * COUNT, .layer = -1, .parts = 1};
/* C has no constant for the distance of a function. */
__attribute__((constructor)) static void place_kernel(void) {
  step.kernel = (int32_t)((intptr_t)copy - (intptr_t)&step);
}
static const octet_variant variant = {
    .isa = "generic", .num_steps = 1, .steps = &step, .arguments = arguments};

const octet_model octet_compiled_model = {.abi_version = OCTET_ABI_VERSION,
                                          .num_inputs = COUNT,
                                          .num_outputs = COUNT,
                                          .num_variants = 1,
                                          .precision = "fp32",
                                          .model_hash = "0",
                                          .inputs = inputs,
                                          .outputs = outputs,
                                          .variants = &variant,
                                          .choose = octet_v4_choose,
                                          .context_size = octet_v4_context_size,
                                          .context_create =
                                              octet_v4_context_create,
                                          .run = octet_v4_run};
