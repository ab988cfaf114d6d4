//===- SpatialCompositions.cpp ----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that move the elements of images.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"
#include "Windows.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

namespace {
/// Blocks of positions that become channels, or channels that become blocks.
struct Blocks {
  /// [N, H, W, C].
  Value image;
  int64_t size;
  /// Channels are (block, block, rest); else (rest, block, block).
  bool first;
};
} // namespace

static FailureOr<Blocks> readBlocks(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  if (typeOf(input).getRank() != 4)
    return node.fail("input must have rank 4");
  int64_t size = node.getInt("blocksize", 0);
  if (size < 1 || size > 1 << 15)
    return node.fail("blocksize is " + Twine(size) + ", which is no size");
  std::string mode = node.getString("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return node.fail("mode '" + mode + "' is unknown");
  Value image = toImage(node, input);
  if (!image)
    return failure();
  return Blocks{image, size, mode == "DCR"};
}

/// [N, C, H, W] -> [N, C / b², H · b, W · b]: channels are (b, b, C / b²) or,
/// with mode CRD, (C / b², b, b).
static LogicalResult buildDepthToSpace(OnnxNode &node) {
  auto blocks = readBlocks(node);
  if (failed(blocks))
    return failure();
  Value image = blocks->image;
  auto shape = typeOf(image).getShape();
  int64_t b = blocks->size, channels = shape[3] / (b * b);
  if (shape[3] % (b * b) != 0)
    return node.fail("blocks of " + Twine(b * b) + " do not divide " +
                     Twine(shape[3]) + " channels");
  Shape result{shape[0], shape[1] * b, shape[2] * b, channels};
  Shape split = blocks->first
                    ? Shape{shape[0], shape[1], shape[2], b, b, channels}
                    : Shape{shape[0], shape[1], shape[2], channels, b, b};
  Shape order =
      blocks->first ? Shape{0, 1, 3, 2, 4, 5} : Shape{0, 1, 4, 2, 5, 3};
  image = node.transpose(node.reshape(image, split), order);
  return node.setOutput(fromImage(node, node.reshape(image, result)));
}

/// [N, C, H, W] -> [N, b² · C, H / b, W / b], channels being (b, b, C) or, in
/// mode CRD (from operator set 28 on), (C, b, b).
static LogicalResult buildSpaceToDepth(OnnxNode &node) {
  auto blocks = readBlocks(node);
  if (failed(blocks))
    return failure();
  Value image = blocks->image;
  auto shape = typeOf(image).getShape();
  int64_t b = blocks->size, height = shape[1] / b, width = shape[2] / b;
  if (shape[1] % b != 0 || shape[2] % b != 0)
    return node.fail("blocks of " + Twine(b) + " do not divide " +
                     Twine(shape[1]) + " rows and " + Twine(shape[2]) +
                     " columns");
  Shape result{shape[0], height, width, b * b * shape[3]};
  image = node.reshape(image, {shape[0], height, b, width, b, shape[3]});
  Shape order =
      blocks->first ? Shape{0, 1, 3, 2, 4, 5} : Shape{0, 1, 3, 5, 2, 4};
  image = node.reshape(node.transpose(image, order), result);
  return node.setOutput(fromImage(node, image));
}

/// The middle of the input, or the input in the middle of zeros.
static LogicalResult buildCenterCropPad(OnnxNode &node) {
  Value input = node.input(0);
  auto given = node.intsFrom("shape", 1, 1);
  if (!input || failed(given))
    return failure();
  Shape shape(typeOf(input).getShape());
  int64_t rank = shape.size();
  auto axes = node.getInts("axes").value_or(
      llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  if (!*given || (*given)->size() != axes.size())
    return node.fail("shape must hold a size for each axis");
  Shape low(rank, 0), high(rank, 0), offsets(rank, 0), sizes = shape;
  for (auto [axis, size] : llvm::zip(axes, **given)) {
    auto d = OnnxNode::normalizeAxis(axis, rank);
    if (!d || size < 1 || size > 1 << 24)
      return node.fail("an axis or a size is out of range");
    int64_t more = size - shape[*d];
    if (more < 0) {
      offsets[*d] = -more / 2;
      sizes[*d] = size;
    } else {
      low[*d] = more / 2;
      high[*d] = more - low[*d];
    }
  }
  if (sizes != shape)
    input = node.slice(input, offsets, sizes, Shape(rank, 1));
  return node.setOutput(node.create<PadOp>(input, low, high, APFloat(0.0f)));
}

void onnx_import::addSpatialCompositions(OnnxBuilders &builders) {
  builders["CenterCropPad"] = buildCenterCropPad;
  builders["DepthToSpace"] = buildDepthToSpace;
  builders["SpaceToDepth"] = buildSpaceToDepth;
}
