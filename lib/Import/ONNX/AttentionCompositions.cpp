//===- AttentionCompositions.cpp --------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention, and the embedding of positions into its operands.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

static Value concat(OnnxNode &node, Value first, Value second, int64_t axis) {
  if (!first || !second)
    return {};
  Value parts[] = {first, second};
  return node.create<ConcatOp>(ValueRange(parts),
                               node.builder.getI64IntegerAttr(axis));
}

/// 0, 1, … in a tensor of `shape`.
static Value countUp(OnnxNode &node, ArrayRef<int64_t> shape) {
  return node.reshape(node.constantInts(llvm::to_vector(
                          llvm::seq<int64_t>(0, *countElements(shape)))),
                      shape);
}

static Value compare(OnnxNode &node, CompareKind kind, Value lhs, Value rhs) {
  return node.create<CompareOp>(lhs, rhs, kind);
}

/// [batch, sequence, heads · size] -> [batch, heads, sequence, size]; what has
/// four dimensions already is taken as it is. Null after an error.
static Value splitHeads(OnnxNode &node, Value value, StringRef attribute) {
  if (!value)
    return {};
  auto shape = typeOf(value).getShape();
  if (shape.size() == 4)
    return value;
  int64_t heads = node.getInt(attribute, 0);
  if (shape.size() != 3 || heads < 1 || shape[2] % heads) {
    (void)node.fail("operands must have four dimensions, or three, of which "
                    "the last is a multiple of '" +
                    attribute + "'");
    return {};
  }
  return node.transpose(
      node.reshape(value, {shape[0], shape[1], heads, shape[2] / heads}),
      {0, 2, 1, 3});
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {
class Attention {
public:
  explicit Attention(OnnxNode &node) : node(node) {}

  LogicalResult build() {
    if (failed(readOperands()) || failed(readLengths()) || failed(readMask()))
      return failure();
    Value scores =
        multiplyHeads(scaled(query), node.transpose(scaled(key), {0, 1, 3, 2}));
    Value shown = scores;
    int64_t mode = node.getInt("qk_matmul_output_mode", 0);
    if (float cap = node.getFloat("softcap", 0.0f); cap > 0.0f) {
      Value size = number(node, cap);
      scores = binary(node, BinaryKind::Div, scores, size);
      scores = binary(node, BinaryKind::Mul,
                      unary(node, UnaryKind::Tanh, scores), size);
      shown = mode ? scores : shown;
    }
    Value bias = combineMasks();
    if (!scores || failed(masks))
      return failure();
    if (bias)
      scores = binary(node, BinaryKind::Add, scores, bias);
    shown = mode == 2 ? scores : shown;
    if (!scores)
      return failure();
    Value weights = node.create<SoftmaxOp>(scores, i64(3));
    if (bias) {
      // Where nothing may be looked at, nothing is seen.
      Value most =
          reduce(node, ReduceKind::Max, bias, {typeOf(bias).getRank() - 1});
      Value isBlind = compare(node, CompareKind::Equal, most, lowest());
      weights = node.create<SelectOp>(isBlind, number(node, 0.0f), weights);
    }
    shown = mode == 3 ? weights : shown;
    Value result = multiplyHeads(weights, value);
    if (!result)
      return failure();
    if (isFlat) {
      auto shape = typeOf(result).getShape();
      result = node.reshape(node.transpose(result, {0, 2, 1, 3}),
                            {shape[0], shape[2], shape[1] * shape[3]});
    }
    return node.setOutputs({result, key, value, shown});
  }

private:
  IntegerAttr i64(int64_t x) { return node.builder.getI64IntegerAttr(x); }
  Value lowest() {
    return number(node, -std::numeric_limits<float>::infinity());
  }

  LogicalResult readOperands() {
    query = node.floatInput(0);
    key = node.floatInput(1);
    value = node.floatInput(2);
    if (!query || !key || !value)
      return failure();
    isFlat = typeOf(query).getRank() == 3;
    query = splitHeads(node, query, "q_num_heads");
    key = splitHeads(node, key, "kv_num_heads");
    value = splitHeads(node, value, "kv_num_heads");
    if (!query || !key || !value)
      return failure();
    if (node.hasInput(4) != node.hasInput(5))
      return node.fail("past_key and past_value must be given together");
    auto extend = [&](Value &state, unsigned i) {
      Value past = node.floatInput(i);
      if (!past)
        return failure();
      if (typeOf(past).getRank() != 4)
        return node.fail("input '" + node.inputName(i) +
                         "' must have four dimensions");
      pastLength = typeOf(past).getDimSize(2);
      node.nameOutput(i - 3);
      state = concat(node, past, state, /*axis=*/2);
      node.nameOutput(0);
      return success(static_cast<bool>(state));
    };
    if (node.hasInput(4) &&
        (failed(extend(key, 4)) || failed(extend(value, 5))))
      return failure();
    auto q = typeOf(query).getShape(), k = typeOf(key).getShape();
    auto v = typeOf(value).getShape();
    bool fits = q[0] == k[0] && k[0] == v[0] && q[3] == k[3] && k[1] == v[1] &&
                k[2] == v[2] && k[1] > 0 && q[1] % k[1] == 0;
    if (!fits)
      return node.fail("query, key and value do not fit together: they share "
                       "the batch, query and key their size, key and value "
                       "their heads, of which the query has a multiple, and "
                       "their length");
    float scale =
        node.getFloat("scale", 1.0f / std::sqrt(static_cast<float>(q[3])));
    if (!(scale >= 0.0f))
      return node.fail("scale must not be negative");
    factor = std::sqrt(scale);
    if (int64_t type = node.getInt("softmax_precision", 0);
        type && (!node.typeNumbered(type) || !node.typeNumbered(type).isF32()))
      return node.fail("softmax_precision must be a type of floats");
    return success();
  }

  Value scaled(Value operand) {
    return binary(node, BinaryKind::Mul, operand, number(node, factor));
  }

  /// lhs · rhs where several heads of `lhs` in a row share one of `rhs`: they
  /// are further rows of its product.
  Value multiplyHeads(Value lhs, Value rhs) {
    if (!lhs || !rhs)
      return {};
    Shape left(typeOf(lhs).getShape());
    auto right = typeOf(rhs).getShape();
    Value product = node.create<MatMulOp>(
        node.reshape(
            lhs, {left[0], right[1], left[1] / right[1] * left[2], left[3]}),
        rhs, Value());
    left[3] = right[3];
    return node.reshape(product, left);
  }

  /// How many keys of each sample there are, and how many of them lie in front
  /// of the queries.
  LogicalResult readLengths() {
    auto q = typeOf(query).getShape();
    offset = node.constantInts({pastLength});
    if (!node.hasInput(6))
      return success();
    if (node.hasInput(4))
      return node.fail("takes nonpad_kv_seqlen or past_key, not both");
    Value given = node.input(6);
    if (!given)
      return failure();
    if (!isa<IntegerType>(typeOf(given).getElementType()) ||
        typeOf(given).getShape() != q.take_front(1))
      return node.fail("nonpad_kv_seqlen must have an integer for each sample");
    lengths = node.reshape(node.castTo(node.builder.getI64Type(), given),
                           {q[0], 1, 1, 1});
    offset = binary(node, BinaryKind::Sub, lengths, node.constantInts({q[2]}));
    return success(lengths && offset);
  }

  /// The mask, of truth values or numbers, with one value for each key.
  LogicalResult readMask() {
    if (!node.hasInput(3))
      return success();
    mask = node.input(3);
    if (!mask)
      return failure();
    auto type = typeOf(mask);
    bool isBool = type.getElementType().isInteger(1);
    if (!isBool && !type.getElementType().isF32())
      return node.fail("attn_mask must be of truth values or numbers");
    int64_t keys = typeOf(key).getDimSize(2);
    Shape rest(type.getShape());
    if (node.opset >= 24 && !rest.empty() && rest.back() < keys) {
      // Further keys are not looked at.
      rest.back() = keys - rest.back();
      Value none = isBool ? node.scalarLike(mask, 0) : lowest();
      mask = concat(node, mask, node.broadcast(none, rest), rest.size() - 1);
      if (!mask)
        return failure();
    }
    auto q = typeOf(query).getShape();
    Shape shape{q[0], q[1], q[2], keys};
    auto both = inferBroadcast(typeOf(mask).getShape(), shape);
    if (!both || *both != shape)
      return node.fail(
          "attn_mask does not broadcast to [batch, heads, queries, "
          "keys]");
    if (typeOf(mask).getRank() == 0)
      mask = node.reshape(mask, {1});
    return success();
  }

  void allow(Value further) {
    if (!further)
      masks = failure();
    else
      allowed =
          allowed ? binary(node, BinaryKind::And, allowed, further) : further;
  }

  /// What is added to the scores: minus infinity for what may not be looked
  /// at. Null where there is nothing to add.
  Value combineMasks() {
    int64_t queries = typeOf(query).getDimSize(2);
    int64_t keys = typeOf(key).getDimSize(2);
    Value place = countUp(node, {1, keys});
    Value own =
        binary(node, BinaryKind::Add, countUp(node, {queries, 1}), offset);
    auto beside = [&](int64_t distance) {
      return binary(node, BinaryKind::Add, own, node.constantInts({distance}));
    };
    if (node.getInt("is_causal", 0))
      allow(compare(node, CompareKind::LessOrEqual, place, own));
    if (int64_t left = window("left_window_size"); left >= 0)
      allow(compare(node, CompareKind::GreaterOrEqual, place, beside(-left)));
    if (int64_t right = window("right_window_size"); right >= 0)
      allow(compare(node, CompareKind::LessOrEqual, place, beside(right)));
    if (lengths)
      allow(compare(node, CompareKind::Less, place, lengths));
    Value added = mask;
    if (mask && typeOf(mask).getElementType().isInteger(1)) {
      allow(mask);
      added = {};
    }
    if (!allowed || failed(masks))
      return added;
    Value bias = node.create<SelectOp>(
        allowed, added ? added : number(node, 0.0f), lowest());
    if (!bias)
      masks = failure();
    return bias;
  }

  /// A window's size on one side; none if negative. No distance is as large as
  /// the largest tensor.
  int64_t window(StringRef name) {
    return std::min(node.getInt(name, -1), maxElements);
  }

  OnnxNode &node;
  /// [batch, heads, sequence, size].
  Value query, key, value;
  bool isFlat = false;
  float factor = 1.0f;
  int64_t pastLength = 0;
  /// [batch, 1, 1, 1] or, where all samples have the same, [1].
  Value offset;
  Value lengths, mask, allowed;
  LogicalResult masks = success();
};
} // namespace

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

/// Rows of a cache of angles, chosen by positions, beside [batch, heads,
/// sequence, size]; null after an error.
static Value readAngles(OnnxNode &node, unsigned i, ArrayRef<int64_t> shape,
                        int64_t half) {
  Value cache = node.floatInput(i);
  if (!cache)
    return {};
  if (node.hasInput(3)) {
    Value positions = node.input(3);
    if (!positions)
      return {};
    if (!isa<IntegerType>(typeOf(positions).getElementType()) ||
        typeOf(cache).getRank() != 2) {
      (void)node.fail("positions must be integers, and caches matrices");
      return {};
    }
    cache = node.create<GatherOp>(
        cache, node.castTo(node.builder.getI64Type(), positions),
        node.builder.getI64IntegerAttr(0));
  }
  if (!cache)
    return {};
  if (typeOf(cache).getShape() != ArrayRef<int64_t>{shape[0], shape[2], half}) {
    (void)node.fail("caches must have [batch, sequence, half of what is "
                    "rotated] angles");
    return {};
  }
  return node.reshape(cache, {shape[0], 1, shape[2], half});
}

/// Pairs of numbers, turned by an angle of their position.
static LogicalResult buildRotaryEmbedding(OnnxNode &node) {
  Value input = node.floatInput(0);
  Value x = splitHeads(node, input, "num_heads");
  if (!x)
    return failure();
  Shape shape(typeOf(x).getShape());
  int64_t width = node.getInt("rotary_embedding_dim", 0);
  if (width == 0)
    width = shape[3];
  if (width < 0 || width > shape[3] || width % 2)
    return node.fail("rotates an odd number of elements, or more than there "
                     "are");
  int64_t half = width / 2;
  Value cosine = readAngles(node, 1, shape, half);
  Value sine = cosine ? readAngles(node, 2, shape, half) : Value();
  if (!sine)
    return failure();
  bool interleaves = node.getInt("interleaved", 0);
  auto part = [&](int64_t i) {
    Shape sizes(shape);
    sizes[3] = half;
    return node.slice(x, {0, 0, 0, interleaves ? i : i * half}, sizes,
                      {1, 1, 1, interleaves ? 2 : 1});
  };
  auto times = [&](Value a, Value b) {
    return binary(node, BinaryKind::Mul, a, b);
  };
  Value first = part(0), second = part(1);
  Value real =
      binary(node, BinaryKind::Sub, times(cosine, first), times(sine, second));
  Value imaginary =
      binary(node, BinaryKind::Add, times(sine, first), times(cosine, second));
  Shape sizes(shape);
  sizes[3] = width;
  Value result;
  if (interleaves) {
    Shape pairs{shape[0], shape[1], shape[2], half, 1};
    result = node.reshape(concat(node, node.reshape(real, pairs),
                                 node.reshape(imaginary, pairs), /*axis=*/4),
                          sizes);
  } else {
    result = concat(node, real, imaginary, /*axis=*/3);
  }
  if (width < shape[3]) {
    Shape rest(shape);
    rest[3] = shape[3] - width;
    result = concat(node, result,
                    node.slice(x, {0, 0, 0, width}, rest, {1, 1, 1, 1}),
                    /*axis=*/3);
  }
  if (typeOf(input).getRank() == 3)
    result = node.reshape(node.transpose(result, {0, 2, 1, 3}),
                          typeOf(input).getShape());
  return node.setOutput(result);
}

void onnx_import::addAttentionCompositions(OnnxBuilders &builders) {
  builders["Attention"] = [](OnnxNode &node) {
    return Attention(node).build();
  };
  builders["RotaryEmbedding"] = buildRotaryEmbedding;
}
