//===- IndexingCompositions.cpp ---------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that find, read or write places of tensors.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

//===----------------------------------------------------------------------===//
// Common
//===----------------------------------------------------------------------===//

/// 0, 1, … along dimension `axis` of tensors of `rank`, aligned at the last.
static Value positions(OnnxNode &node, Type element, int64_t size, int64_t axis,
                       int64_t rank) {
  unsigned width = element.getIntOrFloatBitWidth();
  auto numbers = llvm::map_to_vector(
      llvm::seq<int64_t>(0, size), [&](int64_t i) { return APInt(width, i); });
  Shape shape(rank - axis, 1);
  shape[0] = size;
  return node.constant(
      makeConstant<APInt>(RankedTensorType::get(shape, element), numbers));
}

/// Input `i`, indices, of i32 or i64; null after an error.
static Value indexInput(OnnxNode &node, unsigned i) {
  Value indices = node.input(i);
  if (!indices)
    return {};
  Type element = typeOf(indices).getElementType();
  if (!isa<IntegerType>(element) || element.isInteger(1)) {
    (void)node.fail("indices must be integers");
    return {};
  }
  if (element.isInteger(32))
    return indices;
  return node.castTo(node.builder.getI64Type(), indices);
}

/// Refuses constants of indices that lie outside; `sizes` are those of the
/// dimensions that they choose from in turn.
static LogicalResult checkIndices(OnnxNode &node, Value indices,
                                  ArrayRef<int64_t> sizes) {
  ConstantView constant = matchIntegers(indices);
  if (!constant)
    return success();
  size_t next = 0;
  for (const APInt &x : constant.getValues<APInt>()) {
    if (!OnnxNode::normalizeAxis(x.getSExtValue(), sizes[next]))
      return node.fail("index " + Twine(x.getSExtValue()) + " is out of range");
    next = (next + 1) % sizes.size();
  }
  return success();
}

static IntegerAttr i64(OnnxNode &node, int64_t x) {
  return node.builder.getI64IntegerAttr(x);
}

/// The order of dimensions in which `axis` is the last, and its inverse.
static std::pair<Shape, Shape> lastOrder(int64_t axis, int64_t rank) {
  Shape order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  order.erase(order.begin() + axis);
  order.push_back(axis);
  Shape inverse(rank);
  for (auto [i, d] : llvm::enumerate(order))
    inverse[d] = i;
  return {order, inverse};
}

/// `value` without what lies beyond `sizes`.
static Value front(OnnxNode &node, Value value, ArrayRef<int64_t> sizes) {
  Shape zeros(sizes.size(), 0), ones(sizes.size(), 1);
  return node.slice(value, zeros, sizes, ones);
}

/// `indices` with a last dimension of size one: tuples of one index.
static Value singles(OnnxNode &node, Value indices) {
  if (!indices)
    return {};
  Shape shape(typeOf(indices).getShape());
  shape.push_back(1);
  return node.reshape(indices, shape);
}

/// The sizes of `indices` but that of `axis`, which is the input's; none if
/// they exceed the input's.
static std::optional<Shape> commonSizes(Value input, Value indices,
                                        int64_t axis) {
  auto shape = typeOf(input).getShape();
  Shape sizes(typeOf(indices).getShape());
  if (sizes.size() != shape.size())
    return std::nullopt;
  sizes[axis] = shape[axis];
  for (auto [size, limit] : llvm::zip(sizes, shape))
    if (size > limit)
      return std::nullopt;
  return sizes;
}

/// out[p] = input[p, its index along `axis` being indices[p]].
static Value gatherElements(OnnxNode &node, Value input, Value indices,
                            int64_t axis) {
  if (!input || !indices)
    return {};
  auto sizes = commonSizes(input, indices, axis);
  if (!sizes) {
    (void)node.fail("indices must have the input's dimensions, none but 'axis' "
                    "larger");
    return {};
  }
  int64_t rank = sizes->size();
  auto [order, inverse] = lastOrder(axis, rank);
  Value result = node.create<GatherNdOp>(
      node.transpose(front(node, input, *sizes), order),
      singles(node, node.transpose(indices, order)), i64(node, rank - 1));
  return node.transpose(result, inverse);
}

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

/// The first (or last) position whose element is not exceeded: a NaN, of which
/// nothing can be said, counts as not exceeded.
template <bool largest> static LogicalResult buildArgExtreme(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  int64_t rank = typeOf(input).getRank();
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 0), rank);
  if (!axis)
    return node.fail("axis is out of range");
  Shape shape(typeOf(input).getShape());
  bool takesLast = node.getInt("select_last_index", 0);
  Value extreme =
      node.create<ReduceOp>(input, largest ? ReduceKind::Max : ReduceKind::Min,
                            ArrayRef<int64_t>{*axis});
  Value exceeded = node.create<CompareOp>(
      input, extreme, largest ? CompareKind::Less : CompareKind::Greater);
  Value position =
      positions(node, node.builder.getI32Type(), shape[*axis], *axis, rank);
  // Where it is exceeded, a position that never is chosen.
  Value candidates = node.create<SelectOp>(
      exceeded, node.scalarLike(position, takesLast ? -1 : shape[*axis]),
      position);
  Value result =
      node.castTo(node.builder.getI64Type(),
                  node.create<ReduceOp>(
                      candidates, takesLast ? ReduceKind::Max : ReduceKind::Min,
                      ArrayRef<int64_t>{*axis}));
  if (node.getInt("keepdims", 1))
    return node.setOutput(result);
  shape.erase(shape.begin() + *axis);
  return node.setOutput(node.reshape(result, shape));
}

static LogicalResult buildTopK(OnnxNode &node) {
  Value input = node.input(0);
  auto given = node.intsFrom("k", 1, 10);
  if (!input || failed(given))
    return failure();
  int64_t k = node.getInt("k", -1);
  if (node.opset >= 10) {
    if (!*given || (*given)->size() != 1)
      return node.fail("K must be one number");
    k = (**given)[0];
  }
  auto axis =
      OnnxNode::normalizeAxis(node.getInt("axis", -1), typeOf(input).getRank());
  if (!axis)
    return node.fail("axis is out of range");
  if (int64_t size = typeOf(input).getDimSize(*axis); k < 0 || k > size)
    return node.fail("k = " + Twine(k) + " is not between 0 and " +
                     Twine(size) + ", the size of dimension " + Twine(*axis));
  // Along the last dimension, where elements lie side by side.
  int64_t rank = typeOf(input).getRank();
  auto [order, inverse] = lastOrder(*axis, rank);
  input = node.transpose(input, order);
  node.nameOutput(1);
  bool smallest = !node.getInt("largest", 1);
  Value chosen = node.create<TopIndicesOp>(
      input, i64(node, rank - 1), i64(node, k),
      smallest ? node.builder.getUnitAttr() : UnitAttr());
  Value indices = node.transpose(chosen, inverse);
  node.nameOutput(0);
  Value values;
  if (node.hasOutput(0))
    values =
        node.transpose(node.create<GatherNdOp>(input, singles(node, chosen),
                                               i64(node, rank - 1)),
                       inverse);
  return node.setOutputs({values, indices});
}

static LogicalResult buildOneHot(OnnxNode &node) {
  Value indices = node.input(0), values = node.input(2);
  auto number = node.constantInput(1);
  if (!indices || !node.input(1) || !values)
    return failure();
  if (!number || number.getNumElements() != 1)
    return node.fail("depth must be one constant number");
  double given =
      isa<FloatType>(number.getElementType())
          ? number.getValue<APFloat>(0).convertToDouble()
          : static_cast<double>(number.getValue<APInt>(0).getSExtValue());
  if (!(given >= 1 && given <= static_cast<double>(maxElements)))
    return node.fail("depth must be positive and not huge");
  auto depth = static_cast<int64_t>(given);
  if (typeOf(values).getShape() != ArrayRef<int64_t>{2})
    return node.fail("values must be two numbers");
  Shape shape(typeOf(indices).getShape());
  auto axis =
      OnnxNode::normalizeAxis(node.getInt("axis", -1), shape.size() + 1);
  if (!axis)
    return node.fail("axis is out of range");
  shape.insert(shape.begin() + *axis, 1);
  indices =
      node.reshape(node.castTo(node.builder.getI64Type(), indices), shape);
  if (!indices)
    return failure();
  // Negative indices count from the end since operator set 11.
  if (node.opset >= 11)
    indices = node.create<SelectOp>(
        node.create<CompareOp>(indices, node.scalarLike(indices, 0),
                               CompareKind::Less),
        binary(node, BinaryKind::Add, indices, node.scalarLike(indices, depth)),
        indices);
  Value position =
      positions(node, node.builder.getI64Type(), depth, *axis, shape.size());
  auto value = [&](int64_t i) {
    return node.reshape(node.slice(values, {i}, {1}, {1}), {});
  };
  return node.setOutput(node.create<SelectOp>(
      node.create<CompareOp>(indices, position, CompareKind::Equal), value(1),
      value(0)));
}

static LogicalResult buildEyeLike(OnnxNode &node) {
  Value input = node.input(0);
  if (!input)
    return failure();
  auto shape = typeOf(input).getShape();
  if (shape.size() != 2)
    return node.fail("input must be a matrix");
  Type type = node.hasAttribute("dtype")
                  ? node.typeNumbered(node.getInt("dtype", 0))
                  : typeOf(input).getElementType();
  if (!type)
    return node.fail("makes elements of a type that is not supported");
  int64_t k = node.getInt("k", 0);
  if (typeOf(input).getNumElements() > maxMadeElements)
    return node.fail("its result has more than 2^26 elements");
  SmallVector<bool> values;
  for (int64_t row = 0; row < shape[0]; ++row)
    for (int64_t column = 0; column < shape[1]; ++column)
      values.push_back(column - row == k);
  auto bits = RankedTensorType::get(shape, node.builder.getI1Type());
  return node.setOutput(
      node.castTo(type, node.constant(makeConstant<bool>(bits, values))));
}

/// Slices that a constant condition chooses.
static LogicalResult buildCompress(OnnxNode &node) {
  Value input = node.input(0);
  if (!input || !node.input(1))
    return failure();
  ConstantView condition = integerConstant(node.constantInput(1));
  if (!condition)
    return node.fail("the size of its result depends on data of run time; name "
                     "a value in front of it with --output VALUE");
  int64_t axis = 0;
  if (!node.hasAttribute("axis")) {
    input = node.reshape(input, {typeOf(input).getNumElements()});
  } else {
    auto normal = OnnxNode::normalizeAxis(node.getInt("axis", 0),
                                          typeOf(input).getRank());
    if (!normal)
      return node.fail("axis is out of range");
    axis = *normal;
  }
  SmallVector<int64_t> chosen;
  for (auto [i, x] : llvm::enumerate(condition.getValues<APInt>()))
    if (!x.isZero())
      chosen.push_back(i);
  if (!chosen.empty() && chosen.back() >= typeOf(input).getDimSize(axis))
    return node.fail("the condition is longer than the dimension it chooses "
                     "from");
  return node.setOutput(
      node.create<GatherOp>(input, node.constantInts(chosen), i64(node, axis)));
}

//===----------------------------------------------------------------------===//
// Reading and writing
//===----------------------------------------------------------------------===//

static LogicalResult buildGatherElements(OnnxNode &node) {
  Value input = node.input(0), indices = indexInput(node, 1);
  if (!input || !indices)
    return failure();
  auto axis =
      OnnxNode::normalizeAxis(node.getInt("axis", 0), typeOf(input).getRank());
  if (!axis)
    return node.fail("axis is out of range");
  if (failed(checkIndices(node, indices, typeOf(input).getDimSize(*axis))))
    return failure();
  return node.setOutput(gatherElements(node, input, indices, *axis));
}

/// The sizes that tuples of indices choose from; empty if they do not fit.
static ArrayRef<int64_t> chosenSizes(Value input, Value indices,
                                     int64_t batch) {
  auto shape = typeOf(input).getShape(), tuples = typeOf(indices).getShape();
  int64_t rank = shape.size();
  if (tuples.empty() || batch < 0 || batch > rank || tuples.back() < 1 ||
      tuples.back() > rank - batch)
    return {};
  return shape.slice(batch, tuples.back());
}

static LogicalResult buildGatherND(OnnxNode &node) {
  Value input = node.input(0), indices = indexInput(node, 1);
  if (!input || !indices)
    return failure();
  int64_t batch = node.getInt("batch_dims", 0);
  auto sizes = chosenSizes(input, indices, batch);
  if (sizes.empty())
    return node.fail("indices do not fit the input");
  if (failed(checkIndices(node, indices, sizes)))
    return failure();
  return node.setOutput(
      node.create<GatherNdOp>(input, indices, i64(node, batch)));
}

static std::optional<ScatterKind> scatterKind(OnnxNode &node) {
  std::string name = node.getString("reduction", "none");
  auto kind = name == "none" ? ScatterKind::Set : symbolizeScatterKind(name);
  if (!kind || name == "set") {
    (void)node.fail("reduction '" + name + "' is unknown");
    return std::nullopt;
  }
  return kind;
}

static LogicalResult buildScatterND(OnnxNode &node) {
  Value input = node.input(0), indices = indexInput(node, 1);
  Value updates = node.input(2);
  if (!input || !indices || !updates)
    return failure();
  auto kind = scatterKind(node);
  if (!kind)
    return failure();
  auto sizes = chosenSizes(input, indices, 0);
  if (sizes.empty())
    return node.fail("indices do not fit the data's rank");
  if (failed(checkIndices(node, indices, sizes)))
    return failure();
  return node.setOutput(
      node.create<ScatterOp>(input, indices, updates, *kind, /*batchDims=*/0));
}

/// out[p, its index along 'axis' being indices[p]] ∘= updates[p].
static LogicalResult buildScatterElements(OnnxNode &node) {
  Value input = node.input(0), indices = indexInput(node, 1);
  Value updates = node.input(2);
  if (!input || !indices || !updates)
    return failure();
  auto kind = scatterKind(node);
  if (!kind)
    return failure();
  auto shape = typeOf(input).getShape();
  int64_t rank = shape.size();
  auto axis = OnnxNode::normalizeAxis(node.getInt("axis", 0), rank);
  if (!axis)
    return node.fail("axis is out of range");
  auto sizes = commonSizes(input, indices, *axis);
  if (!sizes || typeOf(updates).getShape() != typeOf(indices).getShape())
    return node.fail(
        "indices and updates must have one shape, with the input's "
        "dimensions, none but 'axis' larger");
  if (failed(checkIndices(node, indices, shape[*axis])))
    return failure();
  auto [order, inverse] = lastOrder(*axis, rank);
  Value result =
      node.create<ScatterOp>(node.transpose(front(node, input, *sizes), order),
                             singles(node, node.transpose(indices, order)),
                             node.transpose(updates, order), *kind, rank - 1);
  result = node.transpose(result, inverse);
  // What lies beyond the indices' dimensions stays as it was.
  Shape ones(rank, 1);
  for (int64_t d = 0; d < rank; ++d) {
    if ((*sizes)[d] == shape[d])
      continue;
    Shape offsets(rank, 0), rest(*sizes);
    offsets[d] = (*sizes)[d];
    rest[d] = shape[d] - (*sizes)[d];
    Value parts[] = {result, node.slice(input, offsets, rest, ones)};
    result = node.create<ConcatOp>(ValueRange(parts), i64(node, d));
    (*sizes)[d] = shape[d];
  }
  return node.setOutput(result);
}

void onnx_import::addIndexingCompositions(OnnxBuilders &builders) {
  builders["ArgMax"] = buildArgExtreme<true>;
  builders["ArgMin"] = buildArgExtreme<false>;
  builders["Compress"] = buildCompress;
  builders["EyeLike"] = buildEyeLike;
  builders["GatherElements"] = buildGatherElements;
  builders["GatherND"] = buildGatherND;
  builders["OneHot"] = buildOneHot;
  builders["Scatter"] = buildScatterElements;
  builders["ScatterElements"] = buildScatterElements;
  builders["ScatterND"] = buildScatterND;
  builders["TopK"] = buildTopK;
}
