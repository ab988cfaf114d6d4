//===- FunctionRanges.h -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranges of values that functions of one value read (QS-2).
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_QUANTIZATION_TRANSFORMS_FUNCTIONRANGES_H
#define OCTET_LIB_QUANTIZATION_TRANSFORMS_FUNCTIONRANGES_H

#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet {

/// Ends the range of `op`'s value where the functions that are all that reads
/// it saturate: steps would be spent on what no result tells apart.
void cutSaturated(ObserveOp op);

} // namespace octet

#endif // OCTET_LIB_QUANTIZATION_TRANSFORMS_FUNCTIONRANGES_H
