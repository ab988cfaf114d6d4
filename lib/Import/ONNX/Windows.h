//===- Windows.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What convolutions and pools share. Operations take windows of two dimensions;
// one dimension is an image of one row, and three are folded into the samples
// and the channels.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_IMPORT_ONNX_WINDOWS_H
#define OCTET_LIB_IMPORT_ONNX_WINDOWS_H

#include "octet/Dialect/Octet/IR/Octet.h"

namespace octet::onnx_import {

/// A window of one to three dimensions; pads are those in front, then those
/// behind.
struct OnnxWindow {
  Shape kernel, strides, dilations, pads;

  size_t rank() const { return kernel.size(); }
  /// Positions from the first to the last one in dimension `d`.
  int64_t extent(size_t d) const { return dilations[d] * (kernel[d] - 1) + 1; }
  bool hasPads() const;
  /// The window in dimensions `first` up to `first + count`.
  OnnxWindow only(size_t first, size_t count) const;
  /// The same with a leading dimension of one.
  OnnxWindow withRow() const;
};

/// Reads strides, dilations and pads of a window; auto_pad is not looked at.
mlir::FailureOr<OnnxWindow> readStrides(OnnxNode &node,
                                        llvm::ArrayRef<int64_t> kernel);
/// The same, pads following auto_pad, over `input` ([N, C, spatial...]).
mlir::FailureOr<OnnxWindow> readWindow(OnnxNode &node,
                                       llvm::ArrayRef<int64_t> input,
                                       llvm::ArrayRef<int64_t> kernel);

/// [N, C, spatial...] -> [N, spatial..., C] and back.
mlir::Value toImage(OnnxNode &node, mlir::Value value);
mlir::Value fromImage(OnnxNode &node, mlir::Value image);

/// `image` [N, spatial..., C] in front of `low` and behind `high` of its
/// spatial dimensions: padding that holds `value` or, where negative, less of
/// it.
mlir::Value padOrCrop(OnnxNode &node, mlir::Value image,
                      llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high,
                      float value = 0.0f);
/// `value` from `first` on along dimension `d`, `size` elements `step` apart.
mlir::Value sliceAlong(OnnxNode &node, mlir::Value value, int64_t d,
                       int64_t first, int64_t size, int64_t step = 1);

/// Elements `chosen` of `value` along dimension `d`.
mlir::Value gatherAlong(OnnxNode &node, mlir::Value value, int64_t d,
                        llvm::ArrayRef<int64_t> chosen);

/// The convolution of `image` [N, spatial..., C] by `filter` [O, kernel...,
/// C / groups].
mlir::Value convolve(OnnxNode &node, mlir::Value image, mlir::Value filter,
                     mlir::Value bias, const OnnxWindow &window,
                     int64_t groups);

/// Adds a pool of two dimensions over an image of rank 4.
using CreatePool =
    llvm::function_ref<mlir::Value(mlir::Value, const OnnxWindow &)>;
/// The pool of `image` [N, spatial..., C], which must be that of its rows and
/// columns followed by that of its depth.
mlir::Value pool(OnnxNode &node, mlir::Value image, const OnnxWindow &window,
                 CreatePool create);

} // namespace octet::onnx_import

#endif // OCTET_LIB_IMPORT_ONNX_WINDOWS_H
