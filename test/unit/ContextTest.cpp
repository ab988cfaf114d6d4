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
#include <set>
#include <vector>

extern "C" {
const octet_variant *octet_v4_choose(const octet_model *, const char *,
                                     octet_status *);
size_t octet_v4_context_size(const octet_model *, const octet_options *);
octet_status octet_v4_context_create(const octet_model *, const octet_options *,
                                     void *, size_t, octet_context **);
octet_status octet_v4_run(octet_context *, const void *const *, void *const *,
                          int64_t);
}

namespace {

/// y[i] = x[i] + shared for each part i of two; as if of one kernel, it needs
/// scratch memory of its own.
void addParts(void *const *arguments, void *scratch, int64_t begin,
              int64_t end) {
  auto *sum = static_cast<int32_t *>(scratch);
  for (int64_t i = begin; i < end; ++i) {
    *sum = static_cast<const int32_t *>(arguments[0])[i];
    *sum += static_cast<const int32_t *>(arguments[1])[0];
    static_cast<int32_t *>(arguments[2])[i] = *sum;
  }
}

/// Within 2 GiB of its kernel.
octet_step theStep;

/// What does much work, with scratch memory at the arena's begin.
octet_step makeStep(octet_kernel kernel, int32_t numArguments, int32_t parts) {
  auto distance =
      reinterpret_cast<intptr_t>(kernel) - reinterpret_cast<intptr_t>(&theStep);
  return {static_cast<int32_t>(distance), numArguments, -1, parts, 0, 1 << 20};
}

class Context : public testing::Test {
protected:
  int64_t shape[1] = {2}, one[1] = {1};
  octet_tensor inputs[2] = {{"x", shape, 1, OCTET_I32, 0},
                            {"shared", one, 1, OCTET_I32, 0}};
  octet_tensor outputs[1] = {{"y", shape, 1, OCTET_I32, 0}};
  octet_argument arguments[3] = {
      {0, OCTET_TENSOR}, {0, OCTET_TENSOR + 1}, {0, OCTET_TENSOR + 2}};
  octet_variant variant = {"generic", 0,       4, 4,        0,         nullptr,
                           nullptr,   nullptr, 1, &theStep, arguments, nullptr};

  Context() { theStep = makeStep(addParts, 3, 2); }

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
    model.choose = octet_v4_choose;
    model.context_size = octet_v4_context_size;
    model.context_create = octet_v4_context_create;
    model.run = octet_v4_run;
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

struct Work {
  int64_t begin, end;
  void *scratch;
};

/// What each call of a kernel got, by threads that work one behind the other.
std::vector<Work> *calls;
void note(void *const *, void *scratch, int64_t begin, int64_t end) {
  calls->push_back({begin, end, scratch});
}

TEST_F(Context, ThreadsShareTheStepsThatAreWorthIt) {
  std::vector<Work> seen;
  calls = &seen;
  theStep = makeStep(note, 0, 100);
  run(true, 2, 3);
  ASSERT_EQ(seen.size(), 3u);
  int64_t at = 100;
  std::set<void *> scratch;
  for (const Work &work : seen) { // from the last thread on
    EXPECT_EQ(work.end, at);
    EXPECT_LT(work.begin, work.end);
    at = work.begin;
    scratch.insert(work.scratch);
  }
  EXPECT_EQ(at, 0);
  EXPECT_EQ(scratch.size(), 3u);

  // Fewer parts than threads, and little work.
  seen.clear();
  theStep.parts = 2;
  run(true, 2, 3);
  EXPECT_EQ(seen.size(), 2u);
  seen.clear();
  theStep.work = 100;
  run(true, 2, 3);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].begin, 0);
  EXPECT_EQ(seen[0].end, 2);
}

TEST_F(Context, BatchesThatFillAllThreadsRunSideBySide) {
  std::vector<Work> seen;
  calls = &seen;
  theStep = makeStep(note, 0, 100);
  // Four batches of two on three threads: three beside each other, one shared.
  run(true, 8, 3);
  ASSERT_EQ(seen.size(), 6u);
  for (int i : {0, 1, 2})
    EXPECT_EQ(seen[i].end - seen[i].begin, 100);
  for (int i : {3, 4, 5})
    EXPECT_LT(seen[i].end - seen[i].begin, 50);
}

/// Numbers of 64 bits, and addresses more than 4 GiB from where they begin.
std::vector<void *> given;
void keep(void *const *arguments, void *, int64_t, int64_t) {
  given.assign(arguments, arguments + 4);
}

TEST_F(Context, ArgumentsMayBeWide) {
  const int64_t number = -5, far = int64_t(5) << 32;
  const int64_t wide[] = {number, far};
  const octet_argument some[] = {{1, OCTET_WEIGHTS | OCTET_WIDE},
                                 {0, OCTET_NUMBER | OCTET_WIDE},
                                 {0xffffffff, OCTET_NUMBER},
                                 {64, OCTET_WEIGHTS}};
  theStep = makeStep(keep, 4, 1);
  variant.arguments = some;
  variant.wide = wide;
  run(true, 2, 1);
  auto word = [](void *value) { return reinterpret_cast<int64_t>(value); };
  EXPECT_EQ(word(given[0]), far); // weights are at 0 here
  EXPECT_EQ(word(given[1]), number);
  EXPECT_EQ(word(given[2]), 0xffffffff);
  EXPECT_EQ(word(given[3]), 64);
}

TEST(Dtypes, HaveTheirSizes) {
  const size_t sizes[] = {4, 1, 1, 4, 8, 1, 2, 8};
  for (int32_t dtype = OCTET_F32; dtype <= OCTET_F64; ++dtype)
    EXPECT_EQ(octet_dtype_size(dtype), sizes[dtype]);
}

} // namespace
