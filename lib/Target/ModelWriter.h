//===- ModelWriter.h -----------------------------------------------*- C++
//-*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The description of a compiled model: an octet_model and what it points to.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_TARGET_MODELWRITER_H
#define OCTET_LIB_TARGET_MODELWRITER_H

#include "octet/Target/Emit.h"
#include "llvm/IR/Module.h"

namespace octet {

/// Defines the octet_model `symbol` in `module`, of variants whose steps are
/// there, best first; `weights` is where their constants are, or null.
void writeModel(llvm::Module &module, llvm::ArrayRef<Variant> variants,
                llvm::StringRef symbol, llvm::Constant *weights);

} // namespace octet

#endif // OCTET_LIB_TARGET_MODELWRITER_H
