//===- Map.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// map: a function of one value, given by its scalar body.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "octet/Dialect/Octet/IR/Lowering.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace octet;
using namespace octet::lowering;

LogicalResult MapOp::inferReturnTypes(MLIRContext *,
                                      std::optional<Location> location,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferAs(location, Shape(typeOf(adaptor.getInput()).getShape()),
                 adaptor.getInput(), types);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

namespace {
/// What a body's operation computes of its operands' values, in double; truth
/// values are 0 and 1. None if it is an operation that bodies do not have.
std::optional<double> evaluateScalar(Operation *op, ArrayRef<double> v) {
  using Result = std::optional<double>;
  using P = arith::CmpFPredicate;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](arith::AddFOp) -> Result { return v[0] + v[1]; })
      .Case([&](arith::SubFOp) -> Result { return v[0] - v[1]; })
      .Case([&](arith::MulFOp) -> Result { return v[0] * v[1]; })
      .Case([&](arith::DivFOp) -> Result { return v[0] / v[1]; })
      .Case([&](arith::NegFOp) -> Result { return -v[0]; })
      .Case([&](arith::RemFOp) -> Result { return std::fmod(v[0], v[1]); })
      .Case([&](arith::MaximumFOp) -> Result {
        return std::isnan(v[0]) || v[0] > v[1] ? v[0] : v[1];
      })
      .Case([&](arith::MinimumFOp) -> Result {
        return std::isnan(v[0]) || v[0] < v[1] ? v[0] : v[1];
      })
      .Case([&](arith::AndIOp) -> Result { return v[0] != 0 && v[1] != 0; })
      .Case([&](arith::OrIOp) -> Result { return v[0] != 0 || v[1] != 0; })
      .Case([&](arith::XOrIOp) -> Result { return (v[0] != 0) != (v[1] != 0); })
      .Case([&](arith::SelectOp) -> Result { return v[0] != 0 ? v[1] : v[2]; })
      .Case([&](arith::CmpFOp compare) -> Result {
        bool unordered = std::isnan(v[0]) || std::isnan(v[1]);
        switch (compare.getPredicate()) {
        case P::OEQ:
          return v[0] == v[1];
        case P::OLT:
          return v[0] < v[1];
        case P::OLE:
          return v[0] <= v[1];
        case P::OGT:
          return v[0] > v[1];
        case P::OGE:
          return v[0] >= v[1];
        case P::ONE:
          return !unordered && v[0] != v[1];
        case P::UNE:
          return unordered || v[0] != v[1];
        case P::UEQ:
          return unordered || v[0] == v[1];
        case P::ULT:
          return unordered || v[0] < v[1];
        case P::ULE:
          return unordered || v[0] <= v[1];
        case P::UGT:
          return unordered || v[0] > v[1];
        case P::UGE:
          return unordered || v[0] >= v[1];
        case P::UNO:
          return unordered;
        case P::ORD:
          return !unordered;
        default:
          return std::nullopt;
        }
      })
      .Case([&](math::AbsFOp) -> Result { return std::fabs(v[0]); })
      .Case([&](math::SqrtOp) -> Result { return std::sqrt(v[0]); })
      .Case([&](math::ExpM1Op) -> Result { return std::expm1(v[0]); })
      .Case([&](math::Log1pOp) -> Result { return std::log1p(v[0]); })
      .Case([&](math::TanOp) -> Result { return std::tan(v[0]); })
      .Case([&](math::AsinOp) -> Result { return std::asin(v[0]); })
      .Case([&](math::AcosOp) -> Result { return std::acos(v[0]); })
      .Case([&](math::AtanOp) -> Result { return std::atan(v[0]); })
      .Case([&](math::SinhOp) -> Result { return std::sinh(v[0]); })
      .Case([&](math::CoshOp) -> Result { return std::cosh(v[0]); })
      .Case([&](math::AsinhOp) -> Result { return std::asinh(v[0]); })
      .Case([&](math::AcoshOp) -> Result { return std::acosh(v[0]); })
      .Case([&](math::AtanhOp) -> Result { return std::atanh(v[0]); })
      .Case([&](math::PowFOp) -> Result { return std::pow(v[0], v[1]); })
      .Case([&](math::ExpOp) -> Result { return std::exp(v[0]); })
      .Case([&](math::LogOp) -> Result { return std::log(v[0]); })
      .Case([&](math::TanhOp) -> Result { return std::tanh(v[0]); })
      .Case([&](math::ErfOp) -> Result { return std::erf(v[0]); })
      .Case([&](math::SinOp) -> Result { return std::sin(v[0]); })
      .Case([&](math::CosOp) -> Result { return std::cos(v[0]); })
      .Case([&](math::FloorOp) -> Result { return std::floor(v[0]); })
      .Case([&](math::CeilOp) -> Result { return std::ceil(v[0]); })
      .Case([&](math::RoundEvenOp) -> Result { return std::nearbyint(v[0]); })
      .Case(
          [&](math::CopySignOp) -> Result { return std::copysign(v[0], v[1]); })
      .Case([&](arith::ConstantOp constant) -> Result {
        if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
          return number.getValueAsDouble();
        if (auto truth = dyn_cast<BoolAttr>(constant.getValue()))
          return truth.getValue();
        return std::nullopt;
      })
      .Default([](Operation *) -> Result { return std::nullopt; });
}
} // namespace

LogicalResult MapOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getNumArguments() != 1 || !block.getArgument(0).getType().isF32() ||
      block.empty() || !isa<YieldOp>(block.back()))
    return emitOpError("has a body of one f32 that ends with octet.yield");
  for (Operation &op : block.without_terminator()) {
    SmallVector<double> zeros(op.getNumOperands(), 0.0);
    auto isScalar = [](Type type) { return type.isF32() || type.isInteger(1); };
    if (op.getNumRegions() > 0 || op.getNumResults() != 1 ||
        !isScalar(op.getResult(0).getType()) ||
        !llvm::all_of(op.getOperandTypes(), isScalar) ||
        !evaluateScalar(&op, zeros))
      return op.emitError("is no operation of a map's body: arith or math on "
                          "f32 scalars");
  }
  return success();
}

double MapOp::evaluate(double x) {
  Block &block = getBody().front();
  DenseMap<Value, double> values{{block.getArgument(0), x}};
  for (Operation &op : block.without_terminator()) {
    auto operands = llvm::map_to_vector(
        op.getOperands(), [&](Value value) { return values.at(value); });
    values[op.getResult(0)] = *evaluateScalar(&op, operands);
  }
  return values.at(cast<YieldOp>(block.back()).getValue());
}

FailureOr<SmallVector<Value>>
MapOp::lower(OpBuilder &builder, ValueRange inputs, ValueRange outputs) {
  if (!typeOf(inputs[0]).getElementType().isF32())
    return failure();
  return SmallVector<Value>{createElementwise(
      builder, getLoc(), inputs,
      builder.getMultiDimIdentityMap(typeOf(inputs[0]).getRank()), outputs[0],
      [&](OpBuilder &b, Location at, ValueRange args) {
        Block &block = getBody().front();
        IRMapping mapping;
        mapping.map(block.getArgument(0), args[0]);
        for (Operation &op : block.without_terminator())
          b.clone(op, mapping)->setLoc(at);
        return mapping.lookup(cast<YieldOp>(block.back()).getValue());
      })};
}
