//===- Attention.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What both lowerings of attention share.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_ATTENTION_H
#define OCTET_LIB_DIALECT_OCTET_OPS_ATTENTION_H

#include "octet/Dialect/Octet/IR/Lowering.h"

namespace octet::attention {

/// Keys whose scores are there at a time: a number of the contract (QS-14).
inline constexpr int64_t tileKeys = 64;

/// Operands, sizes and attributes of an attention.
struct Form {
  Form(AttentionOp op, mlir::ValueRange inputs);

  mlir::Value query, key, value, mask;
  int64_t batch, heads, queries, keyHeads, keys, depth, width;
  float scale;
  /// Query i sees keys up to i + causal; no more of it than matters, so that
  /// sums of it fit 32 bits.
  std::optional<int64_t> causal;

  /// Size of the mask's dimension `d`.
  int64_t maskSize(unsigned d) const { return typeOf(mask).getDimSize(d); }
};

/// The attention for `lanes` queries at a time, `registers` accumulators of as
/// many lanes being in registers, into `destination`.
mlir::Value lowerBlocked(mlir::OpBuilder &builder, mlir::Location loc,
                         const Form &form, mlir::Value destination,
                         int64_t lanes, int64_t registers);

} // namespace octet::attention

#endif // OCTET_LIB_DIALECT_OCTET_OPS_ATTENTION_H
