//===- Recurrence.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// recurrence: what it is; its ONNX operators are in OnnxRecurrence.cpp, its
// lowering is in RecurrenceLowering.cpp.
//
//===----------------------------------------------------------------------===//

#include "Recurrence.h"
#include "Verify.h"

using namespace mlir;
using namespace octet;

int64_t recurrence::numGates(RecurrenceKind kind) {
  return kind == RecurrenceKind::Rnn ? 1 : kind == RecurrenceKind::Gru ? 3 : 4;
}

int64_t recurrence::numActivations(RecurrenceKind kind) {
  return kind == RecurrenceKind::Rnn ? 1 : kind == RecurrenceKind::Gru ? 2 : 3;
}

int64_t recurrence::numStates(RecurrenceKind kind) {
  return kind == RecurrenceKind::Lstm ? 2 : 1;
}

LogicalResult RecurrenceOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> location,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  auto input = typeOf(adaptor.getInput()), weight = typeOf(adaptor.getWeight());
  if (input.getRank() != 3 || weight.getRank() != 2)
    return emitOptionalError(location, "the input must have three dimensions "
                                       "and the weight two");
  int64_t hidden = weight.getDimSize(0);
  int64_t columns = hidden * recurrence::numGates(adaptor.getKind());
  if (weight.getDimSize(1) != columns || input.getDimSize(2) != columns)
    return emitOptionalError(location,
                             "the last dimension of input and weight must be ",
                             columns, ", all gates of ", hidden);
  Shape shape(input.getShape());
  shape.back() = hidden;
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  shape[1] = recurrence::numStates(adaptor.getKind());
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult RecurrenceOp::verify() {
  bool isLstm = getKind() == RecurrenceKind::Lstm;
  int64_t hidden = typeOf(getWeight()).getDimSize(0);
  auto expect = [&](Value value, ArrayRef<int64_t> shape,
                    StringRef what) -> LogicalResult {
    if (value && typeOf(value).getShape() != shape)
      return emitOpError() << what << " must be of shape [" << shape << "]";
    return success();
  };
  if (failed(expect(getInitial(), typeOf(getState()).getShape(),
                    "the initial state")) ||
      failed(expect(getLengths(), {typeOf(getInput()).getDimSize(0)},
                    "lengths")) ||
      failed(expect(getBias(), {hidden}, "the bias")) ||
      failed(expect(getPeephole(), {3, hidden}, "the peephole")))
    return failure();
  if (getBias() && !getLinearBeforeReset())
    return emitOpError("has a bias only with linear_before_reset");
  if (getLinearBeforeReset() && getKind() != RecurrenceKind::Gru)
    return emitOpError("has linear_before_reset only of kind gru");
  if ((getPeephole() || getInputForget()) && !isLstm)
    return emitOpError("has a peephole and input_forget only of kind lstm");
  size_t count = recurrence::numActivations(getKind());
  if (getActivations().size() != count || getAlphas().size() != count ||
      getBetas().size() != count)
    return emitOpError("must have ")
           << count << " activations, alphas and betas";
  if (getClip() && !(getClip()->convertToFloat() >= 0.0f))
    return emitOpError("must not clip to a negative number");
  return success();
}

/// Sequences stay apart; steps and hidden values do not.
SmallVector<int64_t> RecurrenceOp::getDimensionSources(unsigned operand,
                                                       unsigned) {
  Value value = getOperand(operand);
  bool isOfSequences =
      value == getInput() || value == getInitial() || value == getLengths();
  return {isOfSequences ? 0 : -1, -1, -1};
}

int64_t RecurrenceOp::countMacs() {
  auto input = typeOf(getInput()).getShape();
  return input[0] * input[1] * typeOf(getWeight()).getNumElements();
}
