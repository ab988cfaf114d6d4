//===- Suggest.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Support/Suggest.h"

using llvm::StringRef;

/// Longer names are compared by their beginnings alone: a model may have many.
static constexpr size_t longestName = 256;

std::string octet::suggest(StringRef wrong, llvm::ArrayRef<StringRef> known) {
  StringRef best;
  wrong = wrong.take_front(longestName);
  unsigned least = std::max<unsigned>(2, wrong.size() / 3) + 1;
  for (StringRef candidate : known) {
    unsigned distance =
        wrong.edit_distance(candidate.take_front(longestName), true, least);
    if (candidate.starts_with(wrong) && wrong.size() > 3)
      distance = 1;
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best.empty() ? "" : (" (did you mean " + best + "?)").str();
}
