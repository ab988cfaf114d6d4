//===- SinkReshape.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/Transforms/Patterns.h"

using namespace mlir;
using namespace octet;

namespace {
/// Dimensions of a reshape's input and of its result with the same elements.
struct Group {
  SmallVector<size_t> from, to;
};
} // namespace

/// The finest groups, in order; empty if there is a dimension without elements.
static SmallVector<Group> findGroups(ArrayRef<int64_t> from,
                                     ArrayRef<int64_t> to) {
  SmallVector<Group> groups;
  size_t f = 0, t = 0;
  while (f < from.size() || t < to.size()) {
    Group group;
    int64_t in = 1, out = 1;
    auto take = [](ArrayRef<int64_t> shape, size_t &d, int64_t &product,
                   SmallVector<size_t> &dims) {
      product *= shape[d];
      dims.push_back(d++);
    };
    if (f < from.size())
      take(from, f, in, group.from);
    if (t < to.size())
      take(to, t, out, group.to);
    while (in != out) {
      if (in < out ? f == from.size() : t == to.size())
        return {};
      if (in < out)
        take(from, f, in, group.from);
      else
        take(to, t, out, group.to);
    }
    groups.push_back(group);
  }
  return groups;
}

namespace {
/// A constant that broadcasts into a reshape's result, with a value for each
/// element of dimensions into which one was split (`repeated`), and the same
/// numbers as they broadcast into the reshape's input (`result`).
struct Moved {
  Shape shape, repeated, result;
};
} // namespace

/// How the constant moves in front of the reshape; none if it varies along
/// other dimensions that the reshape does not keep.
static std::optional<Moved> moveInFront(ReshapeOp reshape, Value constant) {
  auto from = typeOf(reshape.getInput()).getShape();
  auto to = typeOf(reshape).getShape();
  Shape shape(typeOf(constant).getShape());
  auto groups = findGroups(from, to);
  if (shape.size() > to.size() || (groups.empty() && !to.empty()))
    return std::nullopt;
  shape.insert(shape.begin(), to.size() - shape.size(), 1);
  Moved moved{shape, shape, Shape(from.size(), 1)};
  for (const Group &group : groups) {
    if (llvm::all_of(group.to, [&](size_t d) { return shape[d] == 1; }))
      continue;
    auto large = llvm::filter_to_vector(group.from,
                                        [&](size_t d) { return from[d] != 1; });
    if (large.size() != 1)
      return std::nullopt;
    moved.result[large.front()] = from[large.front()];
    for (size_t d : group.to)
      moved.repeated[d] = to[d];
  }
  return moved;
}

static Value createMoved(OpBuilder &builder, const Moved &moved,
                         Value constant) {
  auto type = [&](ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, typeOf(constant).getElementType());
  };
  auto loc = constant.getLoc();
  Value value =
      builder.createOrFold<ReshapeOp>(loc, type(moved.shape), constant);
  value = builder.createOrFold<BroadcastOp>(loc, type(moved.repeated), value);
  return builder.createOrFold<ReshapeOp>(loc, type(moved.result), value);
}

namespace {
struct SinkReshape : OpInterfaceRewritePattern<DimensionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(DimensionOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1)
      return rewriter.notifyMatchFailure(op, "has several results");
    // All that varies is reshaped alike.
    ReshapeOp reshape;
    for (Value operand : op->getOperands()) {
      if (matchPattern(operand, m_Constant()))
        continue;
      auto other = operand.getDefiningOp<ReshapeOp>();
      if (!other || isNormalization(other.getInput()) ||
          typeOf(other).getShape() != typeOf(op->getResult(0)).getShape() ||
          (reshape && typeOf(other.getInput()).getShape() !=
                          typeOf(reshape.getInput()).getShape()))
        return rewriter.notifyMatchFailure(op, "not a function of a reshape");
      reshape = other;
    }
    if (!reshape || !isElementwise(op))
      return rewriter.notifyMatchFailure(op, "not a function of a reshape");
    SmallVector<std::optional<Moved>> constants;
    for (Value operand : op->getOperands()) {
      constants.emplace_back();
      if (!matchPattern(operand, m_Constant()))
        continue;
      constants.back() = moveInFront(reshape, operand);
      if (!constants.back())
        return rewriter.notifyMatchFailure(op, "a constant cannot follow");
    }
    SmallVector<Value> operands;
    for (auto [operand, constant] : llvm::zip(op->getOperands(), constants))
      operands.push_back(constant
                             ? createMoved(rewriter, *constant, operand)
                             : operand.getDefiningOp<ReshapeOp>().getInput());
    Operation *moved = rewriter.clone(*op);
    rewriter.modifyOpInPlace(moved, [&] {
      moved->setOperands(operands);
      moved->getResult(0).setType(
          RankedTensorType::get(typeOf(reshape.getInput()).getShape(),
                                typeOf(op->getResult(0)).getElementType()));
    });
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op->getResult(0).getType(),
                                           moved->getResult(0));
    return success();
  }
};
} // namespace

void octet::populateSinkReshapePatterns(RewritePatternSet &patterns) {
  patterns.add<SinkReshape>(patterns.getContext());
}
