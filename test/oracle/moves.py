"""Operations that move, choose and mix elements."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import numerics  # noqa: E402
from graph import kind_of, operation  # noqa: E402
from numerics import F32, f32  # noqa: E402
from operations import by_table, centred, padded  # noqa: E402

# Movement (QS-10) -----------------------------------------------------------


@operation("octet.reshape")
def reshape(call, x):
    return x.reshape(call.result.shape)


@operation("octet.copy")
def copy(call, x):
    return x


@operation("octet.transpose")
def transpose(call, x):
    return x.transpose(call.get("permutation"))


@operation("octet.slice")
def slice_(call, x):
    return x[np.ix_(*(offset + stride * np.arange(size)
                      for offset, size, stride in zip(*(
                          call.get(a) for a in ("offsets", "sizes", "strides")))))]


@operation("octet.pad")
def pad(call, x):
    value = F32(call.get("value", 0))
    found = call.scale(call.operand_types[0])
    if found:  # in real units, which the scale represents
        value = int(numerics.rne(value / found[0])) + found[1]
    return np.pad(x, list(zip(call.get("low"), call.get("high"))),
                  constant_values=value if x.dtype == F32 else int(value))


@operation("octet.border")
def border(call, x):
    return padded(x, call.get("pads"), x.dtype.type(call.get("value")))


@operation("octet.concat")
def concat(call, *inputs):
    if call.scale(call.result):
        inputs = [x if call.scale(t) == call.scale(call.result) else
                  by_table(call, x, t, lambda v: v)
                  for x, t in zip(inputs, call.operand_types)]
    return np.concatenate(inputs, call.get("axis"))


@operation("octet.broadcast")
def broadcast(call, x):
    return np.broadcast_to(x, call.result.shape)


@operation("octet.gather")
def gather(call, x, indices):
    axis = call.get("axis")
    indices = np.where(indices < 0, indices + x.shape[axis], indices)
    return np.take(x, np.clip(indices, 0, x.shape[axis] - 1), axis)


# Weighted sums along a dimension (QS-20) -------------------------------------


def weighted_sum(call, x, sources, weights):
    axis = call.get("axis")
    tail = (1,) * (x.ndim - axis - 1)
    total = None
    for source, weight in zip(sources.T, f32(weights).T):
        taken = np.take(x, np.clip(source, 0, x.shape[axis] - 1), axis)
        part = taken * weight.reshape(-1, *tail)
        total = part if total is None else total + part
    return total


@operation("octet.resample")
def resample(call, x, sources, weights):
    if not call.scale(call.result):
        return weighted_sum(call, x, sources, weights)
    scale, zero = call.scale(call.operand_types[0])
    ratio = scale / call.scale(call.result)[0]
    return call.stored(weighted_sum(call, centred(x, zero), sources,
                                    f32(weights) * ratio))


@operation("octet.integer_resample")
def integer_resample(call, x, zero_in, sources, multipliers, low, high, zero):
    total = weighted_sum(call, centred(x, int(zero_in)), sources, multipliers)
    return numerics.store(total, low, high, int(zero))


# Choices -------------------------------------------------------------------------


@operation("octet.compare")
def compare(call, a, b):
    return {"eq": np.equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
            "ge": np.greater_equal}[kind_of(call.op)](a, b)


@operation("octet.select")
def select(call, condition, a, b):
    return np.where(condition, a, b)
