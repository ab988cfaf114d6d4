//===- RecurrenceLowering.cpp ----------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lowering of recurrence: one loop over the steps that carries the state,
// the output and what a step computes into, so that all of them stay in place.
//
//===----------------------------------------------------------------------===//

#include "Recurrence.h"
#include "octet/Dialect/Octet/IR/Lowering.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;
using namespace octet::recurrence;

namespace {

/// The tensors that go from step to step. Matrices are [sequences, columns];
/// what `buffers` hold is of one step alone.
struct Carried {
  Value output, hidden, cell;
  SmallVector<Value> buffers;

  SmallVector<Value> list() const {
    SmallVector<Value> values{output, hidden};
    if (cell)
      values.push_back(cell);
    values.append(buffers);
    return values;
  }
  /// The same tensors, as `values` in the order of list().
  Carried with(ValueRange values) const {
    bool hasCell = cell != nullptr;
    return {values[0], values[1], hasCell ? values[2] : Value(),
            llvm::to_vector(values.drop_front(2 + hasCell))};
  }
};

class RecurrenceLowering {
public:
  RecurrenceLowering(RecurrenceOp op, OpBuilder &builder, ValueRange inputs)
      : op(op), b(op.getLoc(), builder), kind(op.getKind()) {
    auto input = typeOf(inputs[0]).getShape();
    sequences = input[0];
    steps = input[1];
    width = typeOf(inputs[1]).getDimSize(0);
    projection = inputs[0];
    weight = inputs[1];
    // Operands that are present follow one another.
    unsigned next = 2;
    auto take = [&](Value operand) {
      return operand ? inputs[next++] : Value();
    };
    initial = take(op.getInitial());
    lengths = take(op.getLengths());
    bias = take(op.getBias());
    peephole = take(op.getPeephole());
  }

  SmallVector<Value> run(ValueRange outputs) {
    bool isLstm = kind == RecurrenceKind::Lstm;
    bool isGru = kind == RecurrenceKind::Gru;
    Carried first;
    first.output = outputs[0];
    first.hidden = initialState(0);
    if (isLstm)
      first.cell = initialState(1);
    first.buffers.push_back(empty(isLstm ? 4 : isGru ? 2 : 1));
    if (isGru)
      first.buffers.push_back(empty(1));

    // The hidden gate of a gru is a product of its own.
    weights.push_back(packWeight(b,
                                 columns(weight, 0,
                                         isLstm  ? 4
                                         : isGru ? 2
                                                 : 1),
                                 sequences));
    if (isGru)
      weights.push_back(packWeight(b, columns(weight, 2, 1), sequences));

    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(b, value);
    };
    auto loop = scf::ForOp::create(b, index(0), index(steps), index(1),
                                   ValueRange(first.list()));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      step = loop.getInductionVar();
      if (op.getReverse())
        step = arith::SubIOp::create(b, index(steps - 1), step);
      Carried now = first.with(loop.getRegionIterArgs());
      if (isLstm)
        takeLstmStep(now);
      else if (isGru)
        takeGruStep(now);
      else
        takeRnnStep(now);
      scf::YieldOp::create(b, now.list());
    }
    Carried last = first.with(loop.getResults());
    Value state = storeState(last.hidden, 0, outputs[1]);
    if (isLstm)
      state = storeState(last.cell, 1, state);
    return {last.output, state};
  }

private:
  using Body = llvm::function_ref<SmallVector<Value>(ImplicitLocOpBuilder &,
                                                     ValueRange)>;

  //===--------------------------------------------------------------------===//
  // Cells
  //===--------------------------------------------------------------------===//

  void takeRnnStep(Carried &now) {
    Value &sums = now.buffers[0];
    sums = addProduct(b, now.hidden, weights[0], projected(0, 1), sums);
    finish(now, {sums}, [&](ImplicitLocOpBuilder &at, ValueRange x) {
      return SmallVector<Value>{activate(at, 0, x[0])};
    });
  }

  void takeLstmStep(Carried &now) {
    Value &sums = now.buffers[0];
    sums = addProduct(b, now.hidden, weights[0], projected(0, 4), sums);
    SmallVector<Value> inputs;
    for (unsigned i = 0; i < 4; ++i)
      inputs.push_back(columns(sums, i, 1));
    if (peephole)
      for (unsigned i = 0; i < 3; ++i)
        inputs.push_back(tensor::ExtractSliceOp::create(
            b, vectorType(), peephole, indices({i, 0}), indices({1, width}),
            indices({1, 1})));
    finish(now, inputs, [&](ImplicitLocOpBuilder &at, ValueRange x) {
      Value old = x.back();
      auto seeing = [&](unsigned gate, Value cell) -> Value {
        if (!peephole)
          return x[gate];
        return add(at, x[gate], multiply(at, x[4 + gate], cell));
      };
      Value in = activate(at, 0, seeing(0, old));
      Value forget = op.getInputForget()
                         ? Value(arith::SubFOp::create(
                               at, constantF32(at, at.getLoc(), 1.0f), in))
                         : activate(at, 0, seeing(2, old));
      Value cell = add(at, multiply(at, forget, old),
                       multiply(at, in, activate(at, 1, x[3])));
      Value out = activate(at, 0, seeing(1, cell));
      Value seen = activate(at, 2, cell, /*clips=*/false);
      return SmallVector<Value>{multiply(at, out, seen), cell};
    });
  }

  void takeGruStep(Carried &now) {
    Value &gates = now.buffers[0], &candidate = now.buffers[1];
    gates = addProduct(b, now.hidden, weights[0], projected(0, 2), gates);
    bool linear = op.getLinearBeforeReset();
    if (linear) {
      Value start = bias ? bias : constantF32(b, b.getLoc(), 0.0f);
      candidate =
          bias ? copy(start, candidate)
               : linalg::FillOp::create(b, start, candidate).getResult(0);
      candidate = addProduct(b, now.hidden, weights[1], candidate, candidate);
    } else {
      // In place of the gate, whose value nothing else reads.
      Value reset = elementwise(now.hidden, columns(gates, 1, 1),
                                [&](ImplicitLocOpBuilder &at, ValueRange x) {
                                  return SmallVector<Value>{multiply(
                                      at, activate(at, 0, x[1]), x[0])};
                                })
                        .front();
      gates = tensor::InsertSliceOp::create(
          b, reset, gates, indices({0, width}), indices({sequences, width}),
          indices({1, 1}));
      candidate = addProduct(b, reset, weights[1], projected(2, 1), candidate);
    }
    SmallVector<Value> inputs{columns(gates, 0, 1), candidate};
    if (linear)
      inputs.append({columns(gates, 1, 1), projected(2, 1)});
    finish(now, inputs, [&](ImplicitLocOpBuilder &at, ValueRange x) {
      Value update = activate(at, 0, x[0]);
      Value argument = x[1];
      if (linear)
        argument = add(at, x[3], multiply(at, activate(at, 0, x[2]), argument));
      Value fresh = activate(at, 1, argument);
      Value keep =
          arith::SubFOp::create(at, constantF32(at, at.getLoc(), 1.0f), update);
      return SmallVector<Value>{
          add(at, multiply(at, keep, fresh), multiply(at, update, x.back()))};
    });
  }

  /// Ends a step: `body` gives the new h, and c, of the elements of `inputs`
  /// and of the state, which comes last. Behind a sequence's end the state
  /// stays and the output is zero.
  void finish(Carried &now, SmallVector<Value> inputs, Body body) {
    bool isLstm = now.cell != nullptr;
    if (lengths)
      inputs.push_back(lengths);
    SmallVector<Value> outs{rowOf(now.output), now.hidden};
    if (isLstm)
      outs.push_back(now.cell);
    auto results =
        elementwise(inputs, outs, [&](ImplicitLocOpBuilder &at, ValueRange x) {
          // The output's old element is not read.
          SmallVector<Value> elements(x.take_front(inputs.size()));
          auto old = x.drop_front(inputs.size() + 1);
          elements.append(old.begin(), old.end());
          auto fresh = body(at, elements);
          Value shown = fresh[0];
          if (lengths) {
            Value length = x[inputs.size() - 1];
            Value now = arith::IndexCastOp::create(at, length.getType(), step);
            Value lasts = arith::CmpIOp::create(at, arith::CmpIPredicate::slt,
                                                now, length);
            shown = arith::SelectOp::create(at, lasts, shown,
                                            constantF32(at, at.getLoc(), 0.0f));
            for (auto [value, before] : llvm::zip_equal(fresh, old))
              value = arith::SelectOp::create(at, lasts, value, before);
          }
          fresh.insert(fresh.begin(), shown);
          return fresh;
        });
    now.output =
        tensor::InsertSliceOp::create(b, results[0], now.output, rowOffsets(),
                                      rowSizes(), indices({1, 1, 1}));
    now.hidden = results[1];
    if (isLstm)
      now.cell = results[2];
  }

  //===--------------------------------------------------------------------===//
  // Tensors
  //===--------------------------------------------------------------------===//

  SmallVector<OpFoldResult> indices(ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(b.getContext(), values);
  }
  RankedTensorType vectorType() {
    return RankedTensorType::get({width}, b.getF32Type());
  }
  RankedTensorType matrixType(int64_t gates = 1) {
    return RankedTensorType::get({sequences, gates * width}, b.getF32Type());
  }
  Value empty(int64_t gates) {
    auto type = matrixType(gates);
    return tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  }

  SmallVector<OpFoldResult> rowOffsets() {
    return {b.getIndexAttr(0), step, b.getIndexAttr(0)};
  }
  SmallVector<OpFoldResult> rowSizes() {
    return indices({sequences, 1, width});
  }
  /// This step's part of [sequences, steps, width].
  Value rowOf(Value output) {
    return tensor::ExtractSliceOp::create(b, matrixType(), output, rowOffsets(),
                                          rowSizes(), indices({1, 1, 1}));
  }

  /// What `count` gates from `first` on take of this step's projection.
  Value projected(int64_t first, int64_t count) {
    return tensor::ExtractSliceOp::create(
        b, matrixType(count), projection,
        SmallVector<OpFoldResult>{b.getIndexAttr(0), step,
                                  b.getIndexAttr(first * width)},
        indices({sequences, 1, count * width}), indices({1, 1, 1}));
  }

  /// The columns of `count` gates from `first` on.
  Value columns(Value matrix, int64_t first, int64_t count) {
    auto shape = typeOf(matrix).getShape();
    if (count * width == shape[1])
      return matrix;
    return tensor::ExtractSliceOp::create(
        b, matrix, indices({0, first * width}),
        indices({shape[0], count * width}), indices({1, 1}));
  }

  Value copy(Value source, Value into) {
    return createBroadcast(
        b, b.getLoc(), source, into,
        [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  }

  Value initialState(int64_t index) {
    Value into = empty(1);
    if (!initial)
      return fill(b, b.getLoc(), b.getF32FloatAttr(0.0f), into);
    return copy(tensor::ExtractSliceOp::create(
                    b, matrixType(), initial, indices({0, index, 0}),
                    indices({sequences, 1, width}), indices({1, 1, 1})),
                into);
  }

  Value storeState(Value value, int64_t index, Value state) {
    auto type = RankedTensorType::get({sequences, 1, width}, b.getF32Type());
    Value row = tensor::ExpandShapeOp::create(
        b, type, value, SmallVector<ReassociationIndices>{{0}, {1, 2}});
    return copyInto(b, b.getLoc(), row, state, {0, index, 0});
  }

  //===--------------------------------------------------------------------===//
  // Computing
  //===--------------------------------------------------------------------===//

  /// Results of `body` for each element of matrices, vectors of one value for
  /// each column, and `lengths`, one for each sequence.
  SmallVector<Value> elementwise(ValueRange inputs, ValueRange outs,
                                 Body body) {
    auto *context = b.getContext();
    auto identity = AffineMap::getMultiDimIdentityMap(2, context);
    auto dimension = [&](unsigned d) {
      return AffineMap::get(2, 0, getAffineDimExpr(d, context));
    };
    SmallVector<AffineMap> maps;
    for (Value input : inputs)
      maps.push_back(input == lengths               ? dimension(0)
                     : typeOf(input).getRank() == 1 ? dimension(1)
                                                    : identity);
    maps.append(outs.size(), identity);
    SmallVector<utils::IteratorType> iterators(2,
                                               utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        b, outs.getTypes(), inputs, outs, maps, iterators,
        [&](OpBuilder &nested, Location loc, ValueRange args) {
          ImplicitLocOpBuilder at(loc, nested);
          linalg::YieldOp::create(at, body(at, args));
        });
    return llvm::to_vector_of<Value>(generic.getResults());
  }

  static Value add(ImplicitLocOpBuilder &at, Value lhs, Value rhs) {
    return arith::AddFOp::create(at, lhs, rhs);
  }
  static Value multiply(ImplicitLocOpBuilder &at, Value lhs, Value rhs) {
    return arith::MulFOp::create(at, lhs, rhs);
  }

  /// Activation `index` of x.
  Value activate(ImplicitLocOpBuilder &at, unsigned index, Value x,
                 bool clips = true) {
    auto loc = at.getLoc();
    float alpha = op.getAlphas()[index], beta = op.getBetas()[index];
    if (clips && op.getClip())
      x = clamp(at, loc, x, -*op.getClip(), *op.getClip());
    auto function = [&](UnaryKind unary, Value argument) {
      return lowerFunction(at, loc, unary, argument, alpha, beta);
    };
    switch (cast<ActivationAttr>(op.getActivations()[index]).getValue()) {
    case Activation::Sigmoid:
      return function(UnaryKind::Sigmoid, x);
    case Activation::Tanh:
      return function(UnaryKind::Tanh, x);
    case Activation::Relu:
      return clamp(at, loc, x, APFloat(0.0f), std::nullopt);
    case Activation::Affine:
      return add(at, multiply(at, x, constantF32(at, loc, alpha)),
                 constantF32(at, loc, beta));
    case Activation::LeakyRelu:
      return function(UnaryKind::LeakyRelu, x);
    case Activation::ThresholdedRelu:
      return function(UnaryKind::ThresholdedRelu, x);
    case Activation::ScaledTanh:
      x = multiply(at, x, constantF32(at, loc, beta));
      return multiply(at, function(UnaryKind::Tanh, x),
                      constantF32(at, loc, alpha));
    case Activation::HardSigmoid:
      return function(UnaryKind::HardSigmoid, x);
    case Activation::Elu:
      return function(UnaryKind::Elu, x);
    case Activation::Softsign:
      return function(UnaryKind::Softsign, x);
    case Activation::Softplus:
      return function(UnaryKind::Softplus, x);
    }
    llvm_unreachable("unknown activation");
  }

  RecurrenceOp op;
  ImplicitLocOpBuilder b;
  RecurrenceKind kind;
  Value projection, weight, initial, lengths, bias, peephole, step;
  SmallVector<Value> weights;
  int64_t sequences, steps, width;
};

} // namespace

FailureOr<SmallVector<Value>>
RecurrenceOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  return RecurrenceLowering(*this, builder, inputs).run(outputs);
}
