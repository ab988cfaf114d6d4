//===- FoldScales.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Quantization/Passes.h"
#include "octet/Quantization/Scheme.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FOLDSCALES
#include "octet/Quantization/Passes.h.inc"
} // namespace octet

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Scale and zero point of a per-tensor type, in the contract's precision.
struct Affine {
  float scale = 1.0f;
  int64_t zeroPoint = 0;

  explicit Affine(Value value) {
    auto type =
        cast<quant::UniformQuantizedType>(typeOf(value).getElementType());
    scale = static_cast<float>(type.getScale());
    zeroPoint = type.getZeroPoint();
  }
};

bool isQuantized(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<quant::QuantizedType>(type.getElementType());
}

double evaluate(ActivationOp op, double x) {
  double alpha = op.getAlpha().convertToFloat();
  double beta = op.getBeta().convertToFloat();
  auto hardSigmoid = [&] { return std::clamp(alpha * x + beta, 0.0, 1.0); };
  switch (op.getKind()) {
  case ActivationKind::LeakyRelu:
    return x < 0 ? alpha * x : x;
  case ActivationKind::Sigmoid:
    return 1.0 / (1.0 + std::exp(-x));
  case ActivationKind::HardSigmoid:
    return hardSigmoid();
  case ActivationKind::HardSwish:
    return x * hardSigmoid();
  case ActivationKind::Tanh:
    return std::tanh(x);
  }
  llvm_unreachable("unknown activation");
}

class ScaleFolder {
public:
  explicit ScaleFolder(func::FuncOp function)
      : function(function), builder(function.getContext()) {}

  LogicalResult run() {
    for (Operation &op :
         llvm::make_early_inc_range(function.getBody().front())) {
      if (!touchesQuantized(&op))
        continue;
      builder.setInsertionPoint(&op);
      loc = op.getLoc();
      Value result = fold(&op);
      if (!result)
        return op.emitOpError("has no integer form");
      if (isQuantized(op.getResult(0)))
        integers[op.getResult(0)] = result;
      else
        op.getResult(0).replaceAllUsesWith(result);
      dead.push_back(&op);
    }
    for (Operation *op : llvm::reverse(dead))
      op->erase();
    return success();
  }

private:
  static bool touchesQuantized(Operation *op) {
    return llvm::any_of(op->getOperands(), isQuantized) ||
           llvm::any_of(op->getResults(), isQuantized);
  }

  Value integer(Value quantized) { return integers.lookup(quantized); }

  RankedTensorType u8Like(Value value) {
    return RankedTensorType::get(typeOf(value).getShape(),
                                 builder.getIntegerType(8, /*isSigned=*/false));
  }

  Value f32(float x) {
    return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(x));
  }
  Value i32(int64_t x) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(x));
  }
  template <typename T>
  Value constant(Type element, Shape shape, ArrayRef<T> values) {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(RankedTensorType::get(shape, element), values));
  }

  /// Bounds of the storage, and of an attached clamp, relative to the zero
  /// point (QS-5).
  std::pair<Value, Value> bounds(Operation *op, const Affine &out) {
    float low = activationMin - out.zeroPoint;
    float high = activationMax - out.zeroPoint;
    if (auto bound = op->getAttrOfType<FloatAttr>("clamp_min"))
      low = std::clamp(
          std::nearbyint(static_cast<float>(bound.getValueAsDouble()) /
                         out.scale),
          low, high);
    if (auto bound = op->getAttrOfType<FloatAttr>("clamp_max"))
      high = std::clamp(
          std::nearbyint(static_cast<float>(bound.getValueAsDouble()) /
                         out.scale),
          low, high);
    return {f32(low), f32(high)};
  }

  Value fold(Operation *op) {
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case<quant::QuantizeCastOp, quant::DequantizeCastOp, Conv2DOp,
              AvgPool2DOp, AddOp, SubOp, MulOp, ClampOp, ActivationOp, ConcatOp,
              PadOp>([&](auto typed) { return foldOp(typed); })
        .Case<MaxPool2DOp, ReshapeOp, TransposeOp, SliceOp>([&](auto typed) {
          Operation *moved = builder.clone(*typed.getOperation());
          moved->setOperand(0, integer(typed.getInput()));
          moved->getResult(0).setType(u8Like(typed.getOutput()));
          return moved->getResult(0);
        })
        .Default([](Operation *) { return Value(); });
  }

  //===--------------------------------------------------------------------===//
  // Borders
  //===--------------------------------------------------------------------===//

  Value foldOp(quant::QuantizeCastOp op) {
    DenseFPElementsAttr value;
    if (matchPattern(op.getInput(), m_Constant(&value)))
      return foldConstant(op, value);
    Affine out(op.getResult());
    // What is quantized is factor · x + shift for each channel: the steps of a
    // normalization are collected from the last to the first.
    Value source = op.getInput();
    int64_t channels =
        typeOf(source).getRank() ? typeOf(source).getShape().back() : 1;
    SmallVector<double> factor(channels, 1.0), shift(channels, 0.0);
    while (collectStep(source, factor, shift)) {
    }
    Shape permutation =
        llvm::to_vector(llvm::seq<int64_t>(0, typeOf(op.getInput()).getRank()));
    if (auto transpose = source.getDefiningOp<TransposeOp>()) {
      permutation = llvm::to_vector(transpose.getPermutation());
      source = transpose.getInput();
    }
    SmallVector<float> offset, divisor;
    for (int64_t c = 0; c < channels; ++c) {
      offset.push_back(static_cast<float>(-shift[c] / factor[c]));
      divisor.push_back(static_cast<float>(out.scale / factor[c]));
    }
    auto shrink = [](SmallVector<float> &values) {
      if (llvm::all_equal(values))
        values.resize(1);
      return Shape{static_cast<int64_t>(values.size())};
    };
    Shape offsetShape = shrink(offset), divisorShape = shrink(divisor);
    auto [low, high] = bounds(op, out);
    return QuantizeOp::create(
        builder, loc, u8Like(op.getResult()), source,
        constant<float>(builder.getF32Type(), offsetShape, offset),
        constant<float>(builder.getF32Type(), divisorShape, divisor), low, high,
        i32(out.zeroPoint), permutation);
  }

  /// Takes one step of a normalization off `value`; false if it is none.
  static bool collectStep(Value &value, SmallVectorImpl<double> &factor,
                          SmallVectorImpl<double> &shift) {
    Operation *op = value.getDefiningOp();
    DenseFPElementsAttr operand;
    if (!isa_and_nonnull<AddOp, SubOp, MulOp, DivOp>(op) ||
        op->hasAttr("clamp_min") || op->hasAttr("clamp_max") ||
        !matchPattern(op->getOperand(1), m_Constant(&operand)) ||
        typeOf(op->getOperand(0)) != typeOf(value))
      return false;
    int64_t channels = factor.size(), count = operand.getNumElements();
    auto shape = operand.getType().getShape();
    if (count != 1 && (count != channels || shape.back() != channels))
      return false;
    auto constants = llvm::to_vector(operand.getValues<float>());
    for (int64_t c = 0; c < channels; ++c) {
      double k = constants[count == 1 ? 0 : c];
      if (isa<MulOp, DivOp>(op) && (k == 0.0 || !std::isfinite(k)))
        return false;
    }
    for (int64_t c = 0; c < channels; ++c) {
      double k = constants[count == 1 ? 0 : c];
      if (isa<AddOp>(op))
        shift[c] += factor[c] * k;
      else if (isa<SubOp>(op))
        shift[c] -= factor[c] * k;
      else if (isa<MulOp>(op))
        factor[c] *= k;
      else
        factor[c] /= k;
    }
    value = op->getOperand(0);
    return true;
  }

  Value foldConstant(quant::QuantizeCastOp op, DenseFPElementsAttr value) {
    auto type = typeOf(op.getResult());
    auto floats = llvm::to_vector(value.getValues<float>());
    if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(
            type.getElementType())) {
      int64_t perChannel = floats.size() / perAxis.getScales().size();
      SmallVector<int8_t> integers;
      for (auto [i, x] : llvm::enumerate(floats))
        integers.push_back(quantizeValue(x, perAxis.getScales()[i / perChannel],
                                         0, weightMin, weightMax));
      return constant<int8_t>(builder.getIntegerType(8, /*isSigned=*/true),
                              Shape(type.getShape()), integers);
    }
    Affine out(op.getResult());
    SmallVector<uint8_t> integers;
    for (float x : floats)
      integers.push_back(quantizeValue(x, out.scale, out.zeroPoint,
                                       activationMin, activationMax));
    return constant<uint8_t>(builder.getIntegerType(8, /*isSigned=*/false),
                             Shape(type.getShape()), integers);
  }

  Value foldOp(quant::DequantizeCastOp op) {
    Affine in(op.getInput());
    return DequantizeOp::create(builder, loc, typeOf(op.getResult()),
                                integer(op.getInput()), f32(in.scale),
                                i32(in.zeroPoint));
  }

  //===--------------------------------------------------------------------===//
  // Contractions and pools
  //===--------------------------------------------------------------------===//

  /// `input` with its zero point around it.
  Value padded(Value input, ArrayRef<int64_t> pads, int64_t zeroPoint) {
    if (llvm::all_of(pads, [](int64_t p) { return p == 0; }))
      return input;
    Shape shape(typeOf(input).getShape());
    shape[1] += pads[0] + pads[2];
    shape[2] += pads[1] + pads[3];
    return PadOp::create(
        builder, loc,
        RankedTensorType::get(shape, typeOf(input).getElementType()), input,
        ArrayRef<int64_t>{0, pads[0], pads[1], 0},
        ArrayRef<int64_t>{0, pads[2], pads[3], 0},
        APFloat(static_cast<float>(zeroPoint)));
  }

  Value foldOp(Conv2DOp op) {
    Affine in(op.getInput()), out(op.getOutput());
    auto filterType = cast<quant::UniformQuantizedPerAxisType>(
        typeOf(op.getFilter()).getElementType());
    DenseIntElementsAttr filter;
    DenseFPElementsAttr bias;
    if (!matchPattern(integer(op.getFilter()), m_Constant(&filter)) ||
        (op.getBias() && !matchPattern(op.getBias(), m_Constant(&bias))))
      return {};
    auto weights = llvm::to_vector(filter.getValues<int8_t>());
    int64_t channels = filterType.getScales().size();
    size_t perChannel = weights.size() / channels;
    SmallVector<int32_t> shifts;
    SmallVector<float> multipliers;
    for (int64_t c = 0; c < channels; ++c) {
      float product = in.scale * static_cast<float>(filterType.getScales()[c]);
      int64_t shift =
          bias ? std::llrint(static_cast<double>(bias.getValues<float>()[c]) /
                             product)
               : 0;
      // Σ (q - z)·w = Σ q·w - z·Σ w.
      for (size_t i = 0; i < perChannel; ++i)
        shift -= in.zeroPoint * weights[c * perChannel + i];
      shifts.push_back(static_cast<int32_t>(shift));
      multipliers.push_back(product / out.scale);
    }
    Value residual, residualMultiplier, residualZeroPoint;
    if (op.getResidual()) {
      Affine other(op.getResidual());
      residual = integer(op.getResidual());
      residualMultiplier = f32(other.scale / out.scale);
      residualZeroPoint = i32(other.zeroPoint);
    }
    auto [low, high] = bounds(op, out);
    return IntegerConv2DOp::create(
        builder, loc, u8Like(op.getOutput()),
        padded(integer(op.getInput()), op.getPads(), in.zeroPoint),
        integer(op.getFilter()),
        constant<int32_t>(builder.getI32Type(), {channels}, shifts),
        constant<float>(builder.getF32Type(), {channels}, multipliers), low,
        high, i32(out.zeroPoint), residual, residualMultiplier,
        residualZeroPoint, op.getStrides(), op.getDilations(), op.getGroups(),
        IntegerAttr());
  }

  Value foldOp(AvgPool2DOp op) {
    Affine in(op.getInput()), out(op.getOutput());
    auto counts = op.getCounts();
    Shape shape{typeOf(op.getOutput()).getDimSize(1),
                typeOf(op.getOutput()).getDimSize(2)};
    if (llvm::all_equal(counts)) {
      counts.resize(1);
      shape = {1, 1};
    }
    SmallVector<float> multipliers;
    for (float count : counts)
      multipliers.push_back(in.scale / (out.scale * count));
    auto [low, high] = bounds(op, out);
    return IntegerAvgPool2DOp::create(
        builder, loc, u8Like(op.getOutput()),
        padded(integer(op.getInput()), op.getPads(), in.zeroPoint),
        i32(in.zeroPoint),
        constant<float>(builder.getF32Type(), shape, multipliers), low, high,
        i32(out.zeroPoint), op.getKernel(), op.getStrides(), op.getDilations());
  }

  //===--------------------------------------------------------------------===//
  // Elementwise
  //===--------------------------------------------------------------------===//

  Value foldSum(Operation *op, float sign) {
    Affine a(op->getOperand(0)), b(op->getOperand(1)), out(op->getResult(0));
    auto [low, high] = bounds(op, out);
    return IntegerAddOp::create(
        builder, loc, u8Like(op->getResult(0)), integer(op->getOperand(0)),
        i32(a.zeroPoint), f32(a.scale / out.scale), integer(op->getOperand(1)),
        i32(b.zeroPoint), f32(sign * b.scale / out.scale), low, high,
        i32(out.zeroPoint));
  }
  Value foldOp(AddOp op) { return foldSum(op, 1.0f); }
  Value foldOp(SubOp op) { return foldSum(op, -1.0f); }

  Value foldOp(MulOp op) {
    Affine a(op.getLhs()), b(op.getRhs()), out(op.getOutput());
    auto [low, high] = bounds(op, out);
    return IntegerMulOp::create(
        builder, loc, u8Like(op.getOutput()), integer(op.getLhs()),
        i32(a.zeroPoint), integer(op.getRhs()), i32(b.zeroPoint),
        f32(a.scale * b.scale / out.scale), low, high, i32(out.zeroPoint));
  }

  /// QS-9: table[q] is the function of what q stands for.
  Value lookup(Value input, const Affine &in, const Affine &out,
               llvm::function_ref<double(double)> function) {
    SmallVector<uint8_t> table;
    for (int64_t q = activationMin; q <= activationMax; ++q) {
      float x = in.scale * static_cast<float>(q - in.zeroPoint);
      table.push_back(quantizeValue(static_cast<float>(function(x)), out.scale,
                                    out.zeroPoint, activationMin,
                                    activationMax));
    }
    auto u8 = builder.getIntegerType(8, /*isSigned=*/false);
    return LookupOp::create(builder, loc, input.getType(), input,
                            constant<uint8_t>(u8, {256}, table));
  }

  Value foldOp(ActivationOp op) {
    return lookup(integer(op.getInput()), Affine(op.getInput()),
                  Affine(op.getOutput()),
                  [&](double x) { return evaluate(op, x); });
  }

  Value foldOp(ClampOp op) {
    auto low = op.getClampMin(), high = op.getClampMax();
    return lookup(integer(op.getInput()), Affine(op.getInput()),
                  Affine(op.getOutput()), [&](double x) {
                    if (low)
                      x = std::max<double>(x, low->convertToFloat());
                    if (high)
                      x = std::min<double>(x, high->convertToFloat());
                    return x;
                  });
  }

  //===--------------------------------------------------------------------===//
  // Movement
  //===--------------------------------------------------------------------===//

  /// QS-10: inputs of another scale are requantized by a table.
  Value foldOp(ConcatOp op) {
    Affine out(op.getOutput());
    SmallVector<Value> inputs;
    for (Value input : op.getInputs()) {
      Affine in(input);
      Value value = integer(input);
      if (in.scale != out.scale || in.zeroPoint != out.zeroPoint)
        value = lookup(value, in, out, [](double x) { return x; });
      inputs.push_back(value);
    }
    return ConcatOp::create(builder, loc, u8Like(op.getOutput()),
                            ValueRange(inputs), op.getAxisAttr());
  }

  Value foldOp(PadOp op) {
    Affine in(op.getInput());
    float value = quantizeValue(op.getValue().convertToFloat(), in.scale,
                                in.zeroPoint, activationMin, activationMax);
    return PadOp::create(builder, loc, u8Like(op.getOutput()),
                         integer(op.getInput()), op.getLow(), op.getHigh(),
                         APFloat(value));
  }

  func::FuncOp function;
  OpBuilder builder;
  Location loc = builder.getUnknownLoc();
  DenseMap<Value, Value> integers;
  SmallVector<Operation *> dead;
};

struct FoldScalesPass : octet::impl::FoldScalesBase<FoldScalesPass> {
  void runOnOperation() override {
    if (failed(ScaleFolder(getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace
