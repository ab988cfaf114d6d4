//===- FuseAttention.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMasks.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "octet/Dialect/Octet/IR/ShapeInference.h"
#include "octet/Dialect/Octet/Transforms/Passes.h"

using namespace mlir;
using namespace octet;

namespace octet {
#define GEN_PASS_DEF_FUSEATTENTION
#include "octet/Dialect/Octet/Transforms/Passes.h.inc"
} // namespace octet

static ArrayRef<int64_t> shapeOf(Value value) {
  return typeOf(value).getShape();
}

static int64_t product(ArrayRef<int64_t> shape) {
  return llvm::product_of(shape);
}

static Value reshaped(OpBuilder &b, Value value, ArrayRef<int64_t> shape) {
  if (shapeOf(value) == shape)
    return value;
  return b.createOrFold<ReshapeOp>(
      value.getLoc(),
      RankedTensorType::get(shape, typeOf(value).getElementType()), value);
}

/// The permutation that transposes matrices in tensors of `rank`.
static SmallVector<int64_t> swapLast(int64_t rank) {
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(order[rank - 2], order[rank - 1]);
  return order;
}

/// A reshape that keeps the last dimension, that is, all rows and their order.
static bool keepsRows(ReshapeOp op) {
  auto from = shapeOf(op.getInput()), to = shapeOf(op);
  return !from.empty() && !to.empty() && from.back() == to.back();
}

/// The same of the last two dimensions, that is, of all matrices.
static bool keepsMatrices(ReshapeOp op) {
  auto from = shapeOf(op.getInput()), to = shapeOf(op);
  return from.size() > 1 && to.size() > 1 &&
         from.take_back(2) == to.take_back(2);
}

static Value skipRowReshapes(Value value) {
  while (auto op = value.getDefiningOp<ReshapeOp>()) {
    if (!keepsRows(op) || !op->hasOneUse())
      break;
    value = op.getInput();
  }
  return value;
}

/// x of x · number or x / number, and the factor.
static std::optional<std::pair<Value, double>> matchScaled(Value value) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || op.getClampMin() || op.getClampMax() ||
      (op.getKind() != BinaryKind::Mul && op.getKind() != BinaryKind::Div))
    return std::nullopt;
  auto numberOf = [](Value side) -> std::optional<double> {
    ConstantView constant = matchFloats(side);
    if (!constant || !constant.isSplat())
      return std::nullopt;
    return constant.getSplatValue<float>();
  };
  auto left = numberOf(op.getLhs()), right = numberOf(op.getRhs());
  bool isQuotient = op.getKind() == BinaryKind::Div;
  if (right && op.getLhs().getType() == op.getType())
    return std::pair(op.getLhs(), isQuotient ? 1.0 / *right : *right);
  if (left && !isQuotient && op.getRhs().getType() == op.getType())
    return std::pair(op.getRhs(), *left);
  return std::nullopt;
}

/// `value` without products with numbers that it ends with; these join `scale`.
static Value skipScale(Value value, double &scale) {
  while (auto scaled = matchScaled(value)) {
    scale *= scaled->second;
    value = scaled->first;
  }
  return value;
}

/// `value` without products with numbers, which may be moved behind; these
/// join `scale`.
static Value withoutScale(OpBuilder &b, Value value, double &scale) {
  value = skipScale(value, scale);
  Operation *op = value.getDefiningOp();
  if (!op || !isa<ReshapeOp, TransposeOp, BroadcastOp>(op))
    return value;
  Value input = withoutScale(b, op->getOperand(0), scale);
  if (input == op->getOperand(0))
    return value;
  Operation *moved = b.clone(*op);
  moved->setOperand(0, input);
  return moved->getResult(0);
}

namespace {

/// The right side of a product: `count` matrices, each of which is used for
/// equally many of the product's in a row.
struct Matrices {
  Value value;
  int64_t count = 0;
  bool isTransposed = false;
  double scale = 1.0;
};

/// What is to become one operation.
struct Match {
  MatMulOp scores;
  SoftmaxOp softmax;
  double scale = 1.0;
  AttentionMasks masks;
  /// Rows of which nothing is seen, if that was asked: a dimension of one
  /// behind them.
  Value isBlind;
  /// Rows of weights that are no numbers are zero.
  bool zerosNaN = false;
};

class AttentionMatcher {
public:
  AttentionMatcher(PatternRewriter &b, MatMulOp op) : b(b), op(op) {}

  /// Null, or why there is no attention.
  const char *match() {
    if (!typeOf(op).getElementType().isF32() || op.getBias() || op.getLanes())
      return "no plain product of f32";
    Value weights = op.getLhs();
    if (!weights.hasOneUse())
      return "weights are used elsewhere";
    weights = skipRowReshapes(weights);
    if (auto select = weights.getDefiningOp<SelectOp>()) {
      // Where nothing may be seen, nothing is.
      ConstantView zero = matchFloats(select.getLhs());
      weights = select.getRhs();
      if (!zero || !zero.isSplat() || zero.getSplatValue<float>() != 0.0f ||
          !select->hasOneUse() || shapeOf(select) != shapeOf(weights))
        return "weights are chosen";
      auto condition = shapeOf(select.getCondition());
      found.zerosNaN = matchIsNaN(select.getCondition(), weights);
      if (!found.zerosNaN && (condition.empty() || condition.back() != 1))
        return "weights are chosen one by one";
      if (!found.zerosNaN)
        found.isBlind = select.getCondition();
    }
    found.softmax = weights.getDefiningOp<SoftmaxOp>();
    if (!found.softmax || (!found.zerosNaN && !weights.hasOneUse()) ||
        static_cast<int64_t>(found.softmax.getAxis()) !=
            typeOf(weights).getRank() - 1)
      return "left side is no softmax of rows";
    if (!walkScores(found.softmax.getInput()))
      return "scores are no product that was scaled and masked";
    if (!found.scores)
      return "scores are used elsewhere";
    if (matchPattern(found.scores.getRhs(), m_Constant()) ||
        matchPattern(op.getRhs(), m_Constant()))
      return "key or value is a constant: layers have forms of their own";
    return nullptr;
  }

  LogicalResult rewrite();

private:
  /// From the softmax up to the product of query and key.
  bool walkScores(Value value) {
    bool isScaled = false;
    while (true) {
      if (!value.hasOneUse())
        return false;
      Operation *op = value.getDefiningOp();
      if (auto reshape = dyn_cast_or_null<ReshapeOp>(op);
          reshape && keepsRows(reshape)) {
        value = reshape.getInput();
      } else if (auto scaled = matchScaled(value)) {
        isScaled = true;
        found.scale *= scaled->second;
        value = scaled->first;
      } else if (auto matmul = dyn_cast_or_null<MatMulOp>(op)) {
        found.scores = matmul.getBias() ? MatMulOp() : matmul;
        return found.scores != nullptr;
      } else {
        // A number that multiplies the mask, too, is none of the scores'.
        if (isScaled)
          return false;
        Value next = found.masks.take(value, isScore);
        if (!next)
          return false;
        value = next;
      }
    }
  }

  /// True if `condition` says where `value` is NaN, and both are read by
  /// nothing else but one operation.
  static bool matchIsNaN(Value condition, Value value) {
    auto isNot = condition.getDefiningOp<CompareOp>();
    if (!isNot || isNot.getKind() != CompareKind::Equal || !isNot->hasOneUse())
      return false;
    ConstantView no = matchIntegers(isNot.getRhs());
    auto isSame = isNot.getLhs().getDefiningOp<CompareOp>();
    return no && no.isSplat() && no.getInteger(0) == 0 && isSame &&
           isSame.getKind() == CompareKind::Equal && isSame->hasOneUse() &&
           isSame.getLhs() == value && isSame.getRhs() == value &&
           value.hasNUses(3);
  }

  /// True if a product may be what `value` shows.
  static bool isScore(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (isa<MatMulOp>(op))
        return true;
      if (!op->hasOneUse() || !isa<ReshapeOp, BinaryOp, SelectOp>(op))
        return false;
      if (auto reshape = dyn_cast<ReshapeOp>(op)) {
        value = reshape.getInput();
        continue;
      }
      return llvm::any_of(op->getOperands(), isScore);
    }
    return false;
  }

  static std::optional<Matrices> matchMatrices(MatMulOp op, bool isKey);
  static std::optional<int64_t> countShared(ArrayRef<int64_t> batch,
                                            ArrayRef<int64_t> result);

  PatternRewriter &b;
  MatMulOp op;
  Match found;
};

} // namespace

/// How many matrices of `batch` there are where each is used for equally many
/// of `result`'s in a row; none if they are used otherwise.
std::optional<int64_t> AttentionMatcher::countShared(ArrayRef<int64_t> batch,
                                                     ArrayRef<int64_t> result) {
  Shape own(result.size() - batch.size(), 1);
  llvm::append_range(own, batch);
  size_t same = 0;
  while (same < own.size() && own[same] == result[same])
    ++same;
  if (llvm::any_of(ArrayRef<int64_t>(own).drop_front(same),
                   [](int64_t size) { return size != 1; }))
    return std::nullopt;
  return product(own);
}

/// The right side of `op`: the value, or the key, transposed and perhaps
/// scaled. Heads that were repeated are taken once.
std::optional<Matrices> AttentionMatcher::matchMatrices(MatMulOp op,
                                                        bool isKey) {
  Matrices result{op.getRhs(), 0, isKey, 1.0};
  auto count =
      countShared(shapeOf(result.value).drop_back(2), shapeOf(op).drop_back(2));
  if (!count)
    return std::nullopt;
  result.count = *count;
  auto skipReshapes = [&](Matrices &matrices) {
    while (true) {
      if (isKey)
        matrices.value = skipScale(matrices.value, matrices.scale);
      auto reshape = matrices.value.getDefiningOp<ReshapeOp>();
      if (!reshape || !keepsMatrices(reshape))
        return;
      matrices.value = reshape.getInput();
    }
  };
  Matrices once = result;
  skipReshapes(once);
  if (isKey) {
    auto swap = once.value.getDefiningOp<TransposeOp>();
    if (!swap || swap.getPermutation() !=
                     ArrayRef<int64_t>(swapLast(typeOf(swap).getRank())))
      return result;
    once.value = swap.getInput();
    once.isTransposed = false;
    result = once;
    skipReshapes(once);
  }
  auto broadcast = once.value.getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return result;
  auto from = shapeOf(broadcast.getInput()), to = shapeOf(broadcast);
  if (from.size() < 2 || from.take_back(2) != to.take_back(2) ||
      product(to.drop_back(2)) != result.count)
    return result;
  auto shared = countShared(from.drop_back(2), to.drop_back(2));
  if (!shared)
    return result;
  once.value = broadcast.getInput();
  once.count = *shared;
  return once;
}

LogicalResult AttentionMatcher::rewrite() {
  MatMulOp scores = found.scores;
  auto full = found.masks.shape(shapeOf(found.softmax));
  int64_t queries = full[full.size() - 2], keys = full.back();
  int64_t depth = shapeOf(scores.getLhs()).back(), width = shapeOf(op).back();
  auto fail = [&](const char *why) { return b.notifyMatchFailure(op, why); };
  if (typeOf(op).getNumElements() == 0 ||
      typeOf(scores.getLhs()).getNumElements() == 0 || keys == 0)
    return fail("has no elements");
  if (shapeOf(scores.getLhs()).drop_back(2) != shapeOf(scores).drop_back(2) ||
      shapeOf(op.getLhs()).drop_back(2) != shapeOf(op).drop_back(2))
    return fail("queries are shared");
  auto key = matchMatrices(scores, /*isKey=*/true),
       value = matchMatrices(op, /*isKey=*/false);
  int64_t heads = product(full.drop_back(2));
  if (!key || !value || key->count != value->count || heads % key->count != 0)
    return fail("heads share key and value in no order");
  // As samples and heads: what the masks tell apart.
  b.setInsertionPoint(op);
  std::optional<MaskOperand> mask;
  int64_t samples = 1;
  auto divisions = llvm::to_vector(llvm::seq<size_t>(1, full.size() - 1));
  divisions.push_back(0);
  for (size_t division : divisions) {
    samples = product(full.take_front(division));
    if (key->count % samples == 0)
      mask = found.masks.build(b, op.getLoc(), full, samples);
    if (mask)
      break;
  }
  if (!mask)
    return fail("the mask spans part of the samples or heads");
  heads /= samples;
  double scale = found.scale * key->scale;
  Value query = withoutScale(b, scores.getLhs(), scale);
  query = reshaped(b, query, {samples, heads, queries, depth});
  Value shared = withoutScale(b, key->value, scale);
  if (key->isTransposed)
    shared = b.createOrFold<TransposeOp>(shared.getLoc(), shared,
                                         swapLast(typeOf(shared).getRank()));
  shared = reshaped(b, shared, {samples, key->count / samples, keys, depth});
  Value values =
      reshaped(b, value->value, {samples, key->count / samples, keys, width});
  Value result = AttentionOp::create(
      b, op.getLoc(),
      RankedTensorType::get({samples, heads, queries, width}, b.getF32Type()),
      query, shared, values, mask->value, b.getF32FloatAttr(scale),
      mask->causal ? b.getI64IntegerAttr(*mask->causal) : IntegerAttr(),
      /*lanes=*/0, /*registers=*/0);
  Value zero;
  if (found.isBlind || found.zerosNaN)
    zero = arith::ConstantOp::create(
        b, op.getLoc(),
        makeSplat(RankedTensorType::get({1}, b.getF32Type()), 0.0f));
  if (found.isBlind) {
    Shape shape(shapeOf(found.softmax));
    shape.back() = width;
    result = reshaped(b, result, shape);
    result = SelectOp::create(b, op.getLoc(), result.getType(), found.isBlind,
                              zero, result);
  }
  if (found.zerosNaN) {
    Value isNumber =
        CompareOp::create(b, op.getLoc(), typeOf(result).clone(b.getI1Type()),
                          result, result, CompareKind::Equal);
    result = SelectOp::create(b, op.getLoc(), result.getType(), isNumber,
                              result, zero);
  }
  b.replaceOp(op, reshaped(b, result, shapeOf(op)));
  return success();
}

namespace {

struct Fuse : OpRewritePattern<MatMulOp> {
  Fuse(MLIRContext *context, Pass::Statistic &counter)
      : OpRewritePattern(context), counter(counter) {}

  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    AttentionMatcher matcher(rewriter, op);
    if (const char *why = matcher.match())
      return rewriter.notifyMatchFailure(op, why);
    if (failed(matcher.rewrite()))
      return failure();
    ++counter;
    return success();
  }

  Pass::Statistic &counter;
};

struct FuseAttentionPass : octet::impl::FuseAttentionBase<FuseAttentionPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Fuse>(&getContext(), numFused);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
