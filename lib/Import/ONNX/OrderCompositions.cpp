//===- OrderCompositions.cpp ------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that put steps of time in another order.
//
//===----------------------------------------------------------------------===//

#include "Compositions.h"

using namespace mlir;
using namespace octet;
using namespace octet::onnx_import;

/// Along the time axis, the first sequence_lens[b] elements of each b in
/// reverse and the others as they are: rows are chosen among those of both
/// axes.
static LogicalResult buildReverseSequence(OnnxNode &node) {
  Value input = node.input(0), lengths = node.input(1);
  if (!input || !lengths)
    return failure();
  Shape shape(typeOf(input).getShape());
  int64_t time = node.getInt("time_axis", 0);
  int64_t batch = node.getInt("batch_axis", 1);
  if (shape.size() < 2 || time < 0 || time > 1 || batch != 1 - time)
    return node.fail("time_axis and batch_axis must be the first two "
                     "dimensions, in one order or the other");
  int64_t steps = shape[time], sequences = shape[batch];
  if (!isa<IntegerType>(typeOf(lengths).getElementType()) ||
      typeOf(lengths).getRank() != 1 ||
      typeOf(lengths).getNumElements() != sequences)
    return node.fail("sequence_lens must be one integer for each of the " +
                     Twine(sequences) + " sequences");
  if (ConstantView given = integerConstant(node.constantInput(1))) {
    for (const APInt &x : given.getValues<APInt>())
      if (x.getSExtValue() < 0 || x.getSExtValue() > steps)
        return node.fail("length " + Twine(x.getSExtValue()) +
                         " is not between 0 and " + Twine(steps));
    // All of them whole: other operations know more of a slice.
    if (given.isSplat() &&
        given.getSplatValue<APInt>().getSExtValue() == steps) {
      Shape offsets(shape.size(), 0), strides(shape.size(), 1);
      offsets[time] = steps - 1;
      strides[time] = -1;
      return node.setOutput(node.slice(input, offsets, shape, strides));
    }
  }
  auto binary = [&](BinaryKind kind, Value lhs, Value rhs) {
    return node.create<BinaryOp>(lhs, rhs, kind, FloatAttr(), FloatAttr());
  };
  /// 0, 1, … along `axis` of the first two.
  auto count = [&](int64_t axis, int64_t size) {
    return node.reshape(
        node.constantInts(llvm::to_vector(llvm::seq<int64_t>(0, size))),
        axis == 0 ? Shape{size, 1} : Shape{1, size});
  };
  lengths =
      node.reshape(node.castTo(node.builder.getI64Type(), lengths),
                   batch == 0 ? Shape{sequences, 1} : Shape{1, sequences});
  Value step = count(time, steps);
  Value back =
      binary(BinaryKind::Sub,
             binary(BinaryKind::Sub, lengths, node.scalarLike(step, 1)), step);
  Value from = node.create<SelectOp>(
      node.create<CompareOp>(step, lengths, CompareKind::Less), back, step);
  Value row =
      binary(BinaryKind::Add,
             binary(BinaryKind::Mul, time == 0 ? from : count(0, sequences),
                    node.scalarLike(step, shape[1])),
             time == 0 ? count(1, sequences) : from);
  if (!row)
    return failure();
  Shape flat(ArrayRef(shape).drop_front());
  flat[0] *= shape[0];
  return node.setOutput(node.create<GatherOp>(
      node.reshape(input, flat), row, node.builder.getI64IntegerAttr(0)));
}

void onnx_import::addOrderCompositions(OnnxBuilders &builders) {
  builders["ReverseSequence"] = buildReverseSequence;
}
