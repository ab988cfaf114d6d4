//===- Compositions.h -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_IMPORT_ONNX_COMPOSITIONS_H
#define OCTET_LIB_IMPORT_ONNX_COMPOSITIONS_H

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet::onnx_import {

/// Operators that are made of several operations.
void addCompositions(OnnxBuilders &builders);
/// Operators whose results are always constants.
void addConstantOperators(OnnxBuilders &builders);

} // namespace octet::onnx_import

#endif // OCTET_LIB_IMPORT_ONNX_COMPOSITIONS_H
