//===- MathLanes.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas over numbers that are scalars or lanes of vectors. Each operator is
// one rounded operation; a number on the right is a constant of the type on the
// left.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_LIB_CODEGEN_MATHLANES_H
#define OCTET_LIB_CODEGEN_MATHLANES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

namespace octet {

struct Lanes {
  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;

  mlir::Type element() const {
    return mlir::getElementTypeOrSelf(value.getType());
  }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(element()); }
  Lanes with(mlir::Value other) const { return {builder, other}; }

  /// As many of another element type.
  mlir::Type like(mlir::Type other) const {
    if (auto vector = llvm::dyn_cast<mlir::VectorType>(value.getType()))
      return vector.clone(other);
    return other;
  }
  mlir::Type integers(unsigned width) const {
    return like(builder->getIntegerType(width));
  }

  Lanes constantAs(mlir::Type type, mlir::TypedAttr scalar) const {
    if (auto vector = llvm::dyn_cast<mlir::VectorType>(type))
      scalar = mlir::DenseElementsAttr::get(vector, mlir::Attribute(scalar));
    return with(mlir::arith::ConstantOp::create(*builder, scalar));
  }
  Lanes number(double x) const {
    return constantAs(value.getType(), builder->getFloatAttr(element(), x));
  }
  Lanes integer(int64_t x) const {
    return constantAs(value.getType(), builder->getIntegerAttr(element(), x));
  }

  template <typename Op> Lanes as(mlir::Type type) const {
    return with(Op::create(*builder, type, value));
  }
  Lanes toDouble() const {
    return as<mlir::arith::ExtFOp>(like(builder->getF64Type()));
  }
  Lanes toSingle() const {
    return as<mlir::arith::TruncFOp>(like(builder->getF32Type()));
  }
  /// The bits of floats as integers of their width.
  Lanes bits() const {
    return as<mlir::arith::BitcastOp>(
        integers(element().getIntOrFloatBitWidth()));
  }
  Lanes floats() const {
    return as<mlir::arith::BitcastOp>(
        like(element().isInteger(32) ? mlir::Type(builder->getF32Type())
                                     : mlir::Type(builder->getF64Type())));
  }
};

template <typename Op, typename... More>
Lanes apply(const Lanes &x, const More &...more) {
  return x.with(Op::create(*x.builder, x.value, more.value...));
}

inline Lanes operator+(const Lanes &x, const Lanes &y) {
  return x.isFloat() ? apply<mlir::arith::AddFOp>(x, y)
                     : apply<mlir::arith::AddIOp>(x, y);
}
inline Lanes operator-(const Lanes &x, const Lanes &y) {
  return x.isFloat() ? apply<mlir::arith::SubFOp>(x, y)
                     : apply<mlir::arith::SubIOp>(x, y);
}
inline Lanes operator*(const Lanes &x, const Lanes &y) {
  return x.isFloat() ? apply<mlir::arith::MulFOp>(x, y)
                     : apply<mlir::arith::MulIOp>(x, y);
}
inline Lanes operator/(const Lanes &x, const Lanes &y) {
  return apply<mlir::arith::DivFOp>(x, y);
}
inline Lanes operator&(const Lanes &x, const Lanes &y) {
  return apply<mlir::arith::AndIOp>(x, y);
}
inline Lanes operator|(const Lanes &x, const Lanes &y) {
  return apply<mlir::arith::OrIOp>(x, y);
}
inline Lanes operator^(const Lanes &x, const Lanes &y) {
  return apply<mlir::arith::XOrIOp>(x, y);
}
inline Lanes operator+(const Lanes &x, double y) { return x + x.number(y); }
inline Lanes operator-(const Lanes &x, double y) { return x - x.number(y); }
inline Lanes operator*(const Lanes &x, double y) { return x * x.number(y); }
inline Lanes operator-(double x, const Lanes &y) { return y.number(x) - y; }
inline Lanes operator/(double x, const Lanes &y) { return y.number(x) / y; }
inline Lanes operator-(const Lanes &x) { return apply<mlir::arith::NegFOp>(x); }

inline Lanes shiftLeft(const Lanes &x, int64_t count) {
  return apply<mlir::arith::ShLIOp>(x, x.integer(count));
}
inline Lanes shiftRight(const Lanes &x, int64_t count) {
  return apply<mlir::arith::ShRUIOp>(x, x.integer(count));
}
inline Lanes shiftRightSigned(const Lanes &x, int64_t count) {
  return apply<mlir::arith::ShRSIOp>(x, x.integer(count));
}

inline Lanes absolute(const Lanes &x) { return apply<mlir::math::AbsFOp>(x); }
inline Lanes root(const Lanes &x) { return apply<mlir::math::SqrtOp>(x); }
inline Lanes fma(const Lanes &x, const Lanes &y, const Lanes &z) {
  return apply<mlir::math::FmaOp>(x, y, z);
}
inline Lanes copySign(const Lanes &size, const Lanes &sign) {
  return apply<mlir::math::CopySignOp>(size, sign);
}

inline Lanes compare(mlir::arith::CmpFPredicate predicate, const Lanes &x,
                     const Lanes &y) {
  return x.with(
      mlir::arith::CmpFOp::create(*x.builder, predicate, x.value, y.value));
}
// Comparisons with a NaN are false.
inline Lanes operator<(const Lanes &x, double y) {
  return compare(mlir::arith::CmpFPredicate::OLT, x, x.number(y));
}
inline Lanes operator>(const Lanes &x, double y) {
  return compare(mlir::arith::CmpFPredicate::OGT, x, x.number(y));
}
inline Lanes operator==(const Lanes &x, double y) {
  return compare(mlir::arith::CmpFPredicate::OEQ, x, x.number(y));
}
inline Lanes operator==(const Lanes &x, const Lanes &y) {
  return compare(mlir::arith::CmpFPredicate::OEQ, x, y);
}
inline Lanes isNaN(const Lanes &x) {
  return compare(mlir::arith::CmpFPredicate::UNO, x, x);
}
/// Of integers.
inline Lanes isNonZero(const Lanes &x) {
  return x.with(mlir::arith::CmpIOp::create(
      *x.builder, mlir::arith::CmpIPredicate::ne, x.value, x.integer(0).value));
}

inline Lanes select(const Lanes &condition, const Lanes &x, const Lanes &y) {
  return apply<mlir::arith::SelectOp>(condition, x, y);
}
/// A NaN stays a NaN.
inline Lanes clamp(const Lanes &x, double low, double high) {
  Lanes raised = select(x < low, x.number(low), x);
  return select(raised > high, x.number(high), raised);
}

/// A polynomial in x, the highest power's coefficient first.
inline Lanes polynomial(const Lanes &x, llvm::ArrayRef<double> coefficients) {
  Lanes sum = x.number(coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = sum * x + coefficient;
  return sum;
}
/// The same in fused steps.
inline Lanes fusedPolynomial(const Lanes &x,
                             llvm::ArrayRef<float> coefficients) {
  Lanes sum = x.number(coefficients.front());
  for (float coefficient : coefficients.drop_front())
    sum = fma(sum, x, x.number(coefficient));
  return sum;
}

// Functions of f32 that networks compute often, in f32.
Lanes expandExp(const Lanes &x);
Lanes expandExpM1(const Lanes &x);
Lanes expandLog(const Lanes &x);
Lanes expandLog1p(const Lanes &x);
Lanes expandErf(const Lanes &x);
Lanes expandTanh(const Lanes &x);

// Others, of f32 too, are computed in f64 and rounded once.
Lanes expandSin(const Lanes &x);
Lanes expandCos(const Lanes &x);
Lanes expandTan(const Lanes &x);
Lanes expandAsin(const Lanes &x);
Lanes expandAcos(const Lanes &x);
Lanes expandAtan(const Lanes &x);
Lanes expandSinh(const Lanes &x);
Lanes expandCosh(const Lanes &x);
Lanes expandAsinh(const Lanes &x);
Lanes expandAcosh(const Lanes &x);
Lanes expandAtanh(const Lanes &x);
Lanes expandPow(const Lanes &x, const Lanes &y);

} // namespace octet

#endif // OCTET_LIB_CODEGEN_MATHLANES_H
