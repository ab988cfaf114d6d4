//===- Windows.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Windows.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

bool OnnxWindow::hasPads() const {
  return llvm::any_of(pads, [](int64_t pad) { return pad != 0; });
}

OnnxWindow OnnxWindow::only(size_t first, size_t count) const {
  auto part = [&](ArrayRef<int64_t> all) {
    return Shape(all.slice(first, count));
  };
  OnnxWindow result{part(kernel), part(strides), part(dilations), part(pads)};
  llvm::append_range(result.pads, ArrayRef(pads).slice(rank() + first, count));
  return result;
}

OnnxWindow OnnxWindow::withRow() const {
  OnnxWindow result = *this;
  for (Shape *shape : {&result.kernel, &result.strides, &result.dilations})
    shape->insert(shape->begin(), 1);
  result.pads.insert(result.pads.begin() + rank(), 0);
  result.pads.insert(result.pads.begin(), 0);
  return result;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

FailureOr<OnnxWindow> onnx_import::readStrides(OnnxNode &node,
                                               ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  if (rank < 1 || rank > 3)
    return node.fail("only 1-D, 2-D and 3-D windows are supported");
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
  return OnnxWindow{Shape(kernel), strides, dilations, pads};
}

FailureOr<OnnxWindow> onnx_import::readWindow(OnnxNode &node,
                                              ArrayRef<int64_t> input,
                                              ArrayRef<int64_t> kernel) {
  auto window = readStrides(node, kernel);
  if (failed(window))
    return failure();
  size_t rank = window->rank();
  if (input.size() != rank + 2)
    return node.fail("a window of " + Twine(rank) +
                     " dimensions does not fit an input of rank " +
                     Twine(input.size()));
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (mode == "VALID")
    window->pads.assign(2 * rank, 0);
  else if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    for (size_t i = 0; i < rank; ++i) {
      int64_t size = input[i + 2], stride = window->strides[i];
      int64_t windows = llvm::divideCeil(size, stride);
      int64_t total = std::max<int64_t>(0, (windows - 1) * stride +
                                               window->extent(i) - size);
      int64_t less = total / 2, more = total - less;
      window->pads[i] = mode == "SAME_UPPER" ? less : more;
      window->pads[i + rank] = mode == "SAME_UPPER" ? more : less;
    }
  else if (mode != "NOTSET")
    return node.fail("auto_pad '" + mode + "' is unknown");
  return window;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

Value onnx_import::toImage(OnnxNode &node, Value value) {
  if (!value)
    return {};
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, typeOf(value).getRank()));
  std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return node.transpose(value, order);
}

Value onnx_import::fromImage(OnnxNode &node, Value image) {
  if (!image)
    return {};
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, typeOf(image).getRank()));
  std::rotate(order.begin() + 1, order.end() - 1, order.end());
  return node.transpose(image, order);
}

Value onnx_import::padOrCrop(OnnxNode &node, Value image, ArrayRef<int64_t> low,
                             ArrayRef<int64_t> high, float value) {
  if (!image)
    return {};
  Shape sizes(typeOf(image).getShape());
  size_t rank = sizes.size();
  Shape offsets(rank, 0), before(rank, 0), after(rank, 0);
  bool crops = false, pads = false;
  for (auto [i, front, back] : llvm::enumerate(low, high)) {
    size_t d = i + 1;
    crops |= front < 0 || back < 0;
    pads |= front > 0 || back > 0;
    before[d] = std::max<int64_t>(0, front);
    after[d] = std::max<int64_t>(0, back);
    offsets[d] = std::max<int64_t>(0, -front);
    sizes[d] -= offsets[d] + std::max<int64_t>(0, -back);
  }
  if (crops)
    image = node.slice(image, offsets, sizes, Shape(rank, 1));
  return pads ? node.create<PadOp>(image, before, after, APFloat(value))
              : image;
}

Value onnx_import::sliceAlong(OnnxNode &node, Value value, int64_t d,
                              int64_t first, int64_t size, int64_t step) {
  if (!value)
    return {};
  Shape sizes(typeOf(value).getShape());
  if (first == 0 && size == sizes[d] && step == 1)
    return value;
  Shape offsets(sizes.size(), 0), strides(sizes.size(), 1);
  offsets[d] = first;
  sizes[d] = size;
  strides[d] = step;
  return node.slice(value, offsets, sizes, strides);
}

Value onnx_import::gatherAlong(OnnxNode &node, Value value, int64_t d,
                               ArrayRef<int64_t> chosen) {
  // A slice, of which other operations know more.
  int64_t step = chosen.size() > 1 ? chosen[1] - chosen[0] : 1;
  bool isSlice = step != 0;
  for (size_t i = 1; i < chosen.size(); ++i)
    isSlice &= chosen[i] - chosen[i - 1] == step;
  if (isSlice)
    return sliceAlong(node, value, d, chosen.front(), chosen.size(), step);
  return node.create<GatherOp>(value, node.constantInts(chosen),
                               node.builder.getI64IntegerAttr(d));
}

/// [N, D, H, W, C] -> [N·D, H, W, C].
static Value foldFront(OnnxNode &node, Value image) {
  if (!image)
    return {};
  auto shape = typeOf(image).getShape();
  return node.reshape(image,
                      {shape[0] * shape[1], shape[2], shape[3], shape[4]});
}

/// The inverse.
static Value unfoldFront(OnnxNode &node, Value image, int64_t samples) {
  if (!image)
    return {};
  auto shape = typeOf(image).getShape();
  return node.reshape(
      image, {samples, shape[0] / samples, shape[1], shape[2], shape[3]});
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

static Value convolve2D(OnnxNode &node, Value image, Value filter, Value bias,
                        const OnnxWindow &window, int64_t groups) {
  return node.create<Conv2DOp>(image, filter, bias, Value(), window.strides,
                               window.pads, window.dilations, groups,
                               FloatAttr(), FloatAttr(), IntegerAttr());
}

/// The convolution along the depth of [N, D, H, W, C] is one of images whose
/// channels are those of all depths that a window sees, in each group.
static Value convolve3D(OnnxNode &node, Value image, Value filter, Value bias,
                        const OnnxWindow &window, int64_t groups) {
  image = padOrCrop(node, image, {window.pads[0]}, {window.pads[3]});
  if (!image)
    return {};
  Shape shape(typeOf(image).getShape());
  auto kernel = typeOf(filter).getShape();
  int64_t taps = window.kernel[0], samples = shape[0], inputs = kernel[4];
  auto depth =
      inferWindows(shape[1], taps, window.strides[0], window.dilations[0],
                   /*low=*/0, /*high=*/0);
  if (!depth) {
    (void)node.fail("the filter is larger than the padded input");
    return {};
  }
  SmallVector<Value> slices;
  for (int64_t tap = 0; tap < taps; ++tap) {
    Value slice = sliceAlong(node, image, 1, tap * window.dilations[0],
                             /*size=*/*depth, window.strides[0]);
    if (groups > 1)
      slice = node.reshape(
          slice, {samples, *depth, shape[2], shape[3], groups, inputs});
    if (!slice)
      return {};
    slices.push_back(slice);
  }
  Value joined = slices.front();
  if (taps > 1)
    joined = node.create<ConcatOp>(
        ValueRange(slices), node.builder.getI64IntegerAttr(groups > 1 ? 5 : 4));
  joined = node.reshape(
      joined, {samples * *depth, shape[2], shape[3], taps * shape[4]});
  filter = node.reshape(node.transpose(filter, {0, 2, 3, 1, 4}),
                        {kernel[0], kernel[2], kernel[3], taps * inputs});
  return unfoldFront(
      node, convolve2D(node, joined, filter, bias, window.only(1, 2), groups),
      samples);
}

Value onnx_import::convolve(OnnxNode &node, Value image, Value filter,
                            Value bias, const OnnxWindow &window,
                            int64_t groups) {
  if (!image || !filter)
    return {};
  Shape shape(typeOf(image).getShape()), taps(typeOf(filter).getShape());
  if (groups < 1 || groups > taps[0] || taps[0] % groups != 0 ||
      shape.back() != groups * taps.back()) {
    (void)node.fail("the input has " + Twine(shape.back()) +
                    " channels and the filter gives " + Twine(taps[0]) +
                    " of " + Twine(taps.back()) + " in each group, which " +
                    Twine(groups) + " groups do not fit");
    return {};
  }
  size_t rank = window.rank();
  for (size_t d = 0; d < rank; ++d)
    if (!inferWindows(shape[d + 1], window.kernel[d], window.strides[d],
                      window.dilations[d], window.pads[d],
                      window.pads[d + rank])) {
      (void)node.fail("the filter is larger than the padded input");
      return {};
    }
  if (rank == 3)
    return convolve3D(node, image, filter, bias, window, groups);
  if (rank == 2)
    return convolve2D(node, image, filter, bias, window, groups);
  Value result =
      convolve2D(node, node.reshape(image, {shape[0], 1, shape[1], shape[2]}),
                 node.reshape(filter, {taps[0], 1, taps[1], taps[2]}), bias,
                 window.withRow(), groups);
  if (!result)
    return {};
  auto to = typeOf(result).getShape();
  return node.reshape(result, {to[0], to[2], to[3]});
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

Value onnx_import::pool(OnnxNode &node, Value image, const OnnxWindow &window,
                        CreatePool create) {
  if (!image)
    return {};
  Shape shape(typeOf(image).getShape());
  if (window.rank() == 2)
    return create(image, window);
  if (window.rank() == 1) {
    Value result =
        create(node.reshape(image, {shape[0], 1, shape[1], shape[2]}),
               window.withRow());
    return result
               ? node.reshape(
                     result, {shape[0], typeOf(result).getDimSize(2), shape[2]})
               : Value();
  }
  Value planes = unfoldFront(
      node, create(foldFront(node, image), window.only(1, 2)), shape[0]);
  if (!planes)
    return {};
  Shape to(typeOf(planes).getShape());
  // The depth, as rows of images whose columns are all positions of a plane.
  OnnxWindow depth = window.only(0, 1).withRow();
  for (Shape *part : {&depth.kernel, &depth.strides, &depth.dilations})
    std::swap((*part)[0], (*part)[1]);
  depth.pads = {window.pads[0], 0, window.pads[3], 0};
  Value result =
      create(node.reshape(planes, {to[0], to[1], to[2] * to[3], to[4]}), depth);
  if (!result)
    return {};
  to[1] = typeOf(result).getDimSize(1);
  return node.reshape(result, to);
}
