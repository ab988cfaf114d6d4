//===- Attention.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// attention: what it is, and its reference lowering: the contract (QS-14) head
// by head in operations on matrices. The fast one is in AttentionBlocks.cpp.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "ConvLowering.h"
#include "Verify.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto q = typeOf(adaptor.getQuery()).getShape(),
       k = typeOf(adaptor.getKey()).getShape(),
       v = typeOf(adaptor.getValue()).getShape();
  if (q.size() != 4 || k.size() != 4 || v.size() != 4)
    return emitOptionalError(location,
                             "query, key and value must have four dimensions");
  if (llvm::is_contained(q, 0) || llvm::is_contained(k, 0) ||
      llvm::is_contained(v, 0))
    return emitOptionalError(location,
                             "query, key and value must have elements");
  if (q[0] != k[0] || k[0] != v[0] || q[1] % k[1] != 0 || k[1] != v[1] ||
      k[2] != v[2] || q[3] != k[3])
    return emitOptionalError(
        location, "query, key and value must share the batch, query and key "
                  "their size, key and value their length and their heads, of "
                  "which the query has a multiple");
  return inferAs(location, Shape{q[0], q[1], q[2], v[3]}, adaptor.getQuery(),
                 types);
}

LogicalResult AttentionOp::verify() {
  auto q = typeOf(getQuery()).getShape();
  if (getMask()) {
    auto mask = typeOf(getMask()).getShape();
    Shape scores{q[0], q[1], q[2], typeOf(getKey()).getDimSize(2)};
    auto both = inferBroadcast(mask, scores);
    if (mask.size() != 4 || !both || *both != scores)
      return emitOpError("mask must have four dimensions and broadcast to [")
             << ArrayRef<int64_t>(scores) << "]";
  }
  if (getLanes() != 0 &&
      (getLanes() < 4 || getLanes() > 64 || !llvm::isPowerOf2_64(getLanes())))
    return emitOpError("lanes must be a power of two from 4 to 64");
  if ((getLanes() != 0) != (getRegisters() > 0))
    return emitOpError("lanes and registers must be set together");
  return verifySameElementType(*this);
}

SmallVector<int64_t> AttentionOp::getDimensionSources(unsigned operand,
                                                      unsigned) {
  auto own = typeOf(getOperand(operand)).getShape(),
       result = typeOf(getOutput()).getShape();
  // Keys are mixed; a query gives a row, a value's column a column.
  return sameDimensions(4, [&](int64_t d) {
    bool isOf = d < 2    ? true
                : d == 2 ? operand == 0 || operand == 3
                         : operand == 2;
    return isOf && own[d] == result[d];
  });
}

int64_t AttentionOp::countMacs() {
  auto q = typeOf(getQuery()).getShape(), v = typeOf(getValue()).getShape();
  return q[0] * q[1] * q[2] * v[2] * (q[3] + v[3]);
}

//===----------------------------------------------------------------------===//
// Reference lowering
//===----------------------------------------------------------------------===//

attention::Form::Form(AttentionOp op, ValueRange inputs)
    : query(inputs[0]), key(inputs[1]), value(inputs[2]),
      mask(op.getMask() ? inputs[3] : Value()),
      scale(op.getScale().convertToFloat()) {
  auto q = typeOf(query).getShape(), v = typeOf(value).getShape();
  batch = q[0];
  heads = q[1];
  queries = q[2];
  depth = q[3];
  keyHeads = v[1];
  keys = v[2];
  width = v[3];
  if (auto offset = op.getCausal())
    causal = std::clamp<int64_t>(*offset, -queries - 1, keys);
}

namespace {

/// Attention in matrices: query [i, d], key [j, d], value [j, e].
class Reference {
public:
  Reference(Location loc, const attention::Form &form) : loc(loc), form(form) {}

  Value run(OpBuilder &builder, Value destination) {
    return repeat(
        builder, loc, {form.batch, form.heads}, destination,
        [&](OpBuilder &b, ArrayRef<OpFoldResult> at, Value into) -> Value {
          OpFoldResult shared = affine::makeComposedFoldedAffineApply(
              b, loc,
              b.getAffineDimExpr(0).floorDiv(form.heads / form.keyHeads),
              {at[1]});
          query = matrix(b, form.query, {at[0], at[1]});
          key = matrix(b, form.key, {at[0], shared});
          value = matrix(b, form.value, {at[0], shared});
          if (form.mask) {
            OpFoldResult zero = b.getIndexAttr(0);
            mask = matrix(b, form.mask,
                          {form.maskSize(0) == 1 ? zero : at[0],
                           form.maskSize(1) == 1 ? zero : at[1]});
          }
          Value result = oneHead(b, matrix(b, into, {at[0], at[1]}));
          return tensor::InsertSliceOp::create(
              b, loc, result, into, matrixOffsets(b, {at[0], at[1]}),
              indices(b, {1, 1, form.queries, form.width}),
              indices(b, {1, 1, 1, 1}));
        });
  }

private:
  using Offsets = SmallVector<OpFoldResult>;

  static Offsets indices(OpBuilder &b, ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(b.getContext(), values);
  }
  static Offsets matrixOffsets(OpBuilder &b, ArrayRef<OpFoldResult> at) {
    return {at[0], at[1], b.getIndexAttr(0), b.getIndexAttr(0)};
  }
  Value matrix(OpBuilder &b, Value tensor, ArrayRef<OpFoldResult> at) {
    auto shape = typeOf(tensor).getShape();
    return tensor::ExtractSliceOp::create(
        b, loc, RankedTensorType::get(shape.drop_front(2), b.getF32Type()),
        tensor, matrixOffsets(b, at), indices(b, {1, 1, shape[2], shape[3]}),
        indices(b, {1, 1, 1, 1}));
  }
  /// `count` rows of a matrix, or columns.
  Value part(OpBuilder &b, Value matrix, unsigned dim, OpFoldResult first,
             int64_t count) {
    Shape sizes(typeOf(matrix).getShape());
    sizes[dim] = count;
    Offsets offsets = indices(b, {0, 0});
    offsets[dim] = first;
    return tensor::ExtractSliceOp::create(
        b, loc, matrix, offsets, indices(b, sizes), indices(b, {1, 1}));
  }
  Value empty(OpBuilder &b, ArrayRef<int64_t> shape) {
    return tensor::EmptyOp::create(b, loc, shape, b.getF32Type());
  }
  Value filled(OpBuilder &b, float x, Value into) {
    return fill(b, loc, b.getF32FloatAttr(x), into);
  }

  /// What goes from tile to tile: the largest score of each query, the sum of
  /// its weights, and the values so weighted.
  struct State {
    Value largest, sum, result;
    SmallVector<Value> list() const { return {largest, sum, result}; }
  };

  Value oneHead(OpBuilder &b, Value into) {
    State state{filled(b, -std::numeric_limits<float>::infinity(),
                       empty(b, {form.queries, 1})),
                filled(b, 0.0f, empty(b, {form.queries, 1})),
                filled(b, 0.0f, into)};
    int64_t whole = form.keys / attention::tileKeys,
            rest = form.keys % attention::tileKeys;
    if (whole > 0) {
      auto index = [&](int64_t i) {
        return arith::ConstantIndexOp::create(b, loc, i);
      };
      auto loop = scf::ForOp::create(b, loc, index(0),
                                     index(whole * attention::tileKeys),
                                     index(attention::tileKeys), state.list());
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      auto carried = loop.getRegionIterArgs();
      State next = addTile(b, {carried[0], carried[1], carried[2]},
                           loop.getInductionVar(), attention::tileKeys);
      scf::YieldOp::create(b, loc, next.list());
      state = {loop.getResult(0), loop.getResult(1), loop.getResult(2)};
    }
    if (rest > 0)
      state =
          addTile(b, state, b.getIndexAttr(whole * attention::tileKeys), rest);
    return createBroadcast(
        b, loc, state.sum, state.result,
        [](OpBuilder &nested, Location at, ValueRange x) -> Value {
          Value quotient = arith::DivFOp::create(nested, at, x[1], x[0]);
          return arith::AddFOp::create(nested, at, quotient,
                                       constantF32(nested, at, 0.0f));
        });
  }

  State addTile(OpBuilder &b, State old, OpFoldResult first, int64_t count) {
    Value scores = scoresOf(b, first, count);
    // Of another shape than what goes on, which is not to be fused with it.
    auto *context = b.getContext();
    auto byQuery = AffineMap::get(2, 0, b.getAffineDimExpr(0), context);
    auto column = AffineMap::get(
        1, 0, {b.getAffineDimExpr(0), b.getAffineConstantExpr(0)}, context);
    Value largest =
        copyThrough(b, loc, old.largest, column, empty(b, form.queries));
    largest = createReduction(b, loc, scores, b.getMultiDimIdentityMap(2),
                              largest, byQuery,
                              [](OpBuilder &nested, Location at, ValueRange x) {
                                return extremeOrNaN(nested, at, x[0], x[1]);
                              });
    auto power = [](OpBuilder &nested, Location at, ValueRange x) -> Value {
      Value lowest =
          constantF32(nested, at, -std::numeric_limits<float>::infinity());
      Value isBlind = arith::CmpFOp::create(
          nested, at, arith::CmpFPredicate::OEQ, x[1], lowest);
      Value most = arith::SelectOp::create(nested, at, isBlind,
                                           constantF32(nested, at, 0.0f), x[1]);
      return math::ExpOp::create(nested, at,
                                 arith::SubFOp::create(nested, at, x[0], most));
    };
    SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(2), byQuery};
    Value factor = createElementwise(b, loc, {old.largest, largest}, maps,
                                     empty(b, {form.queries, 1}), power);
    Value weights = createElementwise(b, loc, {scores, largest}, maps,
                                      empty(b, {form.queries, count}), power);
    Value tileSum = sumAlong(b, loc, weights, /*axis=*/1, /*windows=*/1, count);
    Value sum = createBroadcast(
        b, loc, {factor, tileSum}, old.sum,
        [](OpBuilder &nested, Location at, ValueRange x) -> Value {
          return arith::AddFOp::create(
              nested, at, arith::MulFOp::create(nested, at, x[2], x[0]), x[1]);
        });
    Value result = createBroadcast(
        b, loc, factor, old.result,
        [](OpBuilder &nested, Location at, ValueRange x) -> Value {
          return arith::MulFOp::create(nested, at, x[1], x[0]);
        });
    // (i, e, j)
    result = createReduction(
        b, loc, {weights, part(b, value, 0, first, count)},
        {dimsMap(context, 3, {0, 2}), dimsMap(context, 3, {2, 1})}, result,
        dimsMap(context, 3, {0, 1}),
        [](OpBuilder &nested, Location at, ValueRange x) {
          return contractible(nested, at, x[0], x[1], x[2]);
        });
    // What goes from tile to tile stays in place.
    largest = copyThrough(b, loc, largest, byQuery, old.largest);
    return {largest, sum, result};
  }

  Value scoresOf(OpBuilder &b, OpFoldResult first, int64_t count) {
    auto *context = b.getContext();
    // (i, j, d)
    Value products = createReduction(
        b, loc, {query, part(b, key, 0, first, count)},
        {dimsMap(context, 3, {0, 2}), dimsMap(context, 3, {1, 2})},
        filled(b, 0.0f, empty(b, {form.queries, count})),
        dimsMap(context, 3, {0, 1}),
        [](OpBuilder &nested, Location at, ValueRange x) {
          return contractible(nested, at, x[0], x[1], x[2]);
        });
    SmallVector<Value> inputs;
    if (form.mask)
      inputs.push_back(form.maskSize(3) == 1 ? mask
                                             : part(b, mask, 1, first, count));
    Value start = getValueOrCreateConstantIndexOp(b, loc, first);
    return createBroadcast(
        b, loc, inputs, products,
        [&](OpBuilder &nested, Location at, ValueRange x) -> Value {
          Value score = arith::MulFOp::create(
              nested, at, x.back(), constantF32(nested, at, form.scale));
          if (form.mask)
            score = arith::AddFOp::create(nested, at, score, x[0]);
          if (!form.causal)
            return score;
          auto index = [&](int64_t i) {
            return arith::ConstantIndexOp::create(nested, at, i);
          };
          Value last = arith::AddIOp::create(
              nested, at, linalg::IndexOp::create(nested, at, 0),
              index(*form.causal));
          Value place = arith::AddIOp::create(
              nested, at, linalg::IndexOp::create(nested, at, 1), start);
          Value isSeen = arith::CmpIOp::create(
              nested, at, arith::CmpIPredicate::sle, place, last);
          return arith::SelectOp::create(
              nested, at, isSeen, score,
              constantF32(nested, at, -std::numeric_limits<float>::infinity()));
        });
  }

  Location loc;
  const attention::Form &form;
  /// Of the head at work.
  Value query, key, value, mask;
};

} // namespace

FailureOr<SmallVector<Value>>
AttentionOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  attention::Form form(*this, inputs);
  if (getLanes() != 0)
    return SmallVector<Value>{attention::lowerBlocked(
        builder, getLoc(), form, outputs[0], getLanes(), getRegisters())};
  return SmallVector<Value>{Reference(getLoc(), form).run(builder, outputs[0])};
}
