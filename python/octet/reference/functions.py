"""Functions of one and two values (QS-9, QS-13, QS-22)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .mlir_types import Array
from .numerics import clamp

Function = Callable[[Any], Any]


def erf(x: Array) -> Array:
    """The error function, in the precision of `x`."""
    found: Array = np.vectorize(math.erf, [np.float64])(x).astype(x.dtype)
    return found


# Functions of octet.unary that are approximated in f32 (QS-13).
TRANSCENDENTAL: dict[str, Function] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "exp": np.exp, "log": np.log, "erf": erf, "sin": np.sin, "cos": np.cos,
    "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh}
EXACT: dict[str, Function] = {
    "neg": np.negative, "abs": np.abs, "sqrt": np.sqrt, "floor": np.floor,
    "ceil": np.ceil, "round": np.rint,
    # The sign of a zero and NaN stay.
    "sign": lambda x: np.where(x > 0, 1, np.where(x < 0, -1, x)),
    "reciprocal": lambda x: 1 / x, "softsign": lambda x: x / (1 + np.abs(x)),
    "relu": lambda x: np.where(x > 0, x, 0 * x)}


def hard_sigmoid(x: Array, alpha: Any, beta: Any) -> Any:
    """min(max(alpha · x + beta, 0), 1)."""
    return clamp(alpha * x + beta, 0, 1)


def elu(x: Array, alpha: Any) -> Any:
    """X, or alpha · (exp(x) - 1) below zero."""
    return np.where(x < 0, alpha * np.expm1(x), x)


# Functions with parameters, of the value, alpha and beta.
PARAMETRIC: dict[str, Callable[[Array, Any, Any], Any]] = {
    "leaky_relu": lambda x, a, b: np.where(x < 0, a * x, x),
    "elu": lambda x, a, b: elu(x, a),
    "selu": lambda x, a, b: b * elu(x, a),
    "hard_sigmoid": hard_sigmoid,
    "hard_swish": lambda x, a, b: x * hard_sigmoid(x, a, b),
    "thresholded_relu": lambda x, a, b: np.where(x > a, x, 0),
    "affine": lambda x, a, b: a * x + b,
    "scaled_tanh": lambda x, a, b: a * np.tanh(b * x)}
KINDS = {*EXACT, *TRANSCENDENTAL, *PARAMETRIC}
APPROXIMATE = {*TRANSCENDENTAL, "elu", "selu", "scaled_tanh"}


def activation(kind: str, x: Array, alpha: Any, beta: Any) -> Array:
    """A function of octet.unary or of a recurrence, in the precision of `x`."""
    real = x.dtype.type
    with np.errstate(all="ignore"):
        if kind in PARAMETRIC:
            found = PARAMETRIC[kind](x, real(alpha), real(beta))
        else:
            found = (EXACT | TRANSCENDENTAL)[kind](x)
    return np.asarray(found).astype(x.dtype)


# Bodies of octet.map ----------------------------------------------------------------

COMPARISONS = {1: np.equal, 2: np.greater, 3: np.greater_equal, 4: np.less,
               5: np.less_equal}
SCALARS: dict[str, Callable[..., Any]] = {
    "arith.addf": np.add, "arith.subf": np.subtract, "arith.mulf": np.multiply,
    "arith.divf": np.divide, "arith.negf": np.negative, "arith.remf": np.fmod,
    "arith.maximumf": np.maximum, "arith.minimumf": np.minimum,
    "arith.select": np.where, "arith.andi": np.logical_and, "arith.ori": np.logical_or,
    "arith.xori": np.logical_xor, "math.absf": np.abs, "math.sqrt": np.sqrt,
    "math.floor": np.floor, "math.ceil": np.ceil, "math.roundeven": np.rint,
    "math.copysign": np.copysign}
# What programs compute to a few units in the last place (QS-13).
APPROXIMATE_SCALARS: dict[str, Callable[..., Any]] = {
    "math.exp": np.exp, "math.log": np.log, "math.expm1": np.expm1,
    "math.log1p": np.log1p, "math.powf": np.power, "math.erf": erf,
    "math.tanh": np.tanh, "math.sin": np.sin, "math.cos": np.cos, "math.tan": np.tan,
    "math.asin": np.arcsin, "math.acos": np.arccos, "math.atan": np.arctan,
    "math.sinh": np.sinh, "math.cosh": np.cosh, "math.asinh": np.arcsinh,
    "math.acosh": np.arccosh, "math.atanh": np.arctanh}


STEPS = {"arith.cmpf", *SCALARS, *APPROXIMATE_SCALARS}


def compared(predicate: int, a: Any, b: Any) -> Any:
    """`arith.cmpf`: predicates from 8 on are true where an operand is NaN."""
    unordered = np.isnan(a) | np.isnan(b)
    if predicate in (7, 14):  # ord, uno
        return unordered == (predicate == 14)
    if predicate in (6, 13):  # one, une
        return (a != b) & (unordered <= (predicate == 13))
    ordered = COMPARISONS[predicate if predicate < 8 else predicate - 7]
    return (ordered(a, b) & ~unordered) | (unordered & (predicate > 7))


def scalar(name: str, operands: Sequence[Any], predicate: int | None) -> Any:
    """One operation of a map's body in the precision of its operands."""
    with np.errstate(all="ignore"):
        if predicate is not None:
            return compared(predicate, *operands)
        return (SCALARS | APPROXIMATE_SCALARS)[name](*operands)


# Functions of two values (QS-22) ----------------------------------------------------


def divided(a: Array, b: Array) -> Array:
    """A quotient; of integers truncated toward zero, and 0 where there is none."""
    if a.dtype.kind == "f":
        quotient: Array = np.divide(a, b)
        return quotient
    undefined = b == 0
    if a.dtype.kind == "i":
        undefined |= (a == np.iinfo(a.dtype).min) & (b == -1)
    b = np.where(undefined, 1, b).astype(a.dtype)
    quotient = a // b
    quotient += ((a % b != 0) & ((a < 0) != (b < 0))).astype(a.dtype)
    return np.where(undefined, 0, quotient).astype(a.dtype)


def power(a: Array, b: Array) -> Array:
    """The power of a to the b; of integers it wraps around, and fractions are 0."""
    if a.dtype.kind == "f":
        found: Array = np.power(a, b)
        return found
    below = b < 0
    whole = np.power(a, np.where(below, 0, b).astype(a.dtype))
    unit = np.where(a == -1, np.where(b % 2 == 1, -1, 1), a == 1)
    return np.where(below, unit, whole).astype(a.dtype)


def shifted(a: Array, count: Array, left: bool) -> Array:
    """`a` shifted by `count` bits; a count that is no number of a bit takes all."""
    bits = 8 * a.dtype.itemsize
    outside = (count < 0) | (count >= bits)
    near = np.where(outside, bits - 1, count).astype(a.dtype)
    moved: Array = a << near if left else a >> near
    if not left and a.dtype.kind == "i":
        return moved  # The sign is what is left of it.
    return np.where(outside, 0, moved).astype(a.dtype)


BINARIES: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": divided,
    "max": np.maximum, "min": np.minimum, "pow": power, "mod": np.mod, "rem": np.fmod,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "shift_left": lambda a, b: shifted(a, b, True),
    "shift_right": lambda a, b: shifted(a, b, False)}


def binary(kind: str, a: Array, b: Array) -> Array:
    """A function of octet.binary on values that are no quantized integers."""
    with np.errstate(all="ignore"):
        return BINARIES[kind](a, b)
