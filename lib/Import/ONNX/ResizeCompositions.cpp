//===- ResizeCompositions.cpp -----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Resize and Upsample: one dimension after the other. Where they look is known
// here, in double; what is left is moves, or weighted sums of slices.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"
#include "Windows.h"
#include <cmath>

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

namespace {

/// What is the same for all dimensions.
struct Modes {
  std::string mode, coordinates, nearest;
  bool antialias = false, excludesOutside = false;
  double cubic = -0.75;
};

/// A dimension of `size` elements that becomes one of `output`.
struct ResizedAxis {
  int64_t axis, size, output;
  double scale;
  /// The region of tf_crop_and_resize, of the whole dimension.
  float start = 0.0f, end = 1.0f;
  /// The scale is the quotient of the sizes.
  bool isExact;

  /// Where element `i` of the result lies in the input.
  double locate(int64_t i, const Modes &modes) const {
    double length = isExact ? static_cast<double>(output) : scale * size;
    auto unscale = [&](double x) {
      return isExact ? x * static_cast<double>(size) / output : x / scale;
    };
    StringRef mode = modes.coordinates;
    if (mode == "asymmetric")
      return unscale(static_cast<double>(i));
    if (mode == "align_corners")
      return length == 1.0 ? 0.0 : i * (size - 1) / (length - 1);
    if (mode == "tf_crop_and_resize") {
      // The region is given in f32: what it says is computed there, so that
      // ties are ties.
      double offset = start * static_cast<float>(size - 1);
      double range = end - start;
      return length == 1.0 ? offset + range * (size - 1) / 2
                           : offset + i * range * (size - 1) / (length - 1);
    }
    if (mode == "tf_half_pixel_for_nn")
      return unscale(i + 0.5);
    if (mode == "pytorch_half_pixel" && output == 1)
      return 0.0;
    double x = unscale(i + 0.5) - 0.5;
    if (mode == "half_pixel_symmetric")
      x += size / 2.0 * (1.0 - output / length);
    return x;
  }
};

/// Elements of the input and their weights, [output, taps].
struct Taps {
  SmallVector<int64_t> sources;
  SmallVector<float> weights;
};

} // namespace

/// The element that `x` stands for; may lie outside.
static int64_t nearestTo(double x, StringRef mode, double scale) {
  if (mode == "floor")
    return static_cast<int64_t>(std::floor(x));
  if (mode == "ceil")
    return static_cast<int64_t>(std::ceil(x));
  if (mode == "round_prefer_ceil")
    return static_cast<int64_t>(std::floor(x + 0.5));
  if (mode == "round_prefer_floor")
    return static_cast<int64_t>(std::ceil(x - 0.5));
  // Before operator set 11 no mode was named: rounded towards what is kept.
  return static_cast<int64_t>(scale < 1.0 ? std::ceil(x) : std::floor(x));
}

static double hat(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

static double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1.0)
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  return x < 2.0 ? a * (((x - 5.0) * x + 8.0) * x - 4.0) : 0.0;
}

static Taps findTaps(const ResizedAxis &axis, const Modes &modes) {
  Taps taps;
  bool isCubic = modes.mode == "cubic";
  // Antialiasing widens the filter as far as elements get closer.
  double narrow = modes.antialias ? std::min(axis.scale, 1.0) : 1.0;
  double reach = isCubic ? 2.0 : 1.0;
  int64_t first = static_cast<int64_t>(std::floor(-reach / narrow)) + 1;
  int64_t count = 2 - 2 * first;
  for (int64_t i = 0; i < axis.output; ++i) {
    double x = axis.locate(i, modes), base = std::ceil(x) - 1.0, sum = 0.0;
    SmallVector<double> weights;
    for (int64_t t = 0; t < count; ++t) {
      double at = base + static_cast<double>(first + t);
      double distance = (at - x) * narrow;
      double w = isCubic ? cubic(distance, modes.cubic) : hat(distance);
      if (modes.excludesOutside && (at < 0.0 || at > axis.size - 1.0))
        w = 0.0;
      weights.push_back(w);
      sum += w;
      taps.sources.push_back(static_cast<int64_t>(
          std::clamp(at, 0.0, static_cast<double>(axis.size - 1))));
    }
    bool normalizes = (modes.antialias || modes.excludesOutside) && sum != 0.0;
    for (double w : weights)
      taps.weights.push_back(static_cast<float>(normalizes ? w / sum : w));
  }
  return taps;
}

/// How often each element is repeated, if that is all that `sources` say.
static std::optional<int64_t> matchRepeat(ArrayRef<int64_t> sources,
                                          int64_t size) {
  int64_t output = sources.size();
  if (output % size != 0)
    return std::nullopt;
  for (int64_t i = 0; i < output; ++i)
    if (sources[i] != i / (output / size))
      return std::nullopt;
  return output / size;
}

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

/// Repeats each element along dimension d `factors[d]` times.
static Value repeat(OnnxNode &node, Value value, ArrayRef<int64_t> factors) {
  if (!value || llvm::all_of(factors, [](int64_t f) { return f == 1; }))
    return value;
  Shape single, repeated, result;
  for (auto [size, factor] : llvm::zip(typeOf(value).getShape(), factors)) {
    single.push_back(size);
    repeated.push_back(size);
    if (factor > 1) {
      single.push_back(1);
      repeated.push_back(factor);
    }
    result.push_back(size * factor);
  }
  return node.reshape(node.broadcast(node.reshape(value, single), repeated),
                      result);
}

static Value resizeNearest(OnnxNode &node, Value value,
                           ArrayRef<ResizedAxis> axes, const Modes &modes) {
  Shape factors(typeOf(value).getRank(), 1);
  for (const ResizedAxis &axis : axes) {
    SmallVector<int64_t> sources;
    for (int64_t i = 0; i < axis.output; ++i)
      sources.push_back(std::clamp<int64_t>(
          nearestTo(axis.locate(i, modes), modes.nearest, axis.scale), 0,
          axis.size - 1));
    if (auto factor = matchRepeat(sources, axis.size))
      factors[axis.axis] = *factor;
    else
      value = gatherAlong(node, value, axis.axis, sources);
  }
  return repeat(node, value, factors);
}

static Value resizeLinear(OnnxNode &node, Value value,
                          ArrayRef<ResizedAxis> axes, const Modes &modes) {
  for (const ResizedAxis &axis : axes) {
    Taps taps = findTaps(axis, modes);
    int64_t count = taps.sources.size() / axis.output;
    value = node.create<ResampleOp>(
        value,
        node.reshape(node.constantInts(taps.sources), {axis.output, count}),
        node.constant(taps.weights, {axis.output, count}),
        node.builder.getI64IntegerAttr(axis.axis));
  }
  return value;
}

/// `value` where all positions lie in the input, else the node's number.
static Value extrapolate(OnnxNode &node, Value value,
                         ArrayRef<ResizedAxis> axes, const Modes &modes) {
  if (modes.coordinates != "tf_crop_and_resize")
    return value;
  for (const ResizedAxis &axis : axes) {
    SmallVector<bool> inside;
    for (int64_t i = 0; i < axis.output; ++i) {
      double x = axis.locate(i, modes);
      inside.push_back(x >= 0.0 && x <= axis.size - 1.0);
    }
    if (!value || llvm::all_of(inside, [](bool is) { return is; }))
      continue;
    Shape aligned(typeOf(value).getRank() - axis.axis, 1);
    aligned[0] = axis.output;
    auto type = RankedTensorType::get(aligned, node.builder.getI1Type());
    value = node.create<SelectOp>(
        node.constant(makeConstant<bool>(type, inside)), value,
        number(node, node.getFloat("extrapolation_value", 0.0f)));
  }
  return value;
}

static LogicalResult resize(OnnxNode &node, Value input,
                            SmallVector<ResizedAxis> axes, const Modes &modes) {
  for (const ResizedAxis &axis : axes) {
    double last = std::max(std::abs(axis.locate(0, modes)),
                           std::abs(axis.locate(axis.output - 1, modes)));
    if (!(last < static_cast<double>(maxElements)))
      return node.fail(
          "dimension " + Twine(axis.axis) +
          " is resized beyond all positions; check scales and roi");
    if (modes.antialias && axis.scale < 1.0 / 4096)
      return node.fail("antialias is supported for scales from 1 / 4096 on");
  }
  // What is not changed at all.
  llvm::erase_if(axes, [&](const ResizedAxis &axis) {
    if (axis.size != axis.output)
      return false;
    for (int64_t i = 0; i < axis.size; ++i)
      if (axis.locate(i, modes) != static_cast<double>(i))
        return false;
    return true;
  });
  // What shrinks most first: fewer elements are left for the others.
  llvm::sort(axes, [](const ResizedAxis &a, const ResizedAxis &b) {
    return std::tie(a.scale, a.axis) < std::tie(b.scale, b.axis);
  });
  int64_t rank = typeOf(input).getRank();
  bool isImage = rank > 2 && llvm::all_of(axes, [](const ResizedAxis &axis) {
                   return axis.axis > 1;
                 });
  Value value = input;
  if (isImage && !axes.empty()) {
    value = toImage(node, value);
    for (ResizedAxis &axis : axes)
      --axis.axis;
  }
  if (!value)
    return failure();
  value = modes.mode == "nearest" ? resizeNearest(node, value, axes, modes)
                                  : resizeLinear(node, value, axes, modes);
  value = extrapolate(node, value, axes, modes);
  if (isImage && !axes.empty())
    value = fromImage(node, value);
  return node.setOutput(value);
}

//===----------------------------------------------------------------------===//
// Attributes and inputs
//===----------------------------------------------------------------------===//

/// The numbers of constant input `i`; empty if it is absent.
static FailureOr<SmallVector<float>> readFloats(OnnxNode &node, unsigned i,
                                                StringRef name) {
  if (!node.hasInput(i))
    return SmallVector<float>();
  ConstantView constant = floatConstant(node.constantInput(i));
  if (!constant)
    return node.fail("input '" + node.inputName(i) + "' (" + name +
                     ") must be constant numbers");
  return llvm::to_vector(constant.getValues<float>());
}

/// The axes that `scales` say, in the order of `chosen`.
static FailureOr<SmallVector<ResizedAxis>>
axesFromScales(OnnxNode &node, ArrayRef<int64_t> shape,
               ArrayRef<int64_t> chosen, ArrayRef<float> scales) {
  if (scales.size() != chosen.size())
    return node.fail("scales must hold a number for each dimension");
  SmallVector<ResizedAxis> axes;
  for (auto [axis, scale] : llvm::zip(chosen, scales)) {
    // In f32, as those do who write the shape into the model.
    float output = std::floor(static_cast<float>(shape[axis]) * scale);
    if (!(scale > 0.0f) || !(output >= 1.0f) ||
        !(output <= static_cast<float>(1 << 24)))
      return node.fail("the scale of dimension " + Twine(axis) +
                       " leaves no size");
    int64_t size = static_cast<int64_t>(output);
    bool isExact = scale * static_cast<double>(shape[axis]) == size;
    axes.push_back({axis, shape[axis], size, scale, 0.0f, 1.0f, isExact});
  }
  return axes;
}

static FailureOr<SmallVector<ResizedAxis>>
axesFromSizes(OnnxNode &node, ArrayRef<int64_t> shape, ArrayRef<int64_t> chosen,
              ArrayRef<int64_t> sizes) {
  if (sizes.size() != chosen.size())
    return node.fail("sizes must hold one for each dimension");
  SmallVector<ResizedAxis> axes;
  for (auto [axis, size] : llvm::zip(chosen, sizes)) {
    if (size < 1 || size > 1 << 24)
      return node.fail("the size of dimension " + Twine(axis) + " is " +
                       Twine(size) + ", which is no size");
    axes.push_back({axis, shape[axis], size,
                    static_cast<double>(size) / shape[axis], 0.0f, 1.0f, true});
  }
  std::string policy = node.getString("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || axes.empty())
    return axes;
  if (policy != "not_larger" && policy != "not_smaller")
    return node.fail("keep_aspect_ratio_policy '" + policy + "' is unknown");
  double scale = axes.front().scale;
  for (const ResizedAxis &axis : axes)
    scale = policy == "not_larger" ? std::min(scale, axis.scale)
                                   : std::max(scale, axis.scale);
  for (ResizedAxis &axis : axes) {
    double output = std::floor(scale * axis.size + 0.5);
    if (!(output >= 1.0 && output <= 1 << 24))
      return node.fail("sizes leave dimension " + Twine(axis.axis) +
                       " without a size that keeps the aspect ratio");
    axis.output = static_cast<int64_t>(output);
    axis.isExact = axis.isExact && scale == axis.scale;
    axis.scale = scale;
  }
  return axes;
}

static FailureOr<Modes> readModes(OnnxNode &node) {
  Modes modes;
  modes.mode = node.getString("mode", "nearest");
  // Older models say which linear one it is.
  if (modes.mode == "bilinear" || modes.mode == "trilinear")
    modes.mode = "linear";
  if (modes.mode != "nearest" && modes.mode != "linear" &&
      modes.mode != "cubic")
    return node.fail("mode '" + modes.mode + "' is unknown");
  if (node.type() == "Upsample" || node.opset < 11) {
    modes.coordinates = "asymmetric";
    return modes;
  }
  modes.coordinates =
      node.getString("coordinate_transformation_mode", "half_pixel");
  if (!llvm::is_contained({"half_pixel", "half_pixel_symmetric",
                           "pytorch_half_pixel", "align_corners", "asymmetric",
                           "tf_half_pixel_for_nn", "tf_crop_and_resize"},
                          modes.coordinates))
    return node.fail("coordinate_transformation_mode '" + modes.coordinates +
                     "' is unknown");
  modes.nearest = node.getString("nearest_mode", "round_prefer_floor");
  if (!llvm::is_contained(
          {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"},
          modes.nearest))
    return node.fail("nearest_mode '" + modes.nearest + "' is unknown");
  modes.antialias = node.getInt("antialias", 0) && modes.mode != "nearest";
  modes.excludesOutside = node.getInt("exclude_outside", 0);
  modes.cubic = node.getFloat("cubic_coeff_a", -0.75f);
  if (!std::isfinite(modes.cubic))
    return node.fail("cubic_coeff_a must be a number");
  return modes;
}

static LogicalResult buildResize(OnnxNode &node) {
  Value input = node.input(0);
  auto modes = readModes(node);
  if (!input || failed(modes))
    return failure();
  // Only moves take other elements.
  if (modes->mode != "nearest" && !node.floatInput(0))
    return failure();
  Shape shape(typeOf(input).getShape()), chosen;
  int64_t rank = shape.size();
  for (int64_t axis : node.getInts("axes").value_or(
           llvm::to_vector(llvm::seq<int64_t>(0, rank)))) {
    auto normal = OnnxNode::normalizeAxis(axis, rank);
    if (!normal || llvm::is_contained(chosen, *normal))
      return node.fail("axis " + Twine(axis) + " is out of range or repeated");
    chosen.push_back(*normal);
  }
  bool hasRoi = node.type() == "Resize" && node.opset >= 11;
  auto scales = readFloats(node, hasRoi ? 2 : 1, "scales");
  auto sizes = hasRoi ? node.intsFrom("sizes", 3, 11)
                      : FailureOr<std::optional<Shape>>(std::nullopt);
  if (failed(scales) || failed(sizes))
    return failure();
  if (scales->empty() && node.type() == "Upsample" && node.opset < 9)
    *scales = node.getFloats("scales").value_or(SmallVector<float>());
  bool isSized = *sizes && !(*sizes)->empty();
  if (isSized == !scales->empty())
    return node.fail("takes either scales or sizes");
  auto axes = isSized ? axesFromSizes(node, shape, chosen, **sizes)
                      : axesFromScales(node, shape, chosen, *scales);
  if (failed(axes))
    return failure();
  if (modes->coordinates == "tf_crop_and_resize") {
    auto roi = readFloats(node, 1, "roi");
    if (failed(roi))
      return failure();
    if (roi->size() != 2 * chosen.size() ||
        !llvm::all_of(*roi, [](float x) { return std::isfinite(x); }))
      return node.fail("roi must hold a start and an end for each dimension");
    for (auto [i, axis] : llvm::enumerate(*axes)) {
      axis.start = (*roi)[i];
      axis.end = (*roi)[i + chosen.size()];
    }
  }
  return resize(node, input, *axes, *modes);
}

void onnx_import::addResizeCompositions(OnnxBuilders &builders) {
  builders["Resize"] = buildResize;
  builders["Upsample"] = buildResize;
}
