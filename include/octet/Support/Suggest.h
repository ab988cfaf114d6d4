//===- Suggest.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_SUPPORT_SUGGEST_H
#define OCTET_SUPPORT_SUGGEST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace octet {

/// " (did you mean X?)" for the candidate that is nearest to `wrong`, if one is
/// near; else empty.
std::string suggest(llvm::StringRef wrong,
                    llvm::ArrayRef<llvm::StringRef> known);

} // namespace octet

#endif // OCTET_SUPPORT_SUGGEST_H
