//===- Pad.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// pad: constant padding into a tensor of its own; border: padding in place.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "octet/Dialect/Octet/IR/ScaleFolder.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Dialect/Octet/IR/StorageConverter.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

LogicalResult PadOp::inferReturnTypes(MLIRContext *,
                                      std::optional<Location> location,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  Shape shape(typeOf(adaptor.getInput()).getShape());
  if (adaptor.getLow().size() != shape.size() ||
      adaptor.getHigh().size() != shape.size())
    return emitOptionalError(location, "needs one size for each dimension");
  for (auto [size, low, high] :
       llvm::zip(shape, adaptor.getLow(), adaptor.getHigh())) {
    if (low < 0 || high < 0)
      return emitOptionalError(location, "sizes must not be negative");
    size += low + high;
  }
  return inferAs(location, shape, adaptor.getInput(), types);
}

LogicalResult PadOp::verify() { return verifySameElementType(*this); }

SmallVector<int64_t> PadOp::getDimensionSources(unsigned, unsigned) {
  return sameDimensions(getLow().size(), [&](int64_t d) {
    return getLow()[d] == 0 && getHigh()[d] == 0;
  });
}

bool PadOp::permuteDimensions(ArrayRef<int64_t> permutation) {
  auto inverse = invertPermutationVector(permutation);
  setLow(permute(getLow(), inverse));
  setHigh(permute(getHigh(), inverse));
  return true;
}

/// What a padded position holds, as an element of `type`.
static TypedAttr paddingAs(Type type, TypedAttr value) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return value;
  double number = cast<FloatAttr>(value).getValueAsDouble();
  return IntegerAttr::get(
      integer, APInt(integer.getWidth(), static_cast<int64_t>(number),
                     /*isSigned=*/true, /*implicitTrunc=*/true));
}

/// `input`, constant truth values, with that of `filling` around it.
static OpFoldResult padBits(PadOp op, ConstantView input,
                            ConstantView filling) {
  auto type = typeOf(op.getOutput());
  auto shape = input.getType().getShape();
  if (!type.getElementType().isInteger(1))
    return {};
  SmallVector<bool> values(type.getNumElements(),
                           filling.getSplatValue<bool>());
  auto strides = computeStrides(type.getShape());
  int64_t first = linearize(op.getLow(), strides);
  Shape position(shape.size(), 0);
  for (bool value : input.getValues<bool>()) {
    values[first + linearize(position, strides)] = value;
    advance(position, shape);
  }
  return makeConstant<bool>(type, values);
}

OpFoldResult PadOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  ConstantView input = adaptor.getInput();
  if (!input)
    return {};
  Type element = input.getElementType();
  auto type = typeOf(getOutput());
  if ((!element.isF32() && !isa<IntegerType>(element)) ||
      !mayFold(type, adaptor.getInput()))
    return {};
  ConstantView filling = makeSplat<Attribute>(
      RankedTensorType::get({1}, element), paddingAs(element, getValueAttr()));
  if (!isOfWholeBytes(element))
    return padBits(*this, input, filling);
  ConstantBuffer result(type);
  Shape zeros(type.getRank(), 0);
  copyBox(result, type.getShape(), zeros, type.getShape(), filling,
          /*offset=*/0, zeros);
  auto shape = input.getType().getShape();
  copyBox(result, type.getShape(), getLow(), shape, input, /*offset=*/0,
          computeStrides(shape));
  return result.finish();
}

bool PadOp::passesScale(quant::UniformQuantizedType type) {
  // The padding must be one of the numbers that the type represents.
  float value = getValue().convertToFloat(), scale = type.getScale();
  int64_t q = quantizeValue(value, scale, type.getZeroPoint(),
                            type.getStorageTypeMin(), type.getStorageTypeMax());
  return scale * static_cast<float>(q - type.getZeroPoint()) == value;
}

FailureOr<Value> PadOp::foldScales(ScaleFolder &folder) {
  Affine in(getInput());
  float value = quantizeValue(getValue().convertToFloat(), in.scale,
                              in.zeroPoint, activationMin, activationMax);
  return PadOp::create(
             folder.builder, folder.loc, folder.storageLike(getOutput()),
             folder.integer(getInput()), getLow(), getHigh(), APFloat(value))
      .getResult();
}

LogicalResult PadOp::convertStorage(StorageConverter &converter) {
  if (!StorageConverter::isSigned(getInput()))
    return success();
  setValue(APFloat(getValue().convertToFloat() - StorageConverter::offset));
  return facts::convertStorageByTypes(*this, converter);
}

FailureOr<SmallVector<Value>>
PadOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  Type element = typeOf(inputs[0]).getElementType();
  if (!element.isF32() && !isa<IntegerType>(element))
    return failure();
  Value filled =
      fill(builder, getLoc(), paddingAs(element, getValueAttr()), outputs[0]);
  return SmallVector<Value>{
      copyInto(builder, getLoc(), inputs[0], filled, getLow())};
}

//===----------------------------------------------------------------------===//
// Border
//===----------------------------------------------------------------------===//

LogicalResult BorderOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Shape shape(typeOf(adaptor.getInput()).getShape());
  auto pads = adaptor.getPads();
  if (shape.size() != 4 || pads.size() != 4 ||
      llvm::any_of(pads, [](int64_t p) { return p < 0; }))
    return emitOptionalError(
        location, "takes an input of rank 4 and four pads from zero up");
  shape[1] += pads[0] + pads[2];
  shape[2] += pads[1] + pads[3];
  return inferAs(location, shape, adaptor.getInput(), types);
}

LogicalResult BorderOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  auto input = typeOf(getInput()), output = typeOf(getOutput());
  auto before = getBorder(input), after = getBorder(output);
  for (auto [i, pad] : llvm::enumerate(getPads()))
    if (before[i] - pad != after[i])
      return emitOpError("the layouts of input and result must be the same "
                         "memory: their borders differ by the padding");
  if (getPhysicalShape(input) != getPhysicalShape(output))
    return emitOpError("the layouts of input and result must be the same "
                       "memory");
  return success();
}

SmallVector<int64_t> BorderOp::getDimensionSources(unsigned, unsigned) {
  return {0, -1, -1, 3};
}

FailureOr<SmallVector<Value>> BorderOp::lower(OpBuilder &, ValueRange,
                                              ValueRange) {
  // Written in place: there is no destination to compute into.
  return failure();
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

/// The number that padding holds; one of integers is a float exactly.
static FailureOr<float> readPadding(OnnxNode &node) {
  if (node.opset < 11)
    return node.getFloat("value", 0.0f);
  if (!node.hasInput(2))
    return 0.0f;
  auto constant = node.constantInput(2);
  if (!constant || constant.getNumElements() != 1)
    return node.fail("input '" + node.inputName(2) +
                     "' (constant_value) must be one constant number");
  if (isa<FloatType>(constant.getElementType()))
    return constant.getValue<APFloat>(0).convertToFloat();
  APInt integer = constant.getValue<APInt>(0);
  bool isSigned = !constant.getElementType().isUnsignedInteger() &&
                  !constant.getElementType().isInteger(1);
  if (integer.getBitWidth() > 32 && !integer.isSignedIntN(25))
    return node.fail("pads by an integer beyond 2^24, which is not supported");
  double value =
      isSigned ? integer.signedRoundToDouble() : integer.roundToDouble();
  if (std::abs(value) > 1 << 24)
    return node.fail("pads by an integer beyond 2^24, which is not supported");
  return static_cast<float>(value);
}

/// The element that padding at `i` repeats.
static int64_t sourceOf(StringRef mode, int64_t i, int64_t size) {
  if (mode == "edge" || size == 1)
    return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == "wrap")
    return (i % size + size) % size;
  // There and back again, the ends once.
  int64_t period = 2 * (size - 1);
  int64_t at = (i % period + period) % period;
  return std::min(at, period - at);
}

/// Padding that repeats elements, as indices along each dimension.
static Value repeatElements(OnnxNode &node, Value value, StringRef mode,
                            ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  for (auto [d, before, after] : llvm::enumerate(low, high)) {
    if (!value || (before == 0 && after == 0))
      continue;
    int64_t size = typeOf(value).getDimSize(d);
    SmallVector<int64_t> chosen;
    for (int64_t i = -before; i < size + after; ++i)
      chosen.push_back(sourceOf(mode, i, size));
    value = node.create<GatherOp>(value, node.constantInts(chosen),
                                  node.builder.getI64IntegerAttr(d));
  }
  return value;
}

static LogicalResult buildPad(OnnxNode &node) {
  Value input = node.input(0);
  auto given = node.opset < 2 ? FailureOr(node.getInts("paddings"))
                              : node.intsFrom("pads", 1, 11);
  if (!input || failed(given))
    return failure();
  std::string mode = node.getString("mode", "constant");
  if (!llvm::is_contained({"constant", "reflect", "edge", "wrap"}, mode))
    return node.fail("mode '" + mode + "' is unknown");
  Shape shape(typeOf(input).getShape());
  int64_t rank = shape.size();
  auto value = readPadding(node);
  auto chosen = node.intsFrom("axes", 3, 18);
  if (failed(value) || failed(chosen))
    return failure();
  if (node.hasInput(3) && !*chosen)
    return node.fail("takes axes from operator set 18 on");
  Shape axes = chosen->value_or(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  if (!*given || (*given)->size() != 2 * axes.size())
    return node.fail("pads must hold two sizes for each dimension");
  // Negative sizes crop.
  Shape low(rank, 0), high(rank, 0), offsets(rank, 0), sizes = shape;
  auto isSensible = [](int64_t x) { return x >= -(1 << 24) && x <= 1 << 24; };
  for (size_t i = 0; i < axes.size(); ++i) {
    auto axis = OnnxNode::normalizeAxis(axes[i], rank);
    int64_t before = (**given)[i], after = (**given)[i + axes.size()];
    if (!axis || !isSensible(before) || !isSensible(after))
      return node.fail("an axis or a size is out of range");
    low[*axis] = std::max<int64_t>(0, before);
    high[*axis] = std::max<int64_t>(0, after);
    offsets[*axis] = std::max<int64_t>(0, -before);
    sizes[*axis] -= offsets[*axis] + std::max<int64_t>(0, -after);
    if (sizes[*axis] < 1)
      return node.fail("crops everything away");
  }
  if (sizes != shape)
    input = node.slice(input, offsets, sizes, Shape(rank, 1));
  return node.setOutput(
      mode == "constant" ? node.create<PadOp>(input, low, high, APFloat(*value))
                         : repeatElements(node, input, mode, low, high));
}

void PadOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["Pad"] = buildPad;
}
