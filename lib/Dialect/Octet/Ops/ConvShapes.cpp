//===- ConvShapes.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes of filters, dense and blocked, and what they must agree with.
//
//===----------------------------------------------------------------------===//

#include "ConvLowering.h"

using namespace mlir;
using namespace octet;

std::optional<FilterShape> octet::getFilterShape(ArrayRef<int64_t> filter,
                                                 std::optional<int64_t> lanes,
                                                 int64_t groups, int64_t pack) {
  if (!lanes)
    return filter.size() == 4 ? std::optional(FilterShape{filter[0], filter[1],
                                                          filter[2], filter[3]})
                              : std::nullopt;
  if (isDepthwiseBlocked(lanes, groups, filter.size()))
    return filter[3] == *lanes
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

bool octet::isDepthwiseBlocked(std::optional<int64_t> lanes, int64_t groups,
                               size_t filterRank) {
  return lanes && groups > 1 && filterRank == 4;
}

/// True if `padded` is `size` and less than a block of `unit` more.
static bool roundsUpTo(int64_t size, int64_t unit, int64_t padded) {
  return padded >= size && padded < size + unit;
}

LogicalResult octet::verifyConv(Operation *op, Value inputValue,
                                Value filterValue, Value bias, Value residual,
                                std::optional<int64_t> lanes, int64_t groups,
                                int64_t pack) {
  auto input = typeOf(inputValue), output = typeOf(op->getResult(0));
  auto filter =
      getFilterShape(typeOf(filterValue).getShape(), lanes, groups, pack);
  if (input.getRank() != 4 || output.getRank() != 4 || !filter)
    return op->emitOpError("takes images of rank 4 and a filter of rank 4, or "
                           "blocked by its lanes");
  int64_t channels = input.getDimSize(3), outputs = output.getDimSize(3);
  if (groups < 1)
    return op->emitOpError("groups must be positive");
  // What is blocked pads groups; in 8 bits it pads a lane's inputs, too.
  bool fits = true;
  if (!lanes)
    fits = filter->outputs % groups == 0 && channels == filter->inputs * groups;
  else if (groups == 1)
    fits = roundsUpTo(channels, pack > 1 ? *lanes : 1, filter->inputs);
  else if (filter->inputs > 1)
    fits =
        filter->outputs / *lanes % llvm::divideCeil(channels, filter->inputs) ==
        0;
  if (!fits)
    return op->emitOpError("input has ")
           << channels << " channels but the filter takes " << filter->inputs
           << " in each of " << groups << " groups";
  if (!roundsUpTo(outputs, lanes.value_or(1), filter->outputs))
    return op->emitOpError("result has ")
           << outputs << " channels but the filter gives " << filter->outputs;
  if (bias && typeOf(bias).getShape() != ArrayRef<int64_t>{filter->outputs})
    return op->emitOpError("bias must have one value for each output channel");
  if (residual && typeOf(residual).getShape() != output.getShape())
    return op->emitOpError("residual must have the shape of the result");
  return success();
}

int64_t octet::countConvMacs(Value input, Value filter, Value output,
                             std::optional<int64_t> lanes, int64_t groups) {
  auto shape = typeOf(filter).getShape();
  // Height and width lead a depthwise blocked filter, else follow the outputs.
  bool depthwise = isDepthwiseBlocked(lanes, groups, shape.size());
  int64_t taps = depthwise ? shape[0] * shape[1] : shape[1] * shape[2];
  int64_t inputs = typeOf(input).getDimSize(3) / groups;
  return dropLayout(typeOf(output)).getNumElements() * taps * inputs;
}

Shape octet::blockedKernelShape(Operation *op, unsigned index,
                                std::optional<int64_t> lanes, int64_t groups,
                                int64_t pack) {
  Shape shape = facts::logicalShape(op, index);
  if (!lanes || shape.size() != 4 || index == 1)
    return shape;
  auto filter = typeOf(op->getOperand(1)).getShape();
  if (index > 0 || isDepthwiseBlocked(lanes, groups, filter.size()))
    shape.back() = llvm::alignTo(shape.back(), *lanes);
  else if (groups == 1) // [O / lanes, KH, KW, I / pack, ...] says what it reads
    shape.back() = filter[3] * pack;
  else if (pack > 1) // whole blocks of groups, of numbers that are no NaN
    shape.back() = llvm::alignTo(shape.back(), filter[3] * pack);
  return shape;
}

SmallVector<int64_t> octet::convSources(unsigned operand) {
  // Channels and positions meet in a sum; samples stay apart.
  return operand == 0 ? SmallVector<int64_t>{0, -1, -1, -1}
                      : SmallVector<int64_t>{-1, -1, -1, -1};
}
