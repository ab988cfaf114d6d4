"""Operations that go along an axis, one element or one step after the other."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import numerics  # noqa: E402
from graph import kind_of, operation  # noqa: E402
from numerics import F32, fma  # noqa: E402


@operation("octet.cumulative")
def cumulative(call, x):
    """QS-12: in order, each step rounded once."""
    combine = np.add if kind_of(call.op) == "cumulative_sum" else np.multiply
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


def chain(start, h, weight):
    """start + h · weight, ascending, one fma for each."""
    for k in range(h.shape[-1]):
        start = fma(h[:, k, None], weight[None, k], start)
    return start


@operation("octet.recurrence")
def recurrence(call, *operands):
    x, weight, initial, lengths, bias, peephole = call.segments(operands, 6)
    kind, (n, steps, _), hidden = kind_of(call.op), x.shape, weight.shape[0]
    count = {"rnn": 1, "gru": 1, "lstm": 2}[kind]
    state = (np.zeros((n, count, hidden), F32) if initial is None else initial)
    h, c = state[:, 0], state[:, -1]
    clip = call.get("clip")
    functions = [lambda v, k=k, a=a, b=b: numerics.activation(k, v, F32(a), F32(b))
                 for k, a, b in zip(*(call.get(name) for name in (
                     "activations", "alphas", "betas")))]

    def bounded(v):
        return v if clip is None else numerics.clamp(v, -F32(clip), F32(clip))

    def part(v, i):
        return v[..., i * hidden:(i + 1) * hidden]

    def rnn(a):
        return functions[0](bounded(chain(a, h, weight))), None

    def gru(a):
        z, r = (functions[0](bounded(chain(part(a, i), h, part(weight, i))))
                for i in (0, 1))
        own = part(weight, 2)
        if call.get("linear_before_reset", False):
            start = np.zeros((n, hidden), F32) if bias is None else np.tile(bias, (n, 1))
            argument = part(a, 2) + r * chain(start, h, own)
        else:
            argument = chain(part(a, 2), r * h, own)
        return (F32(1) - z) * functions[1](bounded(argument)) + z * h, None

    def lstm(a):
        i, o, f, g = (chain(part(a, k), h, part(weight, k)) for k in range(4))
        if peephole is not None:
            i, f = i + peephole[0] * c, f + peephole[2] * c
        i = functions[0](bounded(i))
        f = F32(1) - i if call.get("input_forget", False) else functions[0](bounded(f))
        cell = f * c + i * functions[1](bounded(g))
        if peephole is not None:
            o = o + peephole[1] * cell
        return functions[0](bounded(o)) * functions[2](cell), cell

    output = np.zeros((n, steps, hidden), F32)
    order = range(steps)
    for t in reversed(order) if call.get("reverse", False) else order:
        following, cell = {"rnn": rnn, "gru": gru, "lstm": lstm}[kind](x[:, t])
        inside = np.ones((n, 1), bool) if lengths is None else t < lengths[:, None]
        h = np.where(inside, following, h)
        if cell is not None:
            c = np.where(inside, cell, c)
        output[:, t] = np.where(inside, h, 0)
    return output, np.stack([h, c][:count], 1)
