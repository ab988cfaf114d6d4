//===- OctetOps.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Verifiers: each says which shape the operands call for.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "octet/Dialect/Octet/IR/Layout.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"

using namespace mlir;
using namespace octet;

#define GET_OP_CLASSES
#include "octet/Dialect/Octet/IR/OctetOps.cpp.inc"

static RankedTensorType tensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Requires static shapes and that the only result has shape `expected`.
static LogicalResult verifyShape(Operation *op,
                                 const std::optional<Shape> &expected) {
  for (Type type : llvm::concat<const Type>(
           llvm::to_vector(op->getOperandTypes()), op->getResultTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && !tensor.hasStaticShape())
      return op->emitOpError("takes tensors of static shape only");
  if (!expected)
    return op->emitOpError("operand shapes and attributes do not fit together");
  auto actual = tensorType(op->getResult(0)).getShape();
  if (actual != ArrayRef<int64_t>(*expected))
    return op->emitOpError("result has shape [")
           << actual << "] but the operands give [" << ArrayRef(*expected)
           << "]";
  return success();
}

static LogicalResult verifySameElementType(Operation *op) {
  if (tensorType(op->getOperand(0)).getElementType() !=
      tensorType(op->getResult(0)).getElementType())
    return op->emitOpError("input and result must have one element type");
  return success();
}

/// A quantized per-tensor type or a float one, the same on every operand.
static bool isQuantized(Value value) {
  return isa<quant::QuantizedType>(tensorType(value).getElementType());
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// What a convolution's filter says, dense or blocked.
struct FilterShape {
  int64_t outputs, height, width, inputsPerGroup;
};

/// The shape of `filter`: `[O, KH, KW, I / groups]`, or blocked by `lanes`,
/// with `pack` input channels innermost (1 for none).
static std::optional<FilterShape> getFilterShape(ArrayRef<int64_t> filter,
                                                 std::optional<int64_t> lanes,
                                                 int64_t groups, int64_t pack) {
  if (!lanes)
    return filter.size() == 4 ? std::optional(FilterShape{filter[0], filter[1],
                                                          filter[2], filter[3]})
                              : std::nullopt;
  if (groups > 1) // depthwise: [KH, KW, O / lanes, lanes]
    return filter.size() == 4 && filter[3] == *lanes
               ? std::optional(
                     FilterShape{filter[2] * *lanes, filter[0], filter[1], 1})
               : std::nullopt;
  size_t rank = pack > 1 ? 6 : 5;
  if (filter.size() != rank || filter[4] != *lanes ||
      (pack > 1 && filter[5] != pack))
    return std::nullopt;
  return FilterShape{filter[0] * *lanes, filter[1], filter[2],
                     filter[3] * pack};
}

/// True if `padded` is `size` and less than a block of `unit` more.
static bool roundsUpTo(int64_t size, int64_t unit, int64_t padded) {
  return padded >= size && padded < size + unit;
}

/// Checks shared by the float and the integer convolution.
template <typename ConvOp>
static LogicalResult verifyConv(ConvOp op, ArrayRef<int64_t> pads,
                                int64_t pack) {
  auto input = tensorType(op.getInput());
  auto output = tensorType(op.getOutput());
  std::optional<int64_t> lanes = op.getLanes();
  int64_t groups = op.getGroups();
  auto filter = getFilterShape(tensorType(op.getFilter()).getShape(), lanes,
                               groups, pack);
  if (input.getRank() != 4 || output.getRank() != 4 || !filter)
    return op.emitOpError("takes images of rank 4 and a filter of rank 4, or "
                          "blocked by its lanes");
  int64_t channels = input.getDimSize(3), outputs = output.getDimSize(3);
  bool depthwise = lanes && groups > 1;
  if (groups < 1 || (!depthwise && filter->outputs % groups != 0) ||
      (!depthwise && !roundsUpTo(channels, pack > 1 ? *lanes : 1,
                                 filter->inputsPerGroup * groups)))
    return op.emitOpError("input has ")
           << channels << " channels but the filter takes "
           << filter->inputsPerGroup << " in each of " << groups << " groups";
  if (!roundsUpTo(outputs, lanes.value_or(1), filter->outputs))
    return op.emitOpError("result has ")
           << outputs << " channels but the filter gives " << filter->outputs;
  if (op.getBias() &&
      tensorType(op.getBias()).getShape() != ArrayRef<int64_t>{filter->outputs})
    return op.emitOpError("bias must have one value for each output channel");
  if (op.getResidual() &&
      tensorType(op.getResidual()).getShape() != output.getShape())
    return op.emitOpError("residual must have the shape of the result");
  return verifyShape(
      op, inferWindowed(input.getShape(), {filter->height, filter->width},
                        op.getStrides(), pads, op.getDilations(), outputs));
}

LogicalResult Conv2DOp::verify() {
  if (isQuantized(getInput()) != isQuantized(getFilter()) ||
      isQuantized(getInput()) != isQuantized(getOutput()))
    return emitOpError("operands must be all quantized or all f32");
  return verifyConv(*this, getPads(), /*pack=*/1);
}

LogicalResult IntegerConv2DOp::verify() {
  if (getMultiplier().getType().getShape() != tensorType(getBias()).getShape())
    return emitOpError("bias and multiplier must have one size");
  if (bool(getResidual()) != bool(getResidualMultiplier()) ||
      bool(getResidual()) != bool(getResidualZeroPoint()))
    return emitOpError("a residual comes with a multiplier and a zero point");
  bool isDenseBlocked = getLanes() && getGroups() == 1;
  if (isDenseBlocked && getPack() == 1)
    return emitOpError("a blocked filter must have rank 6");
  return verifyConv(*this, {0, 0, 0, 0}, getPack());
}

LogicalResult MatMulOp::verify() {
  auto rhs = tensorType(getRhs());
  if (getBias() &&
      (rhs.getRank() < 1 || tensorType(getBias()).getShape() !=
                                ArrayRef<int64_t>{rhs.getShape().back()}))
    return emitOpError("bias must have one value for each column");
  return verifyShape(
      *this, inferMatMul(tensorType(getLhs()).getShape(), rhs.getShape()));
}

//===----------------------------------------------------------------------===//
// Pools and reductions
//===----------------------------------------------------------------------===//

template <typename PoolOp>
static LogicalResult verifyPool(PoolOp op, ArrayRef<int64_t> pads) {
  auto input = tensorType(op.getInput());
  if (input.getRank() != 4)
    return op.emitOpError("takes an input of rank 4");
  if (llvm::any_of(llvm::enumerate(pads), [&](auto pad) {
        return op.getKernel().size() == 2 &&
               pad.value() > (op.getKernel()[pad.index() % 2] - 1) *
                                 op.getDilations()[pad.index() % 2];
      }))
    return op.emitOpError("pads reach beyond the kernel");
  return verifyShape(op, inferWindowed(input.getShape(), op.getKernel(),
                                       op.getStrides(), pads, op.getDilations(),
                                       input.getDimSize(3)));
}

LogicalResult MaxPool2DOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  return verifyPool(*this, getPads());
}
LogicalResult AvgPool2DOp::verify() {
  auto output = tensorType(getOutput()).getShape();
  if (getDivisor() &&
      (output.size() != 4 ||
       tensorType(getDivisor()).getShape() != output.slice(1, 2)))
    return emitOpError("divisor must have one value for each position");
  return verifyPool(*this, getPads());
}

SmallVector<float> AvgPool2DOp::getCounts() {
  auto input = tensorType(getInput()).getShape();
  auto output = tensorType(getOutput()).getShape();
  // Positions of window `index` along dimension `d` that lie in the input.
  auto inside = [&](int d, int64_t index) {
    int64_t count = 0;
    for (int64_t k = 0; k < getKernel()[d]; ++k) {
      int64_t at =
          index * getStrides()[d] + k * getDilations()[d] - getPads()[d];
      count += getCountIncludePad() || (at >= 0 && at < input[d + 1]);
    }
    return count;
  };
  SmallVector<float> counts;
  for (int64_t y = 0; y < output[1]; ++y)
    for (int64_t x = 0; x < output[2]; ++x)
      counts.push_back(inside(0, y) * inside(1, x));
  return counts;
}

LogicalResult IntegerAvgPool2DOp::verify() {
  auto multiplier = tensorType(getMultiplier()).getShape();
  auto output = tensorType(getOutput()).getShape();
  if (multiplier != ArrayRef<int64_t>{1, 1} &&
      (output.size() != 4 || multiplier != output.slice(1, 2)))
    return emitOpError("multiplier must be 1x1 or one value for each position");
  return verifyPool(*this, {0, 0, 0, 0});
}

LogicalResult ReduceMeanOp::verify() {
  Shape shape(tensorType(getInput()).getShape());
  for (int64_t axis : getAxes()) {
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
      return emitOpError("axis ") << axis << " is out of range";
    shape[axis] = 1;
  }
  return verifyShape(*this, shape);
}

LogicalResult SoftmaxOp::verify() {
  auto input = tensorType(getInput());
  if (int64_t(getAxis()) < 0 || int64_t(getAxis()) >= input.getRank())
    return emitOpError("axis ") << getAxis() << " is out of range";
  return verifyShape(*this, Shape(input.getShape()));
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

template <typename BinaryOp> static LogicalResult verifyBinary(BinaryOp op) {
  return verifyShape(op, inferBroadcast(tensorType(op.getLhs()).getShape(),
                                        tensorType(op.getRhs()).getShape()));
}
LogicalResult AddOp::verify() { return verifyBinary(*this); }
LogicalResult SubOp::verify() { return verifyBinary(*this); }
LogicalResult MulOp::verify() { return verifyBinary(*this); }
LogicalResult DivOp::verify() { return verifyBinary(*this); }
LogicalResult IntegerAddOp::verify() { return verifyBinary(*this); }
LogicalResult IntegerMulOp::verify() { return verifyBinary(*this); }

template <typename UnaryOp> static LogicalResult verifyUnary(UnaryOp op) {
  return verifyShape(op, Shape(tensorType(op.getInput()).getShape()));
}
LogicalResult ClampOp::verify() { return verifyUnary(*this); }
LogicalResult ActivationOp::verify() { return verifyUnary(*this); }
LogicalResult CastOp::verify() { return verifyUnary(*this); }
LogicalResult DequantizeOp::verify() { return verifyUnary(*this); }

LogicalResult LookupOp::verify() {
  if (tensorType(getTable()).getShape() != ArrayRef<int64_t>{256})
    return emitOpError("table must have 256 entries");
  return verifyUnary(*this);
}

LogicalResult ObserveOp::verify() {
  if (bool(getLow()) != bool(getHigh()))
    return emitOpError("low and high come together");
  return verifyUnary(*this);
}

void ObserveOp::build(OpBuilder &builder, OperationState &state, Value input,
                      StringRef key) {
  build(builder, state, input.getType(), input, builder.getStringAttr(key),
        FloatAttr(), FloatAttr());
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

static bool isPermutation(ArrayRef<int64_t> permutation, int64_t rank) {
  if (static_cast<int64_t>(permutation.size()) != rank)
    return false;
  llvm::SmallVector<bool> seen(rank, false);
  for (int64_t p : permutation) {
    if (p < 0 || p >= rank || seen[p])
      return false;
    seen[p] = true;
  }
  return true;
}

LogicalResult ReshapeOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  if (dropLayout(tensorType(getInput())).getNumElements() !=
      dropLayout(tensorType(getOutput())).getNumElements())
    return emitOpError("changes the number of elements");
  return success();
}

LogicalResult TransposeOp::verify() {
  auto input = tensorType(getInput());
  if (failed(verifySameElementType(*this)))
    return failure();
  if (!isPermutation(getPermutation(), input.getRank()))
    return emitOpError("permutation must name each dimension once");
  return verifyShape(*this, permute(input.getShape(), getPermutation()));
}

LogicalResult QuantizeOp::verify() {
  auto input = tensorType(getInput());
  if (!isPermutation(getPermutation(), input.getRank()))
    return emitOpError("permutation must name each dimension once");
  auto shape = permute(input.getShape(), getPermutation());
  for (Value parameter : {getOffset(), getDivisor()}) {
    auto sizes = tensorType(parameter).getShape();
    if (sizes.size() != 1 ||
        (sizes[0] != 1 && (shape.empty() || sizes[0] != shape.back())))
      return emitOpError(
          "offset and divisor must have one value or one for each channel");
  }
  return verifyShape(*this, shape);
}

LogicalResult SliceOp::verify() {
  auto input = tensorType(getInput());
  size_t rank = input.getRank();
  if (failed(verifySameElementType(*this)))
    return failure();
  if (getOffsets().size() != rank || getSizes().size() != rank ||
      getStrides().size() != rank)
    return emitOpError("needs one offset, size and stride for each dimension");
  for (size_t i = 0; i < rank; ++i) {
    int64_t first = getOffsets()[i], size = getSizes()[i];
    int64_t last = first + (size - 1) * getStrides()[i];
    if (size < 1 || getStrides()[i] == 0 || std::min(first, last) < 0 ||
        std::max(first, last) >= input.getDimSize(i))
      return emitOpError("reads outside dimension ") << i;
  }
  return verifyShape(*this, Shape(getSizes()));
}

LogicalResult PadOp::verify() {
  auto input = tensorType(getInput());
  size_t rank = input.getRank();
  if (failed(verifySameElementType(*this)))
    return failure();
  if (getLow().size() != rank || getHigh().size() != rank)
    return emitOpError("needs one size for each dimension");
  Shape shape(input.getShape());
  for (size_t i = 0; i < rank; ++i) {
    if (getLow()[i] < 0 || getHigh()[i] < 0)
      return emitOpError("sizes must not be negative");
    shape[i] += getLow()[i] + getHigh()[i];
  }
  return verifyShape(*this, shape);
}

bool PadOp::isInPlace() {
  auto input = tensorType(getInput()), output = tensorType(getOutput());
  return input.getEncoding() && output.getEncoding() &&
         getPhysicalShape(input) == getPhysicalShape(output) &&
         !llvm::equal(getBorder(input), getBorder(output));
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs an input");
  // Quantized inputs may have scales of their own; they are requantized.
  for (Value input : getInputs())
    if (isQuantized(input) != isQuantized(getOutput()) ||
        (!isQuantized(input) && tensorType(input).getElementType() !=
                                    tensorType(getOutput()).getElementType()))
      return emitOpError("inputs and result must have one element type");
  Shape shape(tensorType(getInputs().front()).getShape());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return emitOpError("axis ") << axis << " is out of range";
  for (Value input : getInputs().drop_front()) {
    Shape other(tensorType(input).getShape());
    if (other.size() != shape.size())
      return emitOpError("inputs must have one rank");
    shape[axis] += other[axis];
    other[axis] = shape[axis];
    if (other != shape)
      return emitOpError("inputs may differ in dimension ") << axis << " only";
  }
  return verifyShape(*this, shape);
}

LogicalResult CopyOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  return verifyShape(*this, Shape(tensorType(getInput()).getShape()));
}
