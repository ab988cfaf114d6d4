//===- NpzFuzzer.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/npz.h"
#include <algorithm>
#include <vector>

/// Any bytes are read, or refused with an error; what was read is in bounds.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  octet_npz npz;
  octet_error error = {""};
  if (octet_npz_parse("fuzz.npz", data, size, &npz, &error)) {
    if (!error.text[0])
      __builtin_trap();
    return 0;
  }
  for (int i = 0; i < npz.count; ++i) {
    const octet_array &array = npz.arrays[i];
    if (array.problem)
      continue;
    int64_t count = octet_array_elements(&array);
    int64_t some = std::min<int64_t>(count, 1000);
    std::vector<float> values(some);
    int64_t bad;
    (void)octet_array_convert(&array, count - some, some, OCTET_F32,
                              values.data(), &bad);
    for (int64_t k = 0; k < some; ++k)
      (void)octet_array_int(&array, k);
  }
  octet_npz_close(&npz);
  return 0;
}
