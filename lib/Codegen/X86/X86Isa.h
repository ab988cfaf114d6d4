//===- X86Isa.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The x86 instruction sets, one file each.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_X86_X86ISA_H
#define OCTET_LIB_CODEGEN_X86_X86ISA_H

#include "octet/Codegen/ContractionRewriter.h"
#include <memory>

namespace octet {

/// vpdpbusd on registers of `bits` bits: 512 or 256.
std::unique_ptr<DotIsa> createVnniIsa(int64_t bits);
/// vpmaddwd on widened bytes. What a kernel in `function` reads often, a block
/// of the filter or an input, is widened into a buffer of its own first.
std::unique_ptr<DotIsa> createAvx2Isa(mlir::Operation *function);

/// The 4 bytes of `group` in every 32-bit lane of a vector of `bytes` bytes.
mlir::Value splatWord(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value row, int64_t group, int64_t bytes);

} // namespace octet

#endif // OCTET_LIB_CODEGEN_X86_X86ISA_H
