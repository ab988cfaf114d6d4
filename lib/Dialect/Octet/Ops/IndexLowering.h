//===- IndexLowering.h ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Indices of run time, shared by operations.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_INDEXLOWERING_H
#define OCTET_LIB_DIALECT_OCTET_OPS_INDEXLOWERING_H

#include "octet/Dialect/Octet/IR/Lowering.h"

namespace octet::lowering {

/// The position, in a dimension of `size`, that `index` names: a negative one
/// counts from the end, and whatever the data say, it lies inside.
inline mlir::Value insideDimension(mlir::OpBuilder &b, mlir::Location at,
                                   mlir::Value index, int64_t size) {
  using namespace mlir;
  auto constant = [&](int64_t x) -> Value {
    return arith::ConstantOp::create(b, at,
                                     b.getIntegerAttr(index.getType(), x));
  };
  Value isNegative = arith::CmpIOp::create(b, at, arith::CmpIPredicate::slt,
                                           index, constant(0));
  index = arith::SelectOp::create(
      b, at, isNegative, arith::AddIOp::create(b, at, index, constant(size)),
      index);
  index = arith::MaxSIOp::create(b, at, index, constant(0));
  return arith::MinSIOp::create(b, at, index, constant(size - 1));
}

/// The same of a constant.
inline int64_t insideDimension(int64_t index, int64_t size) {
  return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size - 1);
}

} // namespace octet::lowering

#endif // OCTET_LIB_DIALECT_OCTET_OPS_INDEXLOWERING_H
