//===- Layout.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the layout encoding of a tensor type says about its memory.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_LAYOUT_H
#define OCTET_DIALECT_OCTET_IR_LAYOUT_H

#include "mlir/IR/BuiltinTypes.h"

namespace octet {

/// Rows and columns around the tensor: [top, left, bottom, right].
llvm::SmallVector<int64_t> getBorder(mlir::RankedTensorType type);

/// The shape that is allocated: border and channel padding included.
llvm::SmallVector<int64_t> getPhysicalShape(mlir::RankedTensorType type);

/// The same logical tensor, dense.
mlir::RankedTensorType dropLayout(mlir::RankedTensorType type);

} // namespace octet

#endif // OCTET_DIALECT_OCTET_IR_LAYOUT_H
