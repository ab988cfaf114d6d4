//===- PoolCompositions.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pools of one to three dimensions.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"
#include "Windows.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// Each tap of a window whose positions are asked for is an operation or three.
static constexpr int64_t mostTaps = 1024;

/// What a window of the node sees. With ceil_mode there is one more at the end,
/// unless it would start in the padding; `over` is how far it sticks out.
static FailureOr<OnnxWindow> readPool(OnnxNode &node, Value input,
                                      Shape &over) {
  auto kernel = node.getInts("kernel_shape");
  if (!kernel)
    return node.fail("kernel_shape is missing");
  auto shape = typeOf(input).getShape();
  auto window = readWindow(node, shape, *kernel);
  if (failed(window))
    return failure();
  size_t rank = window->rank();
  over.assign(rank, 0);
  for (size_t d = 0; d < rank; ++d) {
    int64_t stride = window->strides[d], extent = window->extent(d);
    int64_t low = window->pads[d], high = window->pads[d + rank];
    if (std::max(low, high) >= extent)
      return node.fail("pads reach beyond the kernel");
    int64_t room = shape[d + 2] + low + high - extent;
    if (room < 0 && !(node.getInt("ceil_mode", 0) && room > -stride))
      return node.fail("the kernel is larger than the padded input");
    if (!node.getInt("ceil_mode", 0))
      continue;
    int64_t windows = llvm::divideCeilSigned(room, stride) + 1;
    if ((windows - 1) * stride >= shape[d + 2] + low)
      --windows;
    over[d] = std::max<int64_t>(0, (windows - 1) * stride - room);
  }
  return window;
}

static void addBehind(OnnxWindow &window, ArrayRef<int64_t> over) {
  for (auto [d, more] : llvm::enumerate(over))
    window.pads[d + window.rank()] += more;
}

/// `image` with the window's padding and what sticks out around it; the window
/// has none any more.
static Value padImage(OnnxNode &node, Value image, OnnxWindow &window,
                      ArrayRef<int64_t> over, float value) {
  addBehind(window, over);
  size_t rank = window.rank();
  image = padOrCrop(node, image, ArrayRef(window.pads).take_front(rank),
                    ArrayRef(window.pads).drop_front(rank), value);
  window.pads.assign(2 * rank, 0);
  return image;
}

static Value maxPool(OnnxNode &node, Value image, const OnnxWindow &window) {
  return pool(node, image, window, [&](Value plane, const OnnxWindow &part) {
    return node.create<MaxPool2DOp>(plane, part.kernel, part.strides, part.pads,
                                    part.dilations);
  });
}

static Value averagePool(OnnxNode &node, Value image, const OnnxWindow &window,
                         bool countsPads) {
  return pool(node, image, window, [&](Value plane, const OnnxWindow &part) {
    return node.create<AvgPool2DOp>(plane, Value(), part.kernel, part.strides,
                                    part.pads, part.dilations, countsPads);
  });
}

//===----------------------------------------------------------------------===//
// Averages and norms
//===----------------------------------------------------------------------===//

static LogicalResult buildAveragePool(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  Shape over;
  auto window = readPool(node, input, over);
  if (failed(window))
    return failure();
  Value image = toImage(node, input);
  bool countsPads = node.getInt("count_include_pad", 0);
  bool sticksOut = llvm::any_of(over, [](int64_t x) { return x > 0; });
  // Padding counts, but not what sticks out of it.
  if (countsPads && sticksOut && window->hasPads())
    image = padImage(node, image, *window, Shape(over.size(), 0), 0.0f);
  countsPads &= !sticksOut;
  addBehind(*window, over);
  return node.setOutput(
      fromImage(node, averagePool(node, image, *window, countsPads)));
}

/// (Σ |x|^p)^(1 / p), the sum being the mean of all positions times their
/// number.
static LogicalResult buildLpPool(OnnxNode &node) {
  Value input = node.floatInput(0);
  if (!input)
    return failure();
  double p = node.opset < 2 ? node.getFloat("p", 2.0f)
                            : static_cast<double>(node.getInt("p", 2));
  if (!(p >= 1.0 && p <= 64.0))
    return node.fail("p must be a number from 1 to 64");
  Shape over;
  auto window = readPool(node, input, over);
  if (failed(window))
    return failure();
  float count = 1.0f;
  for (int64_t k : window->kernel)
    count *= static_cast<float>(k);
  Value image = unary(node, UnaryKind::Abs, toImage(node, input));
  if (p == 2.0)
    image = binary(node, BinaryKind::Mul, image, image);
  else if (p != 1.0)
    image = binary(node, BinaryKind::Pow, image,
                   number(node, static_cast<float>(p)));
  image = padImage(node, image, *window, over, 0.0f);
  Value sum = binary(node, BinaryKind::Mul,
                     averagePool(node, image, *window, /*countsPads=*/true),
                     number(node, count));
  if (p == 2.0)
    sum = unary(node, UnaryKind::Sqrt, sum);
  else if (p != 1.0)
    sum = binary(node, BinaryKind::Pow, sum,
                 number(node, static_cast<float>(1.0 / p)));
  return node.setOutput(fromImage(node, sum));
}

//===----------------------------------------------------------------------===//
// Maxima
//===----------------------------------------------------------------------===//

/// Numbers of the input's elements at the positions that a tap of the windows
/// sees, as they add up along the dimensions: [N or 1, windows..., C or 1].
static Value tapNumbers(OnnxNode &node, ArrayRef<int64_t> shape,
                        const OnnxWindow &window, ArrayRef<int64_t> windows,
                        ArrayRef<int64_t> tap, bool columnsFirst) {
  size_t rank = window.rank();
  Shape strides(rank);
  int64_t plane = 1;
  for (size_t i = 0; i < rank; ++i) {
    size_t d = columnsFirst ? i : rank - 1 - i;
    strides[d] = plane;
    plane *= shape[d + 2];
  }
  SmallVector<int64_t> numbers;
  Shape position(rank, 0);
  for (int64_t count = computeProduct(windows); count > 0; --count) {
    int64_t at = 0;
    for (size_t d = 0; d < rank; ++d) {
      // Padding never wins: what it counts for is not seen.
      int64_t x = position[d] * window.strides[d] +
                  tap[d] * window.dilations[d] - window.pads[d];
      at += std::clamp<int64_t>(x, 0, shape[d + 2] - 1) * strides[d];
    }
    numbers.push_back(at);
    advance(position, windows);
  }
  Shape aligned{1};
  llvm::append_range(aligned, windows);
  aligned.push_back(1);
  Value result = node.reshape(node.constantInts(numbers), aligned);
  auto along = [&](size_t d, int64_t size, int64_t stride) {
    if (size == 1)
      return;
    SmallVector<int64_t> starts;
    for (int64_t i = 0; i < size; ++i)
      starts.push_back(i * stride);
    Shape single(rank + 2, 1);
    single[d] = size;
    result = binary(node, BinaryKind::Add, result,
                    node.reshape(node.constantInts(starts), single));
  };
  along(0, shape[0], shape[1] * plane);
  along(rank + 1, shape[1], plane);
  return result;
}

/// The largest element of each window and its number in the input: one tap is
/// compared after the other, the first of equals wins.
static LogicalResult buildMaxPoolWithIndices(OnnxNode &node, Value input,
                                             OnnxWindow window,
                                             ArrayRef<int64_t> over,
                                             Type element) {
  Shape shape(typeOf(input).getShape()), windows;
  size_t rank = window.rank();
  if (computeProduct(window.kernel) > mostTaps)
    return node.fail("indices are supported for windows of up to " +
                     Twine(mostTaps) + " positions");
  OnnxWindow padded = window;
  Value image = padImage(node, toImage(node, input), padded, over,
                         -std::numeric_limits<float>::infinity());
  if (!image)
    return failure();
  for (size_t d = 0; d < rank; ++d)
    windows.push_back((typeOf(image).getDimSize(d + 1) - window.extent(d)) /
                          window.strides[d] +
                      1);
  bool columnsFirst = node.getInt("storage_order", 0);
  Value best, chosen;
  Shape tap(rank, 0);
  for (int64_t count = computeProduct(window.kernel); count > 0; --count) {
    Value seen = image;
    for (size_t d = 0; d < rank; ++d)
      seen = sliceAlong(node, seen, d + 1, tap[d] * window.dilations[d],
                        windows[d], window.strides[d]);
    Value numbers = tapNumbers(node, shape, window, windows, tap, columnsFirst);
    advance(tap, window.kernel);
    if (!seen || !numbers)
      return failure();
    if (!best) {
      best = seen;
      chosen = node.broadcast(numbers, typeOf(seen).getShape());
      continue;
    }
    Value wins = node.create<CompareOp>(seen, best, CompareKind::Greater);
    best = node.create<SelectOp>(wins, seen, best);
    chosen = node.create<SelectOp>(wins, numbers, chosen);
  }
  Value result = node.castTo(element, fromImage(node, best));
  node.nameOutput(1);
  return node.setOutputs({result, fromImage(node, chosen)});
}

static LogicalResult buildMaxPool(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  // Integers of 8 bits are taken too, which f32 holds exactly.
  Type element = typeOf(input).getElementType(),
       f32 = node.builder.getF32Type();
  if (element.isInteger(8))
    input = node.castTo(f32, input);
  else if (!(input = node.floatInput(0)))
    return failure();
  Shape over;
  auto window = readPool(node, input, over);
  if (failed(window))
    return failure();
  if (node.hasOutput(1))
    return buildMaxPoolWithIndices(node, input, *window, over, element);
  addBehind(*window, over);
  Value result = fromImage(node, maxPool(node, toImage(node, input), *window));
  return node.setOutput(node.castTo(element, result));
}

/// Zeros, and the elements where their numbers in the result say.
static LogicalResult buildMaxUnpool(OnnxNode &node) {
  Value input = node.floatInput(0), numbers = node.input(1);
  auto kernel = node.getInts("kernel_shape");
  auto given = node.intsFrom("output_shape", 2, 1);
  if (!input || !numbers || failed(given))
    return failure();
  if (!kernel)
    return node.fail("kernel_shape is missing");
  auto window = readStrides(node, *kernel);
  if (failed(window))
    return failure();
  Shape shape(typeOf(input).getShape());
  size_t rank = window->rank();
  if (shape.size() != rank + 2 || typeOf(numbers).getShape() != ArrayRef(shape))
    return node.fail("the window does not fit the input, or indices do not");
  int64_t count = typeOf(input).getNumElements();
  for (size_t d = 0; d < rank; ++d)
    shape[d + 2] = (shape[d + 2] - 1) * window->strides[d] + window->kernel[d] -
                   window->pads[d] - window->pads[d + rank];
  auto total = countElements(shape);
  if (!total || *total < 1)
    return node.fail("pads leave nothing of its result");
  Type element = typeOf(input).getElementType();
  Value zeros =
      node.constant(makeSplat(RankedTensorType::get({*total}, element), 0.0f));
  Value result = node.create<ScatterOp>(
      zeros, node.reshape(numbers, {count, 1}), node.reshape(input, {count}),
      ScatterKind::Set, /*batchDims=*/0);
  result = node.reshape(result, shape);
  if (!*given || ArrayRef(**given) == ArrayRef(shape))
    return node.setOutput(result);
  // A larger shape, to which numbers do not refer.
  Shape low(shape.size(), 0), high;
  for (auto [size, wanted] : llvm::zip(shape, **given))
    high.push_back(wanted - size);
  if (high.size() != shape.size() ||
      llvm::any_of(high, [](int64_t x) { return x < 0 || x > 1 << 24; }))
    return node.fail(
        "output_shape must not be less than what the window gives");
  return node.setOutput(node.create<PadOp>(result, low, high, APFloat(0.0f)));
}

void onnx_import::addPoolCompositions(OnnxBuilders &builders) {
  builders["AveragePool"] = buildAveragePool;
  builders["LpPool"] = buildLpPool;
  builders["MaxPool"] = buildMaxPool;
  builders["MaxUnpool"] = buildMaxUnpool;
}
