//===- AttentionMasks.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMasks.h"
#include <cmath>

using namespace mlir;
using namespace octet;

/// No score is as large that it shows beside a number of this size, which f32
/// rounds to 24 bits.
static constexpr float mostVisible = -1e30f;

Value AttentionMasks::take(Value value,
                           llvm::function_ref<bool(Value)> isScore) {
  auto type = typeOf(value);
  if (!masks.empty() && applied != type.getShape())
    return {};
  auto isScores = [&](Value side) {
    return side.getType() == type && isScore(side);
  };
  Mask mask;
  Value scores;
  if (auto sum = value.getDefiningOp<BinaryOp>()) {
    if (sum.getKind() != BinaryKind::Add || sum.getClampMin() ||
        sum.getClampMax())
      return {};
    bool isLeft = isScores(sum.getLhs());
    if (!isLeft && !isScores(sum.getRhs()))
      return {};
    scores = isLeft ? sum.getLhs() : sum.getRhs();
    mask.value = isLeft ? sum.getRhs() : sum.getLhs();
  } else if (auto select = value.getDefiningOp<SelectOp>()) {
    mask.passes = isScores(select.getLhs());
    if (!mask.passes && !isScores(select.getRhs()))
      return {};
    scores = mask.passes ? select.getLhs() : select.getRhs();
    ConstantView other =
        matchFloats(mask.passes ? select.getRhs() : select.getLhs());
    if (!other || !other.isSplat())
      return {};
    mask.other = other.getSplatValue<float>();
    if (!(mask.other <= mostVisible))
      return {};
    mask.value = select.getCondition();
  } else {
    return {};
  }
  applied = Shape(type.getShape());
  masks.push_back(mask);
  return scores;
}

/// The offset c if the constant `mask` lets query i see exactly the keys up to
/// i + c, or lets it see all, which is c = number of keys.
std::optional<int64_t> AttentionMasks::findCausal(const Mask &mask,
                                                  ArrayRef<int64_t> full) {
  ConstantView constant = matchConstant(mask.value);
  if (!constant)
    return std::nullopt;
  int64_t queries = full[full.size() - 2], keys = full.back();
  bool isFloat = constant.getElementType().isF32();
  auto numberAt = [&](int64_t i) {
    if (isFloat)
      return constant.getValue<float>(i);
    return (constant.getInteger(i) != 0) == mask.passes ? 0.0f : mask.other;
  };
  auto shape = constant.getType().getShape();
  int64_t count = constant.getNumElements();
  if (constant.isSplat() && numberAt(0) == 0.0f)
    return keys;
  if (shape.size() < 2 || shape.take_back(2) != full.take_back(2) ||
      count != queries * keys)
    return std::nullopt;
  // How many keys each query sees; those that see any bound the offset.
  SmallVector<int64_t> seen;
  int64_t offset = -queries;
  for (int64_t i = 0; i < queries; ++i) {
    int64_t own = 0;
    while (own < keys && numberAt(i * keys + own) == 0.0f)
      ++own;
    for (int64_t j = own; j < keys; ++j) {
      float x = numberAt(i * keys + j);
      // Where no key is seen and all scores are alike, they show nevertheless.
      if (!(x <= mostVisible) || (own == 0 && !std::isinf(x)))
        return std::nullopt;
    }
    seen.push_back(own);
    if (own > 0)
      offset = std::max(offset, own - 1 - i);
  }
  for (auto [i, own] : llvm::enumerate(seen))
    if (std::clamp<int64_t>(int64_t(i) + offset + 1, 0, keys) != own)
      return std::nullopt;
  return offset;
}

std::optional<MaskOperand> AttentionMasks::build(OpBuilder &b, Location loc,
                                                 ArrayRef<int64_t> full,
                                                 int64_t samples) const {
  MaskOperand result;
  SmallVector<const Mask *> others;
  for (const Mask &mask : masks) {
    auto causal = findCausal(mask, full);
    if (!causal)
      others.push_back(&mask);
    else if (*causal < full.back())
      result.causal = std::min(result.causal.value_or(*causal), *causal);
  }
  // Shapes first: nothing is built in vain.
  SmallVector<Shape> shapes;
  for (const Mask *mask : others) {
    Shape own(typeOf(mask->value).getShape());
    own.insert(own.begin(), full.size() - own.size(), 1);
    Shape four{1, 1, own[own.size() - 2], own.back()};
    int64_t before = 1;
    for (size_t i = 0; i + 2 < full.size(); ++i) {
      before *= full[i];
      four[before <= samples ? 0 : 1] *= own[i];
    }
    int64_t all = 1;
    for (int64_t size : full.drop_back(2))
      all *= size;
    if ((four[0] != 1 && four[0] != samples) ||
        (four[1] != 1 && four[1] != all / samples))
      return std::nullopt;
    shapes.push_back(four);
  }
  for (auto [mask, shape] : llvm::zip_equal(others, shapes)) {
    Value value = b.createOrFold<ReshapeOp>(
        loc, RankedTensorType::get(shape, typeOf(mask->value).getElementType()),
        mask->value);
    auto type = RankedTensorType::get(shape, b.getF32Type());
    if (!typeOf(value).getElementType().isF32()) {
      auto number = [&](float x) -> Value {
        return arith::ConstantOp::create(
            b, loc, makeSplat(RankedTensorType::get({1}, b.getF32Type()), x));
      };
      Value seen = number(0.0f), unseen = number(mask->other);
      if (!mask->passes)
        std::swap(seen, unseen);
      value = b.createOrFold<SelectOp>(loc, type, value, seen, unseen);
    }
    if (result.value) {
      auto both = inferBroadcast(typeOf(result.value).getShape(), shape);
      value = b.createOrFold<BinaryOp>(
          loc, RankedTensorType::get(*both, b.getF32Type()), value,
          result.value, BinaryKind::Add, FloatAttr(), FloatAttr());
    }
    result.value = value;
  }
  return result;
}
