//===- DoubleFunctions.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of f32 that are computed in f64 and rounded once. The
// approximations are good to 40 bits, so that the result is the nearest f32 but
// for rare ties. Products and sums are not fused: f64 has digits to spare, and
// not every target has the fma.
//
//===----------------------------------------------------------------------===//

#include "MathLanes.h"
#include "llvm/ADT/APInt.h"

using namespace octet;

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
static constexpr double pi = 3.141592653589793;
static constexpr double log2e = 1.4426950408889634;
static constexpr double ln2 = 0.6931471805599453;
/// Below it, series are better than formulas in which numbers cancel.
static constexpr double small = 0.03125;

/// The nearest integer to x, |x| < 2^51.
static Lanes nearest(const Lanes &x) {
  constexpr double magic = 6755399441055744.0; // 1.5 · 2^52
  return (x + magic) - magic;
}

/// An integer below 2^51 as f64.
static Lanes toDouble(const Lanes &n) {
  return n.as<mlir::arith::SIToFPOp>(n.like(n.builder->getF64Type()));
}

//===----------------------------------------------------------------------===//
// Powers and logarithms
//===----------------------------------------------------------------------===//

/// 2^x; f32 knows nothing beyond 2^±200.
static Lanes exp2(const Lanes &unbounded) {
  Lanes x = clamp(unbounded, -200.0, 200.0);
  constexpr double magic = 6755399441055744.0;
  Lanes shifted = x + magic;
  Lanes f = x - (shifted - magic);
  Lanes n = shifted.bits() - shifted.number(magic).bits();
  Lanes power = polynomial(
      f, {1.0205905413765595e-07, 1.325964524488711e-06, 1.5252672924850737e-05,
          0.0001540343375125101, 0.0013333558200794592, 0.009618129193934313,
          0.05550410866465167, 0.2402265069564034, 0.6931471805599462, 1.0});
  return power * shiftLeft(n + n.integer(1023), 52).floats();
}

/// log2(x) of a normal positive number, of full relative precision around one.
static Lanes log2(const Lanes &x) {
  Lanes bits = x.bits();
  // m in √½ … √2
  Lanes exponent =
      shiftRightSigned(bits - bits.integer(0x3fe6a09e667f3bcd), 52);
  Lanes m = (bits - shiftLeft(exponent, 52)).floats();
  Lanes s = (m - 1.0) / (m + 1.0);
  Lanes series = polynomial(s * s, {0.21366107459216888, 0.22091288172814738,
                                    0.26233436006605354, 0.32059853477492645,
                                    0.41219858584220176, 0.5770780163455145,
                                    0.9617966939259898, 2.8853900817779268});
  return toDouble(exponent) + s * series;
}

Lanes octet::expandPow(const Lanes &base, const Lanes &exponent) {
  Lanes x = base.toDouble(), y = exponent.toDouble();
  Lanes size = absolute(x), ySize = absolute(y);
  Lanes logarithm = select(size == 0.0, x.number(-infinity),
                           select(size == infinity, size, log2(size)));
  Lanes power = exp2(y * logarithm);
  // Floats of f32 from 2^24 on are even.
  Lanes whole = select(ySize < 16777216.0, y, y.number(0.0));
  Lanes half = whole * 0.5;
  Lanes isEven = nearest(half) == half, isWhole = nearest(whole) == whole;
  // 1^y, also of an infinite y, whose product with log2(1) is NaN.
  power = select(size == 1.0, x.number(1.0), power);
  Lanes isNegative = x.with(
      mlir::arith::CmpIOp::create(*x.builder, mlir::arith::CmpIPredicate::slt,
                                  x.bits().value, x.bits().integer(0).value));
  Lanes signedPower = select(isEven, power, -power);
  // A fraction of a negative number; of zero it has no sign.
  Lanes fraction = select(
      x < 0.0, select(size == infinity, power, x.number(notANumber)), power);
  power = select(isNegative, select(isWhole, signedPower, fraction), power);
  // A NaN's power; but 1^y and x^0 are one even so.
  power = select(isNaN(x), x, power);
  power = select(isNaN(y), y, power);
  power = select(x == 1.0, x.number(1.0), power);
  return select(y == 0.0, x.number(1.0), power).toSingle();
}

//===----------------------------------------------------------------------===//
// Hyperbolic functions
//===----------------------------------------------------------------------===//

/// x · series(x²) where x is small, else of x's sign the size `large`.
static Lanes oddFunction(const Lanes &x, const Lanes &large,
                         llvm::ArrayRef<double> series) {
  return select(absolute(x) < small, x * polynomial(x * x, series),
                copySign(large, x))
      .toSingle();
}

Lanes octet::expandSinh(const Lanes &input) {
  Lanes x = input.toDouble();
  Lanes power = exp2(absolute(x) * log2e);
  return oddFunction(x, (power - 1.0 / power) * 0.5,
                     {1.0 / 5040, 1.0 / 120, 1.0 / 6, 1.0});
}

Lanes octet::expandCosh(const Lanes &input) {
  Lanes x = input.toDouble();
  Lanes power = exp2(absolute(x) * log2e);
  return ((power + 1.0 / power) * 0.5).toSingle();
}

Lanes octet::expandAsinh(const Lanes &input) {
  Lanes x = input.toDouble(), size = absolute(x);
  Lanes large = log2(size + root(x * x + 1.0)) * ln2;
  large = select(size < infinity, large, size);
  return oddFunction(x, large, {-15.0 / 336, 3.0 / 40, -1.0 / 6, 1.0});
}

Lanes octet::expandAcosh(const Lanes &input) {
  Lanes x = input.toDouble();
  Lanes result = log2(x + root((x - 1.0) * (x + 1.0))) * ln2;
  result = select(x < infinity, result, x);
  Lanes isInside = compare(mlir::arith::CmpFPredicate::OGE, x, x.number(1.0));
  return select(isInside, result, x.number(notANumber)).toSingle();
}

Lanes octet::expandAtanh(const Lanes &input) {
  Lanes x = input.toDouble(), size = absolute(x);
  Lanes large = log2((size + 1.0) / (1.0 - size)) * (ln2 / 2);
  large = select(size == 1.0, x.number(infinity),
                 select(size < 1.0, large, x.number(notANumber)));
  return oddFunction(x, large, {1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0});
}

//===----------------------------------------------------------------------===//
// Trigonometric functions
//===----------------------------------------------------------------------===//

namespace {
/// |x| = quadrant · π/2 + r, and the sine and the cosine of r.
struct Circle {
  Lanes quadrant, sine, cosine;
};
} // namespace

/// Payne's and Hanek's reduction: x is m · 2^e of a whole m, and x · 2/π modulo
/// 4 depends on 96 bits of 2/π that begin at a place that e says.
static Circle reduce(const Lanes &x) {
  Lanes bits = x.bits() & x.bits().integer(0x7fffffff);
  Lanes wide = bits.as<mlir::arith::ExtUIOp>(bits.integers(64));
  Lanes m = (wide & wide.integer(0x7fffff)) | wide.integer(0x800000);
  // The place, counted from 32 zeros in front of 2/π.
  Lanes place = shiftRight(wide, 23) - wide.integer(120);
  Lanes word = shiftRightSigned(place, 5), rest = place & place.integer(31);
  constexpr uint32_t twoOverPi[] = {0,          0xa2f9836e, 0x4e441529,
                                    0xfc2757d1, 0xf534ddc0, 0xdb629599,
                                    0x3c439041, 0xfe5163ab};
  constexpr int64_t words = 3, starts = 5;
  auto chosen = [&](int64_t offset) {
    Lanes result = wide.integer(twoOverPi[offset]);
    for (int64_t start = 1; start < starts; ++start)
      result = select(isNonZero(apply<mlir::arith::MaxSIOp>(
                          word - word.integer(start - 1), word.integer(0))),
                      wide.integer(twoOverPi[start + offset]), result);
    return result;
  };
  Lanes sum = wide.integer(0), high = chosen(0);
  for (int64_t i = 0; i < words; ++i) {
    Lanes low = chosen(i + 1);
    Lanes pair = shiftLeft(high, 32) | low;
    Lanes digits = shiftRight(apply<mlir::arith::ShLIOp>(pair, rest), 32);
    Lanes product = digits * m;
    // In units of 2^-64 of a whole turn.
    sum = sum + (i == 0   ? shiftLeft(product, 32)
                 : i == 1 ? product
                          : shiftRight(product, 32));
    high = low;
  }
  Lanes quadrant = shiftRight(sum + sum.integer(int64_t(1) << 61), 62);
  Lanes left = sum - shiftLeft(quadrant, 62);
  Lanes r = toDouble(left) * (pi / 9223372036854775808.0);
  // Small numbers are their own remainder, to the last digit.
  Lanes size = absolute(x), isSmall = size < 0.785;
  r = select(isSmall, size.toDouble(), r);
  quadrant = select(isSmall, quadrant.integer(0), quadrant);
  Lanes square = r * r;
  Lanes sine =
      polynomial(square, {1.5917988979397435e-10, -2.5051129896450185e-08,
                          2.7557316093198404e-06, -0.00019841269836740532,
                          0.008333333333330936, -0.16666666666666666});
  Lanes cosine =
      polynomial(square, {-1.136789634714201e-11, 2.0875885001628906e-09,
                          -2.7557315555381283e-07, 2.480158729366189e-05,
                          -0.0013888888888880734, 0.04166666666666664, -0.5});
  return {quadrant, r + r * square * sine, square * cosine + 1.0};
}

/// `value` in f32, negated where `sign` is 1; NaN where `x` has no place on the
/// circle.
static Lanes finish(const Lanes &x, const Lanes &value, const Lanes &sign) {
  Lanes bits = value.toSingle().bits();
  Lanes flip = sign.as<mlir::arith::TruncIOp>(sign.integers(32));
  Lanes result = (bits ^ shiftLeft(flip, 31)).floats();
  return select(absolute(x) < infinity, result, x.number(notANumber));
}

/// 1 where x has a minus sign.
static Lanes signOf(const Lanes &x) {
  Lanes sign = shiftRight(x.bits(), 31);
  return sign.as<mlir::arith::ExtUIOp>(sign.integers(64));
}

static Lanes isOdd(const Lanes &n) { return isNonZero(n & n.integer(1)); }

Lanes octet::expandSin(const Lanes &x) {
  Circle at = reduce(x);
  return finish(x, select(isOdd(at.quadrant), at.cosine, at.sine),
                shiftRight(at.quadrant, 1) ^ signOf(x));
}

Lanes octet::expandCos(const Lanes &x) {
  Circle at = reduce(x);
  Lanes next = at.quadrant + at.quadrant.integer(1);
  return finish(x, select(isOdd(at.quadrant), at.sine, at.cosine),
                shiftRight(next, 1) & next.integer(1));
}

Lanes octet::expandTan(const Lanes &x) {
  Circle at = reduce(x);
  Lanes odd = isOdd(at.quadrant);
  Lanes over = select(odd, -at.cosine, at.sine);
  Lanes under = select(odd, at.sine, at.cosine);
  return finish(x, over / under, signOf(x));
}

Lanes octet::expandAtan(const Lanes &input) {
  Lanes x = input.toDouble(), size = absolute(x);
  // From tan(π/8) on seen from π/4, from tan(3π/8) on from π/2.
  Lanes isMiddle = size > 0.41421356, isLarge = size > 2.41421356;
  auto pick = [&](const Lanes &low, const Lanes &middle, const Lanes &large) {
    return select(isLarge, large, select(isMiddle, middle, low));
  };
  Lanes t = pick(size, size - 1.0, x.number(-1.0)) /
            pick(x.number(1.0), size + 1.0, size);
  Lanes series = polynomial(
      t * t, {0.021132810313338496, -0.0434784293457331, 0.05688276780465485,
              -0.0664022008540203, 0.07689951902451446, -0.09090772961650327,
              0.11111106175584769, -0.14285714180856576, 0.19999999998853618,
              -0.3333333333332843, 1.0});
  Lanes start = pick(x.number(0.0), x.number(pi / 4), x.number(pi / 2));
  return copySign(start + t * series, x).toSingle();
}

/// The arcsine of t², which is at most 1/4, over t.
static Lanes arcsineSeries(const Lanes &square) {
  return polynomial(
      square, {0.03152521798817698, -0.011720312485702211, 0.01827145085327882,
               0.009371683238387673, 0.014325176938219735, 0.017313582428708448,
               0.022374938362985507, 0.03038182027575657, 0.044642860399841444,
               0.07499999995604012, 0.16666666666689822, 1.0});
}

Lanes octet::expandAsin(const Lanes &input) {
  Lanes x = input.toDouble(), size = absolute(x);
  Lanes isLarge = size > 0.5;
  Lanes square = select(isLarge, (1.0 - size) * 0.5, x * x);
  Lanes t = select(isLarge, root(square), size);
  Lanes part = t * arcsineSeries(square);
  return copySign(select(isLarge, pi / 2 - (part + part), part), x).toSingle();
}

Lanes octet::expandAcos(const Lanes &input) {
  Lanes x = input.toDouble(), size = absolute(x);
  Lanes isLarge = size > 0.5;
  Lanes square = select(isLarge, (1.0 - size) * 0.5, x * x);
  Lanes part = select(isLarge, root(square), x) * arcsineSeries(square);
  Lanes twice = part + part;
  Lanes large = select(x < 0.0, pi - twice, twice);
  return select(isLarge, large, pi / 2 - part).toSingle();
}
