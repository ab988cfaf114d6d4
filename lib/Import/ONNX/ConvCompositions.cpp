//===- ConvCompositions.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions and transposed convolutions of one to three dimensions.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"
#include "Windows.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// The operands, if the filter has the input's rank and the kernel that the
/// node says.
static LogicalResult readOperands(OnnxNode &node, Value &input, Value &filter,
                                  Value &bias) {
  input = node.floatInput(0);
  filter = node.floatInput(1);
  if (!input || !filter || (node.hasInput(2) && !(bias = node.floatInput(2))))
    return failure();
  auto shape = typeOf(filter).getShape();
  if (typeOf(input).getRank() != typeOf(filter).getRank() || shape.size() < 3 ||
      shape.size() > 5)
    return node.fail("input and filter must have one rank, 3, 4 or 5");
  auto kernel = node.getInts("kernel_shape");
  if (kernel && ArrayRef(*kernel) != shape.drop_front(2))
    return node.fail("kernel_shape does not match the filter");
  return success();
}

static LogicalResult buildConv(OnnxNode &node) {
  Value input, filter, bias;
  if (failed(readOperands(node, input, filter, bias)))
    return failure();
  auto window = readWindow(node, typeOf(input).getShape(),
                           typeOf(filter).getShape().drop_front(2));
  if (failed(window))
    return failure();
  return node.setOutput(fromImage(
      node, convolve(node, toImage(node, input), toImage(node, filter), bias,
                     *window, node.getInt("group", 1))));
}

//===----------------------------------------------------------------------===//
// Transposed convolution
//===----------------------------------------------------------------------===//

namespace {
/// One dimension: position p of the result is position p + crop of the sum of
/// all windows, in which tap t of window i stands at i · stride + t · dilation.
///
/// Positions q · stride + phase of that sum are an ordinary convolution for
/// each phase: q takes tap j · stride + phase from input q - j. So the result
/// is that of `stride` times as many channels, whose phases are then put side
/// by side.
struct Axis {
  int64_t size, kernel, stride, dilation, crop, output;

  /// A single phase keeps its dilation; otherwise taps between are zeros.
  int64_t spread() const { return stride > 1 ? dilation : 1; }
  int64_t step() const { return stride > 1 ? 1 : dilation; }
  /// Taps of each phase.
  int64_t taps() const { return (spread() * (kernel - 1)) / stride + 1; }
  /// The windows q that the result needs, and how far they reach beyond the
  /// input.
  int64_t first() const { return crop / stride; }
  int64_t windows() const { return (crop + output - 1) / stride - first() + 1; }
  int64_t low() const { return step() * (taps() - 1) - first(); }
  int64_t high() const { return first() + windows() - size; }
};
} // namespace

/// Pads, or output_shape or auto_pad from which they follow.
static FailureOr<SmallVector<Axis>>
readAxes(OnnxNode &node, ArrayRef<int64_t> input, ArrayRef<int64_t> kernel) {
  auto window = readStrides(node, kernel);
  if (failed(window))
    return failure();
  size_t rank = kernel.size();
  Shape added = node.getInts("output_padding").value_or(Shape(rank, 0));
  auto given = node.getInts("output_shape");
  if (given && given->size() == rank + 2)
    given->erase(given->begin(), given->begin() + 2);
  if (added.size() != rank || (given && given->size() != rank))
    return node.fail("output_padding and output_shape do not fit a window of "
                     "rank " +
                     Twine(rank));
  std::string mode = node.getString("auto_pad", "NOTSET");
  bool isSame = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!isSame && mode != "NOTSET" && mode != "VALID")
    return node.fail("auto_pad '" + mode + "' is unknown");
  SmallVector<Axis> axes;
  for (size_t d = 0; d < rank; ++d) {
    int64_t size = input[d + 2], stride = window->strides[d];
    if (added[d] < 0 || added[d] > (1 << 20))
      return node.fail("output_padding must not be negative or huge");
    int64_t whole = (size - 1) * stride + window->extent(d) + added[d];
    int64_t output, crop = window->pads[d];
    if (given || isSame) {
      output = given ? (*given)[d] : size * stride;
      int64_t total = std::max<int64_t>(0, whole - output);
      crop = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else if (mode == "VALID") {
      output = whole;
      crop = 0;
    } else {
      output = whole - crop - window->pads[d + rank];
    }
    if (output < 1 || output > maxElements || whole > maxElements)
      return node.fail("dimension " + Twine(d + 2) + " of its result is " +
                       Twine(output) +
                       ", which is no size; check pads and output_shape");
    axes.push_back(
        {size, kernel[d], stride, window->dilations[d], crop, output});
  }
  return axes;
}

/// Zeros behind dimension `d`, up to `size`.
static Value extend(OnnxNode &node, Value value, int64_t d, int64_t size) {
  if (!value)
    return {};
  auto shape = typeOf(value).getShape();
  Shape low(shape.size(), 0), high(low);
  high[d] = size - shape[d];
  return high[d] ? node.create<PadOp>(value, low, high, APFloat(0.0f)) : value;
}

/// [C, O / groups, kernel...] as the filter of all phases, [groups · phases...
/// · O / groups, taps..., C / groups].
static Value phaseFilter(OnnxNode &node, Value filter, ArrayRef<Axis> axes,
                         int64_t groups) {
  Shape shape(typeOf(filter).getShape());
  int64_t inputs = shape[0] / groups, outputs = shape[1], phases = 1;
  shape[0] = inputs;
  shape.insert(shape.begin(), groups);
  Value value = node.reshape(filter, shape);
  // Each kernel dimension becomes taps, the last one first, and phases.
  Shape order{0}, taps, behind;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t d = 3 + 2 * i, wide = axis.taps() * axis.stride;
    auto change = [&](int64_t first, int64_t second) {
      shape[d] = first;
      shape.insert(shape.begin() + d + 1, second);
      value = node.reshape(value, shape);
    };
    auto merge = [&](int64_t size) {
      shape[d] = size;
      shape.erase(shape.begin() + d + 1);
      value = node.reshape(value, shape);
    };
    if (axis.spread() > 1) {
      change(axis.kernel, 1);
      value = extend(node, value, d + 1, axis.spread());
      merge(axis.kernel * axis.spread());
      int64_t used = axis.spread() * (axis.kernel - 1) + 1;
      value = sliceAlong(node, value, d, 0, used);
    }
    value = extend(node, value, d, wide);
    change(axis.taps(), axis.stride);
    value = sliceAlong(node, value, d, axis.taps() - 1, axis.taps(), -1);
    order.push_back(d + 1);
    behind.push_back(d);
    taps.push_back(axis.taps());
    phases *= axis.stride;
  }
  order.push_back(2);
  llvm::append_range(order, behind);
  order.push_back(1);
  Shape result{groups * phases * outputs};
  llvm::append_range(result, taps);
  result.push_back(inputs);
  return node.reshape(node.transpose(value, order), result);
}

/// [N, windows..., groups · phases... · O / groups] -> [N, windows · phases...,
/// O].
static Value joinPhases(OnnxNode &node, Value image, ArrayRef<Axis> axes,
                        int64_t groups) {
  if (!image || llvm::all_of(axes, [](Axis a) { return a.stride == 1; }))
    return image;
  Shape from(typeOf(image).getShape());
  int64_t channels = from.pop_back_val(), rank = axes.size();
  Shape order{0}, to{from[0]};
  bool isGrouped = groups > 1;
  if (isGrouped)
    from.push_back(groups);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    order.push_back(1 + i);
    if (axis.stride > 1) {
      order.push_back(from.size());
      from.push_back(axis.stride);
    }
    channels /= axis.stride;
    to.push_back(from[1 + i] * axis.stride);
  }
  if (isGrouped)
    order.push_back(1 + rank);
  order.push_back(from.size());
  from.push_back(channels / groups);
  to.push_back(channels);
  return node.reshape(node.transpose(node.reshape(image, from), order), to);
}

/// The sum of all windows over `image` [N, spatial..., C], by a filter [C,
/// O / groups, kernel...]; null after an error.
static Value convolveTransposed(OnnxNode &node, Value image, Value filter,
                                Value bias, ArrayRef<Axis> axes,
                                int64_t groups) {
  // Of the padding, what a window may reach is its own.
  OnnxWindow window;
  Shape low, high, behind;
  int64_t phases = 1, outputs = typeOf(filter).getDimSize(1);
  int64_t elements = typeOf(filter).getNumElements();
  Shape spread{groups};
  for (const Axis &axis : axes) {
    int64_t reach = axis.step() * (axis.taps() - 1);
    auto split = [&](int64_t pad, Shape &outside, Shape &inside) {
      inside.push_back(std::clamp<int64_t>(pad, 0, reach));
      outside.push_back(pad - inside.back());
    };
    window.kernel.push_back(axis.taps());
    window.strides.push_back(1);
    window.dilations.push_back(axis.step());
    split(axis.low(), low, window.pads);
    split(axis.high(), high, behind);
    phases *= axis.stride;
    spread.push_back(axis.stride);
    elements = std::min(elements / axis.kernel * axis.taps() * axis.stride,
                        maxElements);
    if (phases > 1 << 20 || elements > 1 << 28) {
      (void)node.fail("its strides and dilations spread the filter to more "
                      "than 2^28 elements");
      return {};
    }
  }
  llvm::append_range(window.pads, behind);
  spread.push_back(outputs);
  if (bias && phases > 1) {
    Shape single(spread.size(), 1);
    single.front() = groups;
    single.back() = outputs;
    bias = node.reshape(node.broadcast(node.reshape(bias, single), spread),
                        {groups * phases * outputs});
  }
  image = padOrCrop(node, image, low, high);
  image = convolve(node, image, phaseFilter(node, filter, axes, groups), bias,
                   window, groups);
  image = joinPhases(node, image, axes, groups);
  for (auto [d, axis] : llvm::enumerate(axes))
    image = sliceAlong(node, image, d + 1,
                       axis.crop - axis.first() * axis.stride, axis.output);
  return image;
}

static LogicalResult buildConvTranspose(OnnxNode &node) {
  Value input, filter, bias;
  if (failed(readOperands(node, input, filter, bias)))
    return failure();
  auto shape = typeOf(filter).getShape();
  int64_t groups = node.getInt("group", 1), outputs = shape[1];
  if (groups < 1 || groups > shape[0] || shape[0] % groups != 0 ||
      typeOf(input).getDimSize(1) != shape[0])
    return node.fail("the input has " + Twine(typeOf(input).getDimSize(1)) +
                     " channels and the filter takes " + Twine(shape[0]) +
                     ", which " + Twine(groups) + " groups do not fit");
  auto axes = readAxes(node, typeOf(input).getShape(), shape.drop_front(2));
  if (failed(axes))
    return failure();
  if (bias && typeOf(bias).getShape() != ArrayRef<int64_t>{groups * outputs})
    return node.fail("the bias must have one value for each output channel");
  return node.setOutput(
      fromImage(node, convolveTransposed(node, toImage(node, input), filter,
                                         bias, *axes, groups)));
}

/// Columns of blocks, added up where they overlap: a transposed convolution
/// whose filter puts each row of a column where it belongs.
static LogicalResult buildCol2Im(OnnxNode &node) {
  Value input = node.floatInput(0);
  auto image = node.intsFrom("image_shape", 1, 1);
  auto block = node.intsFrom("block_shape", 2, 1);
  if (!input || failed(image) || failed(block))
    return failure();
  Shape shape(typeOf(input).getShape());
  if (!*image || !*block || (*image)->size() != (*block)->size() ||
      shape.size() != 3)
    return node.fail("takes columns [N, C · block, L], and a size of the image "
                     "and of its blocks for each dimension");
  auto window = readStrides(node, **block);
  if (failed(window))
    return failure();
  size_t rank = window->rank();
  int64_t taps = 1, columns = 1;
  SmallVector<Axis> axes;
  Shape split{shape[0], shape[1]};
  for (size_t d = 0; d < rank; ++d) {
    int64_t size = (**image)[d], stride = window->strides[d];
    auto count = size < 1 || size > maxElements
                     ? std::nullopt
                     : inferWindows(size, window->kernel[d], stride,
                                    window->dilations[d], window->pads[d],
                                    window->pads[d + rank]);
    if (!count)
      return node.fail("a block is larger than the padded image");
    split.push_back(*count);
    columns = std::min(columns * *count, maxElements);
    taps = std::min(taps * window->kernel[d], maxElements);
    axes.push_back({*count, window->kernel[d], stride, window->dilations[d],
                    window->pads[d], size});
  }
  if (columns != shape[2] || shape[1] % taps != 0 || taps > 1 << 12)
    return node.fail("its columns do not fit the image and its blocks, or "
                     "blocks have more than 2^12 elements");
  int64_t channels = shape[1] / taps;
  SmallVector<float> ones(shape[1] * taps, 0.0f);
  for (int64_t row = 0; row < shape[1]; ++row)
    ones[row * taps + row % taps] = 1.0f;
  Shape kernel{shape[1], 1};
  llvm::append_range(kernel, window->kernel);
  return node.setOutput(fromImage(
      node, convolveTransposed(node, toImage(node, node.reshape(input, split)),
                               node.constant(ones, kernel), Value(), axes,
                               channels)));
}

void onnx_import::addConvCompositions(OnnxBuilders &builders) {
  builders["Col2Im"] = buildCol2Im;
  builders["Conv"] = buildConv;
  builders["ConvTranspose"] = buildConvTranspose;
}
