//===- SingleFunctions.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of f32 in f32. Bounds of their errors are in QuantSpec (QS-13).
//
//===----------------------------------------------------------------------===//

#include "MathLanes.h"

using namespace octet;

/// The nearest integer to x, |x| < 2^22: its bits in the low end of an integer,
/// and itself. Adding 1.5 · 2^23 leaves no room for a fraction.
static std::pair<Lanes, Lanes> nearest(const Lanes &x) {
  constexpr double magic = 12582912.0;
  Lanes shifted = x + magic;
  return {shifted.bits() - shifted.number(magic).bits(), shifted - magic};
}

/// 2^n for n in -126 … 127.
static Lanes powerOfTwo(const Lanes &n) {
  return shiftLeft(n + n.integer(127), 23).floats();
}

namespace {
/// exp(x) = 2^n · (1 + rest).
struct Exponential {
  Lanes n, rest;
};
} // namespace

static Exponential splitExp(const Lanes &x) {
  auto [n, whole] = nearest(x * 1.44269504f);
  // ln 2 in two parts, of which the first has few bits.
  Lanes r = fma(whole, x.number(-0.693359375f), x);
  r = fma(whole, x.number(2.12194440e-4f), r);
  Lanes series =
      fusedPolynomial(r, {1.98909809e-4f, 1.39336416e-3f, 8.33331048e-3f,
                          4.16664667e-2f, 1.66666672e-1f, 0.5f});
  return {n, fma(r * r, series, r)};
}

Lanes octet::expandExp(const Lanes &x) {
  // Beyond these it is zero or infinite.
  auto [n, rest] = splitExp(clamp(x, -104.0, 89.0));
  // In two steps, whose factors are no subnormals and not infinite.
  Lanes half = shiftRightSigned(n, 1);
  return (rest + 1.0) * powerOfTwo(half) * powerOfTwo(n - half);
}

Lanes octet::expandExpM1(const Lanes &x) {
  auto [n, rest] = splitExp(clamp(x, -20.0, 89.0));
  // 2^n may be too large by one bit.
  Lanes scale = powerOfTwo(n - n.integer(1));
  Lanes result = fma(scale, rest, scale - 0.5);
  // Nothing cancels, and no digit gets lost, where 2^n is one.
  return copySign(select(absolute(x) < 0.34, rest, result + result), x);
}

/// log(x) + correction, for a correction that is small beside it or beside x
/// - 1.
static Lanes logarithm(const Lanes &x, const Lanes *correction) {
  Lanes isSmall = x < 1.17549435e-38;
  Lanes normal = select(isSmall, x * 8388608.0, x);
  Lanes bits = normal.bits();
  // m in √½ … √2
  Lanes exponent = shiftRightSigned(bits - bits.integer(0x3f3504f3), 23);
  Lanes f = (bits - shiftLeft(exponent, 23)).floats() - 1.0;
  Lanes e = exponent.as<mlir::arith::SIToFPOp>(x.value.getType());
  e = select(isSmall, e - 23.0, e);
  Lanes square = f * f;
  Lanes y = fusedPolynomial(
      f, {-6.20150007e-2f, 1.05308644e-1f, -1.06461920e-1f, 1.10377833e-1f,
          -1.24507435e-1f, 1.42865241e-1f, -1.66680008e-1f, 2.00000107e-1f,
          -2.49999896e-1f, 3.33333343e-1f});
  y = y * (f * square);
  if (correction)
    y = y + *correction;
  y = fma(e, e.number(-2.12194440e-4f), y);
  y = fma(square, x.number(-0.5), y);
  Lanes result = fma(e, e.number(0.693359375f), f + y);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  result = select(x == infinity, x, result);
  result = select(x == 0.0, x.number(-infinity), result);
  // Also of a NaN.
  Lanes isValid = compare(mlir::arith::CmpFPredicate::OGE, x, x.number(0.0));
  return select(isValid, result,
                x.number(std::numeric_limits<double>::quiet_NaN()));
}

Lanes octet::expandLog(const Lanes &x) { return logarithm(x, nullptr); }

Lanes octet::expandLog1p(const Lanes &x) {
  Lanes sum = x + 1.0;
  // What rounding the sum has cut off.
  Lanes correction = (x - (sum - 1.0)) / sum;
  return logarithm(sum, &correction);
}

Lanes octet::expandErf(const Lanes &x) {
  Lanes size = absolute(x), square = x * x;
  Lanes series = fusedPolynomial(
      square, {8.34969542e-5f, -8.13827035e-4f, 5.20068360e-3f, -2.68592779e-2f,
               1.12836935e-1f, -3.76126349e-1f, 1.28379166e-1f});
  Lanes small = fma(series, x, x);
  // log(1 - erf(t)), up to where erf(t) is 1.
  Lanes t = clamp(size, 0.0, 4.0);
  Lanes exponent = fusedPolynomial(
      t, {-1.52490941e-7f, 3.67110511e-6f, -3.72603172e-5f, 1.92498715e-4f,
          -3.39817227e-4f, -2.30266713e-3f, 2.20649354e-2f, -1.04929663e-1f,
          -6.35709941e-1f, -1.28547190e-1f});
  Lanes large = 1.0 - expandExp(fma(exponent, t, -t));
  return select(size < 0.927, small, copySign(large, x));
}

/// Around zero an odd polynomial, of Cephes' tanhf (Moshier); beyond it 1 - 2 /
/// (exp(2·|x|) + 1), where nothing cancels.
Lanes octet::expandTanh(const Lanes &x) {
  Lanes size = absolute(x), square = x * x;
  Lanes odd = fusedPolynomial(square, {-5.70498872745e-3f, 2.06390887954e-2f,
                                       -5.37397155531e-2f, 1.33314422036e-1f,
                                       -3.33332819422e-1f});
  Lanes small = fma(odd * square, x, x);
  Lanes large = 1.0 - 2.0 / (expandExp(size + size) + 1.0);
  return copySign(select(size < 0.625, small, large), x);
}
