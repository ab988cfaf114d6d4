//===- ContextTest.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Runtime/octet.h"
#include <cstdlib>
#include <gtest/gtest.h>
#include <vector>

extern "C" {
const octet_variant *octet_v3_choose(const octet_model *, const char *,
                                     octet_status *);
size_t octet_v3_context_size(const octet_model *, const octet_options *);
octet_status octet_v3_context_create(const octet_model *, const octet_options *,
                                     void *, size_t, octet_context **);
octet_status octet_v3_run(octet_context *, const void *const *, void *const *,
                          int64_t);
}

namespace {

/// y[i] = x[i] + shared, for two values of x: two samples of one, or one of
/// two.
void addTwo(void *, const void *const *inputs, void *const *outputs) {
  for (int i = 0; i < 2; ++i)
    static_cast<int32_t *>(outputs[0])[i] =
        static_cast<const int32_t *>(inputs[0])[i] +
        static_cast<const int32_t *>(inputs[1])[0];
}

class Context : public testing::Test {
protected:
  int64_t shape[1] = {2}, one[1] = {1};
  octet_tensor inputs[2] = {{"x", shape, 1, OCTET_I32, 0},
                            {"shared", one, 1, OCTET_I32, 0}};
  octet_tensor outputs[1] = {{"y", shape, 1, OCTET_I32, 0}};
  octet_variant variant = {"generic", 0, 0, 0, nullptr, addTwo};

  /// y for `samples` samples, each of which has one shared value where the
  /// batch is fixed.
  std::vector<int32_t> run(bool symbolic, int64_t samples, int threads) {
    inputs[0].symbolic_batch = outputs[0].symbolic_batch = symbolic;
    octet_model model = {};
    model.abi_version = OCTET_ABI_VERSION;
    model.num_inputs = 2;
    model.num_outputs = 1;
    model.num_variants = 1;
    model.inputs = inputs;
    model.outputs = outputs;
    model.variants = &variant;
    model.choose = octet_v3_choose;
    model.context_size = octet_v3_context_size;
    model.context_create = octet_v3_context_create;
    model.run = octet_v3_run;
    octet_options options = {};
    options.threads = threads;
    options.parallel_for = [](void *, int64_t count, octet_task task,
                              void *state) {
      for (int64_t i = count; i-- > 0;)
        task(state, i);
    };
    size_t size = octet_context_size(&model, &options);
    void *memory = std::aligned_alloc(OCTET_ALIGNMENT,
                                      size / OCTET_ALIGNMENT * OCTET_ALIGNMENT);
    octet_context *context;
    EXPECT_EQ(octet_context_create(&model, &options, memory, size, &context),
              OCTET_OK);
    int64_t values = symbolic ? samples : 2 * samples;
    std::vector<int32_t> x, shared, y(values);
    for (int64_t i = 0; i < values; ++i)
      x.push_back(10 * i);
    for (int64_t i = 0; i < (symbolic ? 1 : samples); ++i)
      shared.push_back(i + 1);
    const void *in[] = {x.data(), shared.data()};
    void *out[] = {y.data()};
    EXPECT_EQ(octet_run(context, in, out, samples), OCTET_OK);
    std::free(memory);
    return y;
  }
};

TEST_F(Context, SamplesOfAFixedBatchLieBehindEachOther) {
  for (int threads : {1, 2, 5})
    EXPECT_EQ(run(false, 3, threads),
              (std::vector<int32_t>{1, 11, 22, 32, 43, 53}));
  EXPECT_EQ(run(false, 1, 1), (std::vector<int32_t>{1, 11}));
}

TEST_F(Context, ASymbolicBatchNeedNotBeFull) {
  for (int threads : {1, 3})
    EXPECT_EQ(run(true, 5, threads), (std::vector<int32_t>{1, 11, 21, 31, 41}));
}

TEST(Dtypes, HaveTheirSizes) {
  const size_t sizes[] = {4, 1, 1, 4, 8, 1, 2, 8};
  for (int32_t dtype = OCTET_F32; dtype <= OCTET_F64; ++dtype)
    EXPECT_EQ(octet_dtype_size(dtype), sizes[dtype]);
}

} // namespace
