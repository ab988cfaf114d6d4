//===- FuseNormalization.cpp ------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FUSENORMALIZATION
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

namespace {

/// Operations that normalize along the last dimension.
struct Normalization {
  /// In the order of the text; the last one's result is what is replaced.
  SetVector<Operation *> ops;
  Value input, scale, shift;
  APFloat epsilon = APFloat(0.0f);
  bool isCentered = false;
};

/// Matches from a result towards what it is computed of, and notes on the way
/// what was matched.
class Matcher {
public:
  /// The normalization whose product (or quotient) is `root`, without what
  /// scales and shifts it; its mean is left alone unless `centers`.
  static std::optional<Normalization> match(BinaryOp root, bool centers) {
    // x · inverse in either order, or x / deviation.
    for (unsigned side : {0, 1}) {
      Matcher matcher;
      bool divides = root.getKind() == BinaryKind::Div;
      Value x = root.getOperand(side), factor = root.getOperand(1 - side);
      if ((divides && side == 1) || !matcher.take(root, root.getKind()) ||
          x.getType() != root.getType() || typeOf(x).getRank() == 0)
        continue;
      Value variance = divides ? matcher.underRoot(factor)
                               : matcher.underInverseRoot(factor);
      if (!variance || !matcher.matchVariance(variance, x, centers))
        continue;
      if (matcher.isUsedElsewhere(root))
        continue;
      return matcher.found;
    }
    return std::nullopt;
  }

private:
  bool take(Operation *op, BinaryKind kind) {
    auto binary = dyn_cast_or_null<BinaryOp>(op);
    if (!binary || binary.getKind() != kind || binary.hasClamp() ||
        !typeOf(binary).getElementType().isF32())
      return false;
    found.ops.insert(binary);
    return true;
  }

  static std::optional<APFloat> matchNumber(Value value) {
    ConstantView constant = matchFloats(value);
    if (!constant || constant.getNumElements() != 1)
      return std::nullopt;
    return constant.getValue<APFloat>(0);
  }

  static bool isNumber(Value value, float number) {
    auto found = matchNumber(value);
    return found && found->convertToFloat() == number;
  }

  /// The operand of a power with a constant exponent.
  Value matchPower(Value value, float exponent) {
    auto power = value.getDefiningOp<BinaryOp>();
    if (!power || !isNumber(power.getRhs(), exponent) ||
        power.getLhs().getType() != power.getType() ||
        !take(power, BinaryKind::Pow))
      return {};
    return power.getLhs();
  }

  Value matchUnary(Value value, UnaryKind kind) {
    auto unary = value.getDefiningOp<UnaryOp>();
    if (!unary || unary.getKind() != kind)
      return {};
    found.ops.insert(unary);
    return unary.getInput();
  }

  /// v, of √v.
  Value underRoot(Value value) {
    if (Value v = matchUnary(value, UnaryKind::Sqrt))
      return v;
    return matchPower(value, 0.5f);
  }

  /// v, of 1 / √v.
  Value underInverseRoot(Value value) {
    if (Value v = matchPower(value, -0.5f))
      return v;
    if (Value root = matchUnary(value, UnaryKind::Reciprocal))
      return underRoot(root);
    auto quotient = value.getDefiningOp<BinaryOp>();
    if (!quotient || !isNumber(quotient.getLhs(), 1.0f) ||
        quotient.getRhs().getType() != quotient.getType() ||
        !take(quotient, BinaryKind::Div))
      return {};
    return underRoot(quotient.getRhs());
  }

  /// The operand of a mean over the last dimension.
  Value underMean(Value value) {
    auto mean = value.getDefiningOp<ReduceOp>();
    if (!mean || mean.getKind() != ReduceKind::Mean)
      return {};
    int64_t rank = typeOf(mean.getInput()).getRank();
    if (mean.getAxes() != ArrayRef<int64_t>{rank - 1})
      return {};
    found.ops.insert(mean);
    return mean.getInput();
  }

  /// x, of x².
  Value underSquare(Value value) {
    if (Value x = matchPower(value, 2.0f))
      return x;
    auto product = value.getDefiningOp<BinaryOp>();
    if (!product || product.getLhs() != product.getRhs() ||
        !take(product, BinaryKind::Mul))
      return {};
    return product.getLhs();
  }

  /// x, of x - mean(x).
  Value underCentering(Value value) {
    auto difference = value.getDefiningOp<BinaryOp>();
    if (!difference || !take(difference, BinaryKind::Sub))
      return {};
    Value x = difference.getLhs();
    return underMean(difference.getRhs()) == x ? x : Value();
  }

  /// The mean of the squares of `x`, and epsilon.
  bool matchVariance(Value variance, Value x, bool centers) {
    auto sum = variance.getDefiningOp<BinaryOp>();
    if (!sum || !take(sum, BinaryKind::Add))
      return false;
    Value mean = sum.getLhs();
    auto epsilon = matchNumber(sum.getRhs());
    if (!epsilon) {
      mean = sum.getRhs();
      epsilon = matchNumber(sum.getLhs());
    }
    if (!epsilon || mean.getType() != sum.getType())
      return false;
    Value squares = underMean(mean);
    Value squared = squares ? underSquare(squares) : Value();
    if (!squared)
      return false;
    found.epsilon = *epsilon;
    found.isCentered = centers;
    found.input = x;
    if (!centers)
      return squared == x;
    // The difference may have been written twice.
    found.input = underCentering(x);
    return found.input && underCentering(squared) == found.input;
  }

  bool isUsedElsewhere(Operation *root) const {
    return llvm::any_of(found.ops, [&](Operation *op) {
      return op != root && llvm::any_of(op->getUsers(), [&](Operation *user) {
               return !found.ops.contains(user);
             });
    });
  }

  Normalization found;
};

/// Takes what follows alone and scales, or shifts, by one value for each
/// position along the last dimension.
Value takeParameter(Normalization &found, BinaryKind kind) {
  Value value = found.ops.back()->getResult(0);
  auto type = typeOf(value);
  auto binary =
      value.hasOneUse() ? dyn_cast<BinaryOp>(*value.user_begin()) : BinaryOp();
  if (!binary || binary.getKind() != kind || binary.hasClamp() ||
      binary.getType() != type)
    return {};
  Value parameter = binary.getOperand(binary.getLhs() == value ? 1 : 0);
  auto shape = typeOf(parameter).getShape();
  if (shape.empty() || shape.back() != type.getShape().back() ||
      typeOf(parameter).getNumElements() != shape.back())
    return {};
  found.ops.insert(binary);
  return parameter;
}

struct FuseNormalizationPass
    : octet::impl::FuseNormalizationBase<FuseNormalizationPass> {
  void runOnOperation() override {
    erased.clear();
    SmallVector<BinaryOp> roots;
    getOperation().walk([&](BinaryOp op) {
      if (op.getKind() == BinaryKind::Mul || op.getKind() == BinaryKind::Div)
        roots.push_back(op);
    });
    for (BinaryOp root : roots) {
      // Part of another: it scaled what that normalizes.
      if (erased.contains(root))
        continue;
      auto found = Matcher::match(root, /*centers=*/true);
      if (!found)
        found = Matcher::match(root, /*centers=*/false);
      if (found)
        fuse(root, std::move(*found));
    }
  }

private:
  void fuse(BinaryOp root, Normalization found) {
    // The root was noted first.
    found.ops.remove(root);
    SmallVector<Operation *> before = found.ops.takeVector();
    llvm::sort(before, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    found.ops.insert(before.begin(), before.end());
    found.ops.insert(root);
    found.scale = takeParameter(found, BinaryKind::Mul);
    found.shift = takeParameter(found, BinaryKind::Add);

    Operation *last = found.ops.back();
    IRRewriter rewriter(last);
    SmallVector<Location> locations;
    for (Operation *op : found.ops)
      locations.push_back(op->getLoc());
    auto loc = rewriter.getFusedLoc(locations);
    auto asRow = [&](Value parameter) -> Value {
      if (!parameter)
        return {};
      auto type = typeOf(parameter);
      return rewriter.createOrFold<ReshapeOp>(
          parameter.getLoc(),
          RankedTensorType::get(type.getShape().take_back(),
                                type.getElementType()),
          parameter);
    };
    auto normal = LayerNormOp::create(
        rewriter, loc, found.input.getType(), found.input, asRow(found.scale),
        asRow(found.shift),
        rewriter.getFloatAttr(rewriter.getF32Type(), found.epsilon),
        found.isCentered ? UnitAttr() : rewriter.getUnitAttr());
    rewriter.replaceAllUsesWith(last->getResult(0), normal.getOutput());
    for (Operation *op : llvm::reverse(found.ops)) {
      erased.insert(op);
      rewriter.eraseOp(op);
    }
    ++numFused;
  }

  SmallPtrSet<Operation *, 16> erased;
};

} // namespace
