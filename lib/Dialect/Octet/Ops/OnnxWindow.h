//===- OnnxWindow.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attributes of windows that ONNX's convolutions and pools share.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_DIALECT_OCTET_OPS_ONNXWINDOW_H
#define OCTET_LIB_DIALECT_OCTET_OPS_ONNXWINDOW_H

#include "octet/Dialect/Octet/IR/OnnxNode.h"

namespace octet {

/// Two-dimensional; pads are [top, left, bottom, right].
struct OnnxWindow {
  Shape kernel, strides, dilations, pads;
};

/// Reads strides, dilations, pads or auto_pad of a window over `input`
/// ([N, C, spatial...]); a 1-D window gets a leading dimension of one.
mlir::FailureOr<OnnxWindow> readWindow(OnnxNode &node,
                                       llvm::ArrayRef<int64_t> input,
                                       llvm::ArrayRef<int64_t> kernel);

} // namespace octet

#endif // OCTET_LIB_DIALECT_OCTET_OPS_ONNXWINDOW_H
