//===- OnnxWindow.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxWindow.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace octet;

FailureOr<OnnxWindow> octet::readWindow(OnnxNode &node, ArrayRef<int64_t> input,
                                        ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  if (input.size() != rank + 2 || rank < 1 || rank > 2)
    return node.fail("only 1-D and 2-D windows are supported");
  auto strides = node.getInts("strides").value_or(Shape(rank, 1));
  auto dilations = node.getInts("dilations").value_or(Shape(rank, 1));
  auto pads = node.getInts("pads").value_or(Shape(2 * rank, 0));
  if (strides.size() != rank || dilations.size() != rank ||
      pads.size() != 2 * rank)
    return node.fail(
        "strides, dilations and pads do not fit a window of rank " +
        Twine(rank));
  for (int64_t x : llvm::concat<const int64_t>(strides, dilations, kernel))
    if (x < 1 || x > (1 << 20))
      return node.fail(
          "kernel, strides and dilations must be positive and sensible");
  for (int64_t x : pads)
    if (x < 0 || x > (1 << 20))
      return node.fail("pads must not be negative or huge");
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (mode == "VALID")
    pads.assign(2 * rank, 0);
  else if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    for (size_t i = 0; i < rank; ++i) {
      int64_t size = input[i + 2], extent = dilations[i] * (kernel[i] - 1) + 1;
      int64_t windows = llvm::divideCeil(size, strides[i]);
      int64_t total =
          std::max<int64_t>(0, (windows - 1) * strides[i] + extent - size);
      int64_t less = total / 2, more = total - less;
      pads[i] = mode == "SAME_UPPER" ? less : more;
      pads[i + rank] = mode == "SAME_UPPER" ? more : less;
    }
  else if (mode != "NOTSET")
    return node.fail("auto_pad '" + mode + "' is unknown");

  OnnxWindow window{Shape(kernel), strides, dilations, pads};
  if (rank == 1) {
    for (Shape *shape : {&window.kernel, &window.strides, &window.dilations})
      shape->insert(shape->begin(), 1);
    window.pads = {0, pads[0], 0, pads[1]};
  }
  return window;
}
