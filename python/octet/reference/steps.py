"""Operations that go along an axis, one element or one step after the other."""

from __future__ import annotations

import numpy as np

from . import functions, numerics
from .graph import Call, operation
from .mlir_types import Array
from .numerics import F32, fma


@operation("octet.cumulative")
def cumulative(call: Call, x: Array) -> Array:
    """QS-12: in order, each step rounded once."""
    combine = np.add if call.kind() == "cumulative_sum" else np.multiply
    x = np.moveaxis(x, call.get("axis"), 0)
    x = x[::-1] if call.get("reverse", False) else x
    out = np.empty_like(x)
    if call.get("exclusive", False):
        out[0] = 0 if combine is np.add else 1
        steps = x[:-1]
    else:
        out[0], steps = x[0], x[1:]
    for i, element in enumerate(steps):
        out[i + 1] = combine(out[i], element)
    out = out[::-1] if call.get("reverse", False) else out
    return np.moveaxis(out, 0, call.get("axis"))


# Recurrences (QS-19) --------------------------------------------------------------


def chain(start: Array, h: Array, weight: Array) -> Array:
    """[n, hidden]: start + h · weight, ascending, one fma for each."""
    for k in range(h.shape[-1]):
        start = fma(h[:, k, None], weight[None, k], start)
    return start


@operation("octet.recurrence")
def recurrence(call: Call, *operands: Array) -> tuple[Array, Array]:
    """QS-19: the output [n, steps, hidden] and the last state [n, count, hidden].

    `x` is the projection X · W + b of every step; gates lie side by side, as ONNX
    orders them.
    """
    x, weight, initial, lengths, bias, peephole = call.segments(operands, 6)
    counts = {"rnn": 1, "gru": 1, "lstm": 2}
    kind, (n, steps, _), hidden = call.kind(counts), x.shape, weight.shape[0]
    count = counts[kind]
    state = (np.zeros((n, count, hidden), F32) if initial is None else initial)
    h, c = state[:, 0], state[:, -1]
    clip = call.get("clip")
    activations = list(zip(*(call.get(name) for name in (
        "activations", "alphas", "betas")), strict=True))

    def unbounded(i: int, v: Array) -> Array:
        kind, alpha, beta = activations[i]
        return functions.activation(kind, v, F32(alpha), F32(beta))

    def function(i: int, v: Array) -> Array:
        if clip is not None:
            v = numerics.clamp(v, -F32(clip), F32(clip))
        return unbounded(i, v)

    def part(v: Array, i: int) -> Array:
        return v[..., i * hidden:(i + 1) * hidden]

    def rnn(a: Array) -> tuple[Array, Array | None]:
        return function(0, chain(a, h, weight)), None

    def gru(a: Array) -> tuple[Array, Array | None]:
        z, r = (function(0, chain(part(a, i), h, part(weight, i))) for i in (0, 1))
        own = part(weight, 2)
        if call.get("linear_before_reset", False):
            start = np.zeros((n, hidden), F32)
            if bias is not None:
                start = np.tile(bias, (n, 1))
            argument = part(a, 2) + r * chain(start, h, own)
        else:
            argument = chain(part(a, 2), r * h, own)
        return (F32(1) - z) * function(1, argument) + z * h, None

    def lstm(a: Array) -> tuple[Array, Array | None]:
        i, o, f, g = (chain(part(a, k), h, part(weight, k)) for k in range(4))
        if peephole is not None:
            i, f = i + peephole[0] * c, f + peephole[2] * c
        i = function(0, i)
        f = F32(1) - i if call.get("input_forget", False) else function(0, f)
        cell = f * c + i * function(1, g)
        if peephole is not None:
            o = o + peephole[1] * cell
        return function(0, o) * unbounded(2, cell), cell

    output = np.zeros((n, steps, hidden), F32)
    step = {"rnn": rnn, "gru": gru, "lstm": lstm}[kind]
    for t in range(steps)[::-1 if call.get("reverse", False) else 1]:
        following, cell = step(x[:, t])
        inside = np.ones((n, 1), bool) if lengths is None else t < lengths[:, None]
        h = np.where(inside, following, h)
        if cell is not None:
            c = np.where(inside, cell, c)
        output[:, t] = np.where(inside, h, 0)
    return output, np.stack([h, c][:count], 1)
