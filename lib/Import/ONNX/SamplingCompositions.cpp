//===- SamplingCompositions.cpp ---------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Images read at positions that are computed at run time: each tap gathers the
// elements at all positions, and weighted sums put them together.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"
#include "Windows.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

namespace {

/// Arithmetic on f32 values and numbers.
struct Arithmetic {
  OnnxNode &node;

  Value add(Value a, Value b) const {
    return binary(node, BinaryKind::Add, a, b);
  }
  Value sub(Value a, Value b) const {
    return binary(node, BinaryKind::Sub, a, b);
  }
  Value mul(Value a, Value b) const {
    return binary(node, BinaryKind::Mul, a, b);
  }
  Value num(double x) const { return number(node, static_cast<float>(x)); }
  Value add(Value a, double b) const { return add(a, num(b)); }
  Value mul(Value a, double b) const { return mul(a, num(b)); }
  Value floor(Value a) const { return unary(node, UnaryKind::Floor, a); }
  Value clamp(Value a, double low, double high) const {
    a = binary(node, BinaryKind::Max, a, num(low));
    return binary(node, BinaryKind::Min, a, num(high));
  }
  Value isInside(Value a, double low, double high) const {
    Value above =
        node.create<CompareOp>(a, num(low), CompareKind::GreaterOrEqual);
    Value below =
        node.create<CompareOp>(a, num(high), CompareKind::LessOrEqual);
    return binary(node, BinaryKind::And, above, below);
  }
  Value select(Value condition, Value a, Value b) const {
    return node.create<SelectOp>(condition, a, b);
  }
};

/// Reads elements of an image [N, spatial..., C].
class Sampler {
public:
  Sampler(OnnxNode &node, Value image)
      : node(node), image(image), shape(typeOf(image).getShape()) {}

  /// [N, positions..., C]: the elements of each sample at `position`, whole
  /// numbers in f32 inside of the image, one tensor [N, positions..., 1] for
  /// each dimension.
  Value read(ArrayRef<Value> position) {
    auto planes = ArrayRef(shape).drop_front().drop_back();
    return node.create<GatherNdOp>(
        node.reshape(image, {shape[0], computeProduct(planes), shape.back()}),
        number(Value(), position), node.builder.getI64IntegerAttr(1));
  }

  /// The same of those that `sample` chooses; tensors broadcast.
  Value readFrom(Value sample, ArrayRef<Value> position) {
    Value index = number(sample, position);
    if (!index)
      return {};
    return node.create<GatherOp>(
        node.reshape(
            image, {computeProduct(ArrayRef(shape).drop_back()), shape.back()}),
        node.reshape(index, typeOf(index).getShape().drop_back()),
        node.builder.getI64IntegerAttr(0));
  }

private:
  /// The row-major number of the element at `position` of a sample, if any.
  Value number(Value sample, ArrayRef<Value> position) {
    Value index = sample;
    for (auto [d, x] : llvm::enumerate(position)) {
      Value whole = node.castTo(node.builder.getI64Type(), x);
      if (index)
        whole = binary(node, BinaryKind::Add,
                       binary(node, BinaryKind::Mul, index,
                              node.scalarLike(index, shape[d + 1])),
                       whole);
      index = whole;
    }
    return index;
  }

  OnnxNode &node;
  Value image;
  Shape shape;
};

} // namespace

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

namespace {
struct GridModes {
  std::string mode, padding;
  bool alignsCorners;
};

/// Positions along a dimension of `size` elements.
struct GridAxis {
  const GridModes &modes;
  Arithmetic math;
  int64_t size;

  double low() const { return modes.alignsCorners ? 0.0 : -0.5; }
  double high() const { return size - (modes.alignsCorners ? 1.0 : 0.5); }

  /// From [-1, 1] to elements.
  Value locate(Value x) const {
    x = math.add(x, 1.0);
    if (modes.alignsCorners)
      return math.mul(math.mul(x, 0.5), size - 1.0);
    return math.mul(math.add(math.mul(x, size), -1.0), 0.5);
  }

  /// There and back again between the ends.
  Value reflect(Value x) const {
    double range = high() - low();
    if (range == 0.0)
      return math.mul(x, 0.0);
    Value far = unary(math.node, UnaryKind::Abs, math.add(x, -low()));
    Value times =
        math.floor(binary(math.node, BinaryKind::Div, far, math.num(range)));
    Value rest = math.sub(far, math.mul(times, range));
    Value isEven = math.node.create<CompareOp>(
        math.mul(math.floor(math.mul(times, 0.5)), 2.0), times,
        CompareKind::Equal);
    return math.add(math.select(isEven, rest, math.sub(math.num(range), rest)),
                    low());
  }

  /// `x`, where it is beyond the ends put back as the padding says.
  Value putBack(Value x) const {
    // As frameworks have it, a cubic border is one of elements alone.
    if (modes.padding == "zeros" ||
        (modes.padding == "border" && modes.mode == "cubic"))
      return x;
    Value back =
        modes.padding == "border" ? math.clamp(x, 0.0, size - 1.0) : reflect(x);
    return math.select(math.isInside(x, low(), high()), x, back);
  }

  /// The whole number `x` inside of the image; for zeros, `inside` says where
  /// it was.
  Value element(Value x, Value &inside) const {
    if (modes.padding == "zeros")
      inside = math.isInside(x, 0.0, size - 1.0);
    else if (modes.padding == "reflection")
      x = reflect(x);
    return math.clamp(x, 0.0, size - 1.0);
  }

  /// Weights of taps from `first` on at a distance of x in [0, 1).
  SmallVector<Value> weigh(Value x, int64_t &first) const {
    if (modes.mode == "nearest") {
      first = 0;
      return {Value()};
    }
    Value rest = math.sub(math.num(1.0), x);
    if (modes.mode == "linear") {
      first = 0;
      return {rest, x};
    }
    first = -1;
    constexpr double a = -0.75;
    auto near = [&](Value t) {
      Value inner = math.add(math.mul(t, a + 2.0), -(a + 3.0));
      return math.add(math.mul(math.mul(inner, t), t), 1.0);
    };
    auto far = [&](Value t) {
      t = math.add(t, 1.0);
      Value sum = math.add(math.mul(t, a), -5.0 * a);
      sum = math.add(math.mul(sum, t), 8.0 * a);
      return math.add(math.mul(sum, t), -4.0 * a);
    };
    return {far(x), near(x), near(rest), far(rest)};
  }
};
} // namespace

static FailureOr<GridModes> readGridModes(OnnxNode &node) {
  GridModes modes{node.getString("mode", "linear"),
                  node.getString("padding_mode", "zeros"),
                  node.getInt("align_corners", 0) != 0};
  // Operator set 16 speaks of two dimensions.
  if (modes.mode == "bilinear")
    modes.mode = "linear";
  if (modes.mode == "bicubic")
    modes.mode = "cubic";
  if (!llvm::is_contained({"linear", "nearest", "cubic"}, modes.mode))
    return node.fail("mode '" + modes.mode + "' is unknown");
  if (!llvm::is_contained({"zeros", "border", "reflection"}, modes.padding))
    return node.fail("padding_mode '" + modes.padding + "' is unknown");
  return modes;
}

static LogicalResult buildGridSample(OnnxNode &node) {
  Value input = node.floatInput(0), grid = node.floatInput(1);
  auto modes = readGridModes(node);
  if (!input || !grid || failed(modes))
    return failure();
  auto shape = typeOf(input).getShape(), positions = typeOf(grid).getShape();
  int64_t rank = static_cast<int64_t>(shape.size()) - 2;
  if (rank < 1 || rank > 3 || positions.size() != shape.size() ||
      positions[0] != shape[0] || positions.back() != rank)
    return node.fail("the grid does not fit the input, which must be an image "
                     "of one to three dimensions");
  Arithmetic math{node};
  Value image = toImage(node, input);
  if (!image)
    return failure();
  Sampler sampler(node, image);
  // For each dimension the elements that taps take, and their weights.
  struct Tap {
    Value element, inside, weight;
  };
  SmallVector<SmallVector<Tap>> taps;
  for (int64_t d = 0; d < rank; ++d) {
    GridAxis axis{*modes, math, shape[d + 2]};
    // The grid names the last dimension first.
    Value x =
        axis.locate(sliceAlong(node, grid, rank + 1, rank - 1 - d, /*size=*/1));
    if (modes->mode == "nearest")
      x = unary(node, UnaryKind::Round, x);
    x = axis.putBack(x);
    Value whole = math.floor(x);
    int64_t first;
    auto weights = axis.weigh(math.sub(x, whole), first);
    auto &all = taps.emplace_back();
    for (auto [t, weight] : llvm::enumerate(weights)) {
      Tap tap;
      tap.weight = weight;
      tap.element = axis.element(
          math.add(whole, static_cast<double>(first) + t), tap.inside);
      if (!tap.element)
        return failure();
      all.push_back(tap);
    }
  }
  // The weighted sum over the taps of dimension d, those in front being fixed.
  SmallVector<Value> chosen;
  auto sumFrom = [&](auto &self, int64_t d, Value inside) -> Value {
    if (d == rank) {
      Value read = sampler.read(chosen);
      return inside ? math.select(inside, read, math.num(0.0)) : read;
    }
    Value sum;
    for (const Tap &tap : taps[d]) {
      chosen.push_back(tap.element);
      Value both = !inside ? tap.inside
                   : tap.inside
                       ? binary(node, BinaryKind::And, inside, tap.inside)
                       : inside;
      Value part = self(self, d + 1, both);
      chosen.pop_back();
      if (tap.weight)
        part = math.mul(part, tap.weight);
      sum = sum ? math.add(sum, part) : part;
    }
    return sum;
  };
  return node.setOutput(fromImage(node, sumFrom(sumFrom, 0, Value())));
}

/// theta · [x, y, 1] for the middle, or with align_corners the ends, of each
/// element in [-1, 1].
static LogicalResult buildAffineGrid(OnnxNode &node) {
  Value theta = node.floatInput(0);
  auto size = node.intsFrom("size", 1, 1);
  if (!theta || failed(size))
    return failure();
  auto shape = typeOf(theta).getShape();
  if (!*size || ((*size)->size() != 4 && (*size)->size() != 5))
    return node.fail("size must hold 4 or 5 numbers");
  Shape to(ArrayRef(**size).drop_front(2));
  int64_t rank = to.size();
  auto count = countElements(to);
  if (!count || *count < 1 || *count > 1 << 26 ||
      shape != ArrayRef<int64_t>{(**size)[0], rank, rank + 1})
    return node.fail("theta must hold a matrix for each sample that fits size");
  bool alignsCorners = node.getInt("align_corners", 0);
  SmallVector<float> places((rank + 1) * *count, 1.0f);
  Shape position(rank, 0);
  for (int64_t i = 0; i < *count; ++i, advance(position, to))
    for (int64_t d = 0; d < rank; ++d) {
      double n = to[d], x = position[d];
      double place = !alignsCorners ? (2.0 * x + 1.0) / n - 1.0
                     : n > 1.0      ? 2.0 * x / (n - 1.0) - 1.0
                                    : -1.0;
      places[(rank - 1 - d) * *count + i] = static_cast<float>(place);
    }
  Value result = node.create<MatMulOp>(
      theta, node.constant(places, {rank + 1, *count}), Value());
  Shape shaped{shape[0]};
  llvm::append_range(shaped, to);
  shaped.push_back(rank);
  return node.setOutput(
      node.reshape(node.transpose(result, {0, 2, 1}), shaped));
}

//===----------------------------------------------------------------------===//
// RoiAlign
//===----------------------------------------------------------------------===//

namespace {
/// Positions of samples along one dimension, for each region.
struct RoiAxis {
  Value low, high, lowWeight, highWeight, inside;
};
} // namespace

/// `start` and `end` [R, 1] are cut into `bins` of `ratio` samples each.
static RoiAxis sampleRegion(const Arithmetic &math, Value start, Value end,
                            int64_t bins, int64_t ratio, int64_t size,
                            bool isHalfPixel) {
  OnnxNode &node = math.node;
  Value extent = math.sub(end, start);
  if (!isHalfPixel)
    extent = binary(node, BinaryKind::Max, extent, math.num(1.0));
  Value bin = math.mul(extent, 1.0 / bins);
  SmallVector<float> steps;
  for (int64_t i = 0; i < bins * ratio; ++i)
    steps.push_back(static_cast<float>((i + 0.5) / ratio));
  Value x =
      math.add(start, math.mul(bin, node.constant(steps, {1, bins * ratio})));
  RoiAxis axis;
  axis.inside = math.isInside(x, -1.0, size);
  x = math.clamp(x, 0.0, size - 1.0);
  axis.low = math.floor(x);
  axis.high = math.clamp(math.add(axis.low, 1.0), 0.0, size - 1.0);
  axis.highWeight = math.sub(x, axis.low);
  axis.lowWeight = math.sub(math.num(1.0), axis.highWeight);
  return axis;
}

static LogicalResult buildRoiAlign(OnnxNode &node) {
  Value input = node.floatInput(0), rois = node.floatInput(1);
  Value batches = node.input(2);
  if (!input || !rois || !batches)
    return failure();
  auto shape = typeOf(input).getShape(), regions = typeOf(rois).getShape();
  if (shape.size() != 4 || regions.size() != 2 || regions[1] != 4 ||
      typeOf(batches).getShape() != regions.take_front(1) ||
      !isa<IntegerType>(typeOf(batches).getElementType()))
    return node.fail("takes an image of rank 4, regions [R, 4] and a batch "
                     "index for each");
  int64_t count = regions[0], height = node.getInt("output_height", 1);
  int64_t width = node.getInt("output_width", 1);
  int64_t ratio = node.getInt("sampling_ratio", 0);
  if (height < 1 || width < 1 || height > 1 << 12 || width > 1 << 12)
    return node.fail("output_height and output_width must be positive and "
                     "sensible");
  if (ratio < 1 || ratio > 64)
    return node.fail("sampling_ratio is " + Twine(ratio) +
                     "; export it as a number from 1 to 64, since 0 depends on "
                     "regions that are known at run time only");
  std::string mode = node.getString("mode", "avg");
  std::string transform =
      node.getString("coordinate_transformation_mode",
                     node.opset < 16 ? "output_half_pixel" : "half_pixel");
  if (mode != "avg" && mode != "max")
    return node.fail("mode '" + mode + "' is unknown");
  if (transform != "half_pixel" && transform != "output_half_pixel")
    return node.fail("coordinate_transformation_mode '" + transform +
                     "' is unknown");
  bool isHalfPixel = transform == "half_pixel";
  double offset = isHalfPixel ? -0.5 : 0.0;
  Arithmetic math{node};
  auto border = [&](int64_t i) {
    return math.add(math.mul(sliceAlong(node, rois, 1, i, /*size=*/1),
                             node.getFloat("spatial_scale", 1.0f)),
                    offset);
  };
  RoiAxis y = sampleRegion(math, border(1), border(3), height, ratio, shape[2],
                           isHalfPixel);
  RoiAxis x = sampleRegion(math, border(0), border(2), width, ratio, shape[3],
                           isHalfPixel);
  Value image = toImage(node, input);
  if (!image || !x.lowWeight || !y.lowWeight)
    return failure();
  Sampler sampler(node, image);
  Value sample = node.reshape(node.castTo(node.builder.getI64Type(), batches),
                              {count, 1, 1, 1});
  auto rows = [&](Value v) {
    return node.reshape(v, {count, height * ratio, 1, 1});
  };
  auto columns = [&](Value v) {
    return node.reshape(v, {count, 1, width * ratio, 1});
  };
  Value inside =
      binary(node, BinaryKind::And, rows(y.inside), columns(x.inside));
  Value result;
  for (bool isLower : {false, true})
    for (bool isRight : {false, true}) {
      Value weight = math.mul(rows(isLower ? y.highWeight : y.lowWeight),
                              columns(isRight ? x.highWeight : x.lowWeight));
      Value part =
          sampler.readFrom(sample, {rows(isLower ? y.high : y.low),
                                    columns(isRight ? x.high : x.low)});
      part = math.mul(part, weight);
      // The largest of all weighted elements, not of their sums.
      result =
          result
              ? binary(node, mode == "max" ? BinaryKind::Max : BinaryKind::Add,
                       result, part)
              : part;
    }
  result = math.select(inside, result, math.num(0.0));
  Shape kernel{ratio, ratio}, none(4, 0), ones{1, 1};
  if (mode == "max")
    result = node.create<MaxPool2DOp>(result, kernel, kernel, none, ones);
  else
    result = node.create<AvgPool2DOp>(result, Value(), kernel, kernel, none,
                                      ones, false);
  return node.setOutput(fromImage(node, result));
}

void onnx_import::addSamplingCompositions(OnnxBuilders &builders) {
  builders["AffineGrid"] = buildAffineGrid;
  builders["GridSample"] = buildGridSample;
  builders["RoiAlign"] = buildRoiAlign;
}
