//===- OnnxRecurrence.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LSTM, GRU and RNN: for each direction a projection of all steps and gates,
// which is a product of matrices, and a recurrence.
//
//===----------------------------------------------------------------------===//

#include "Recurrence.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace octet;

namespace {

struct Activations {
  SmallVector<Attribute> kinds;
  SmallVector<float> alphas, betas;
};

class RecurrenceBuilder {
public:
  RecurrenceBuilder(OnnxNode &node, RecurrenceKind kind)
      : node(node), kind(kind), gates(recurrence::numGates(kind)) {}

  LogicalResult run() {
    if (failed(readAttributes()) || failed(readInputs()) ||
        failed(readActivations()))
      return failure();
    SmallVector<Value> outputs, states;
    for (int64_t direction = 0; direction < directions; ++direction)
      if (failed(build(direction, outputs, states)))
        return failure();
    return bind(outputs, states);
  }

private:
  LogicalResult readAttributes() {
    if (node.opset < 7)
      return node.fail("operator sets before 7 are not supported; convert the "
                       "model to a newer one");
    std::string direction = node.getString("direction", "forward");
    if (direction != "forward" && direction != "reverse" &&
        direction != "bidirectional")
      return node.fail("direction '" + direction +
                       "' is unknown; it is forward, reverse or bidirectional");
    directions = direction == "bidirectional" ? 2 : 1;
    reverse = direction == "reverse";
    int64_t layout = node.getInt("layout", 0);
    if (layout != 0 && layout != 1)
      return node.fail("layout must be 0 or 1");
    batchFirst = layout == 1;
    if (node.hasAttribute("clip")) {
      float bound = node.getFloat("clip", 0.0f);
      if (!(bound >= 0.0f))
        return node.fail("clip must not be negative");
      // Runtimes take zero for: no clip.
      if (bound > 0.0f)
        clip = node.builder.getF32FloatAttr(bound);
    }
    linear = kind == RecurrenceKind::Gru &&
             node.getInt("linear_before_reset", 0) != 0;
    couples =
        kind == RecurrenceKind::Lstm && node.getInt("input_forget", 0) != 0;
    return success();
  }

  LogicalResult expect(Value value, ArrayRef<int64_t> shape, StringRef what) {
    if (typeOf(value).getShape() == shape)
      return success();
    return node.fail(
        what + " must be of shape [" +
        llvm::join(
            llvm::map_range(shape, [](int64_t d) { return std::to_string(d); }),
            ", ") +
        "]");
  }

  /// Optional float input `i`, checked to be of `shape`; null if absent.
  LogicalResult readOptional(unsigned i, ArrayRef<int64_t> shape,
                             StringRef what, Value &value) {
    if (!node.hasInput(i))
      return success();
    value = node.floatInput(i);
    return value ? expect(value, shape, what) : failure();
  }

  LogicalResult readInputs() {
    Value weights = node.floatInput(1);
    input = node.floatInput(0);
    w = weights;
    r = node.floatInput(2);
    if (!input || !w || !r)
      return failure();
    if (typeOf(input).getRank() != 3)
      return node.fail("X must have three dimensions");
    if (typeOf(r).getRank() != 3)
      return node.fail("R must have three dimensions");
    hidden = typeOf(r).getDimSize(2);
    if (node.hasAttribute("hidden_size") &&
        node.getInt("hidden_size", hidden) != hidden)
      return node.fail("hidden_size must be " + Twine(hidden) +
                       ", the last dimension of R");
    if (!batchFirst)
      input = node.transpose(input, {1, 0, 2});
    if (!input)
      return failure();
    auto shape = typeOf(input).getShape();
    sequences = shape[0];
    steps = shape[1];
    features = shape[2];
    if (failed(expect(r, {directions, gates * hidden, hidden}, "R")) ||
        failed(expect(w, {directions, gates * hidden, features}, "W")) ||
        failed(readOptional(3, {directions, 2 * gates * hidden}, "B", b)))
      return failure();
    if (node.hasInput(4)) {
      lengths = node.input(4);
      if (!lengths || failed(expect(lengths, {sequences}, "sequence_lens")))
        return failure();
      if (!isa<IntegerType>(typeOf(lengths).getElementType()))
        return node.fail("sequence_lens must be integers");
      lengths = node.castTo(node.builder.getI64Type(), lengths);
      if (!lengths)
        return failure();
      if (areAllSteps(lengths))
        lengths = {};
    }
    Shape state = batchFirst ? Shape{sequences, directions, hidden}
                             : Shape{directions, sequences, hidden};
    if (failed(readOptional(5, state, "initial_h", initialHidden)))
      return failure();
    if (kind != RecurrenceKind::Lstm)
      return success();
    return success(
        succeeded(readOptional(6, state, "initial_c", initialCell)) &&
        succeeded(readOptional(7, {directions, 3 * hidden}, "P", p)));
  }

  bool areAllSteps(Value lengths) {
    ConstantView constant = matchIntegers(lengths);
    return constant &&
           llvm::all_of(constant.getValues<int64_t>(),
                        [&](int64_t length) { return length >= steps; });
  }

  //===--------------------------------------------------------------------===//
  // Activations
  //===--------------------------------------------------------------------===//

  static std::optional<Activation> activationNamed(StringRef name) {
    for (uint32_t i = 0; auto value = symbolizeActivation(i); ++i) {
      std::string word = stringifyEnum(*value).str();
      llvm::erase(word, '_');
      if (name.equals_insensitive(word))
        return value;
    }
    return std::nullopt;
  }

  /// The defaults of alpha and beta that ONNX's operator of this name has;
  /// none: it takes no such parameter. NaN: it has to be given.
  static std::pair<std::optional<float>, std::optional<float>>
  defaultsOf(Activation activation) {
    constexpr float given = std::numeric_limits<float>::quiet_NaN();
    switch (activation) {
    case Activation::LeakyRelu:
      return {0.01f, std::nullopt};
    case Activation::ThresholdedRelu:
    case Activation::Elu:
      return {1.0f, std::nullopt};
    case Activation::HardSigmoid:
      return {0.2f, 0.5f};
    case Activation::Affine:
    case Activation::ScaledTanh:
      return {given, given};
    default:
      return {std::nullopt, std::nullopt};
    }
  }

  LogicalResult readActivations() {
    int64_t count = recurrence::numActivations(kind);
    SmallVector<std::string> names;
    for (int64_t i = 0; i < directions; ++i) {
      if (kind != RecurrenceKind::Rnn)
        names.push_back("Sigmoid");
      names.resize(count * (i + 1), "Tanh");
    }
    if (auto given = node.getStrings("activations")) {
      if (given->size() != names.size())
        return node.fail("must name " + Twine(names.size()) + " activations");
      names = *given;
    }
    // Each function takes what it has parameters for, in turn.
    auto alphas =
        node.getFloats("activation_alpha").value_or(SmallVector<float>());
    auto betas =
        node.getFloats("activation_beta").value_or(SmallVector<float>());
    size_t nextAlpha = 0, nextBeta = 0;
    activations.resize(directions);
    for (auto [i, name] : llvm::enumerate(names)) {
      auto activation = activationNamed(name);
      if (!activation)
        return node.fail("activation '" + name + "' is not supported");
      auto [alpha, beta] = defaultsOf(*activation);
      if (alpha && nextAlpha < alphas.size())
        alpha = alphas[nextAlpha++];
      if (beta && nextBeta < betas.size())
        beta = betas[nextBeta++];
      if ((alpha && std::isnan(*alpha)) || (beta && std::isnan(*beta)))
        return node.fail("activation '" + name +
                         "' needs its numbers in activation_alpha and "
                         "activation_beta");
      Activations &own = activations[i / count];
      own.kinds.push_back(
          ActivationAttr::get(node.builder.getContext(), *activation));
      own.alphas.push_back(alpha.value_or(0.0f));
      own.betas.push_back(beta.value_or(0.0f));
    }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Operations
  //===--------------------------------------------------------------------===//

  /// Part `direction` of `value`, whose first dimension names directions.
  Value partOf(Value value, int64_t direction, ArrayRef<int64_t> shape) {
    if (!value)
      return {};
    Shape offsets(typeOf(value).getRank(), 0), ones(offsets.size(), 1);
    Shape sizes(typeOf(value).getShape());
    offsets[0] = direction;
    sizes[0] = 1;
    return node.reshape(node.slice(value, offsets, sizes, ones), shape);
  }

  Value vectorPart(Value vector, int64_t offset, int64_t size) {
    return node.slice(vector, {offset}, {size}, {1});
  }

  /// [sequences, 1, hidden] of an initial state.
  Value stateOf(Value value, int64_t direction) {
    if (!value)
      return node.constant(
          makeSplat(RankedTensorType::get({sequences, 1, hidden},
                                          node.builder.getF32Type()),
                    0.0f));
    if (!batchFirst)
      value = node.transpose(value, {1, 0, 2});
    return node.slice(value, {0, direction, 0}, {sequences, 1, hidden},
                      {1, 1, 1});
  }

  LogicalResult build(int64_t direction, SmallVector<Value> &outputs,
                      SmallVector<Value> &states) {
    int64_t columns = gates * hidden;
    Value projection =
        node.transpose(partOf(w, direction, {columns, features}), {1, 0});
    Value weight =
        node.transpose(partOf(r, direction, {columns, hidden}), {1, 0});
    Value bias, hiddenBias;
    if (b) {
      Value both = partOf(b, direction, {2 * columns});
      Value own = vectorPart(both, columns, columns);
      bias = vectorPart(both, 0, columns);
      if (linear) {
        hiddenBias = vectorPart(own, 2 * hidden, hidden);
        Value zeros = node.constant(SmallVector<float>(hidden, 0.0f), {hidden});
        own = node.create<ConcatOp>(
            ValueRange{vectorPart(own, 0, 2 * hidden), zeros}, 0);
        if (!hiddenBias)
          return failure();
      }
      bias = node.create<BinaryOp>(bias, own, BinaryKind::Add, FloatAttr(),
                                   FloatAttr());
      if (!bias)
        return failure();
    }
    Value rows = node.create<MatMulOp>(
        node.reshape(input, {sequences * steps, features}), projection, bias);
    rows = node.reshape(rows, {sequences, steps, columns});

    Value initial;
    if (initialHidden || initialCell) {
      initial = stateOf(initialHidden, direction);
      if (initial && kind == RecurrenceKind::Lstm) {
        Value cell = stateOf(initialCell, direction);
        initial = cell ? node.create<ConcatOp>(ValueRange{initial, cell}, 1)
                       : Value();
      }
      if (!initial)
        return failure();
    }
    Value peephole = partOf(p, direction, {3, hidden});
    if (!rows || !weight || (p && !peephole))
      return failure();
    const Activations &own = activations[direction];
    bool runsBack = reverse || direction == 1;
    auto element = node.builder.getF32Type();
    auto op = RecurrenceOp::create(
        node.builder, node.location,
        RankedTensorType::get({sequences, steps, hidden}, element),
        RankedTensorType::get({sequences, recurrence::numStates(kind), hidden},
                              element),
        rows, weight, initial, lengths, hiddenBias, peephole, kind,
        node.builder.getArrayAttr(own.kinds), own.alphas, own.betas, clip,
        runsBack, linear, couples);
    outputs.push_back(
        node.reshape(op.getOutput(), {sequences, steps, 1, hidden}));
    states.push_back(op.getState());
    return success();
  }

  Value join(ArrayRef<Value> parts, int64_t axis) {
    return parts.size() == 1 ? parts[0]
                             : node.create<ConcatOp>(ValueRange(parts), axis);
  }

  /// Y, Y_h and Y_c in the node's layout; those without a name are not built.
  LogicalResult bind(ArrayRef<Value> outputs, ArrayRef<Value> states) {
    SmallVector<Value> results(kind == RecurrenceKind::Lstm ? 3 : 2);
    unsigned named = 0;
    for (unsigned i = 0; i < results.size(); ++i) {
      if (!node.hasOutput(i))
        continue;
      named = i + 1;
      node.nameOutput(i);
      if (i == 0) {
        results[0] = join(outputs, 2);
        if (results[0] && !batchFirst)
          results[0] = node.transpose(results[0], {1, 2, 0, 3});
      } else {
        SmallVector<Value> parts;
        for (Value state : states)
          parts.push_back(node.slice(state, {0, i - 1, 0},
                                     {sequences, 1, hidden}, {1, 1, 1}));
        results[i] =
            llvm::is_contained(parts, Value()) ? Value() : join(parts, 1);
        if (results[i] && !batchFirst)
          results[i] = node.transpose(results[i], {1, 0, 2});
      }
      if (!results[i])
        return failure();
    }
    results.truncate(named);
    return node.setOutputs(results);
  }

  OnnxNode &node;
  RecurrenceKind kind;
  int64_t gates, directions = 1, sequences = 0, steps = 0, features = 0,
                 hidden = 0;
  bool reverse = false, batchFirst = false, linear = false, couples = false;
  FloatAttr clip;
  Value input, w, r, b, lengths, initialHidden, initialCell, p;
  SmallVector<Activations> activations;
};

} // namespace

template <RecurrenceKind kind> static LogicalResult buildLayer(OnnxNode &node) {
  return RecurrenceBuilder(node, kind).run();
}

void RecurrenceOp::addOnnxBuilders(OnnxBuilders &builders) {
  builders["LSTM"] = buildLayer<RecurrenceKind::Lstm>;
  builders["GRU"] = buildLayer<RecurrenceKind::Gru>;
  builders["RNN"] = buildLayer<RecurrenceKind::Rnn>;
}
