"""Runs the operations of a graph, and what a handler of one sees of it."""

import dataclasses
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import numerics  # noqa: E402
from mlir_text import MlirError  # noqa: E402
from numerics import F32, f32  # noqa: E402

EXACT, ROUNDED, REQUANTIZED = range(3)
HANDLERS = {}


@dataclasses.dataclass
class Value:
    """An array and how far it may be from a program's. EXACT: not at all.
    ROUNDED: exp or the like is behind it, a few units in the last place. REQUANTIZED:
    a value like that was rounded to 8 bits since, which may turn by one step."""
    array: np.ndarray
    slack: int = EXACT

    def difference(self, actual):
        """None if `actual` is as close as `slack` demands, else a sentence."""
        expected = self.array
        if actual.shape != expected.shape or actual.dtype != expected.dtype:
            return f"{actual.dtype}{list(actual.shape)}, not " \
                   f"{expected.dtype}{list(expected.shape)}"
        if self.slack == EXACT:
            if actual.tobytes() == expected.tobytes():
                return None
            bits = np.dtype(f"u{expected.itemsize}")
            wrong = np.flatnonzero(actual.view(bits) != expected.view(bits))
            at = np.unravel_index(wrong[0], expected.shape)
            return (f"{wrong.size} of {actual.size} values differ, first at "
                    f"{[int(i) for i in at]}: {actual[at]!r}, not {expected[at]!r}")
        signal = np.square(expected, dtype=np.float64).sum()
        noise = np.square(np.subtract(actual, expected, dtype=np.float64)).sum()
        # 100 dB are 1e-5 of the values: functions are good to a few 1e-7.
        bound = 1e-10 if self.slack == ROUNDED else 1e-3
        if noise <= bound * signal:
            return None
        return f"noise is {noise / signal:.2g} of the signal"


def operation(*names):
    def register(handler):
        for name in names:
            HANDLERS[name] = handler
        return handler
    return register


class Graph:
    """One function."""

    def __init__(self, function):
        self.arguments, _, self.ops = function.regions[0]
        self.definitions = {r: op for op in self.ops for r in op.results}
        self.names = [a.get("octet.name") for a in function.get("arg_attrs", [])]
        self.result_names = [a.get("octet.name")
                             for a in function.get("res_attrs", [])]

    def run(self, inputs):
        values = dict(zip(self.arguments, (Value(x) for x in inputs)))
        for op in self.ops:
            operands = [values[o] for o in op.operands]
            if op.name == "func.return":
                return operands
            if op.name not in HANDLERS:
                raise MlirError(f"line {op.line}: the oracle does not know "
                                f"'{op.name}'")
            arrays = [o.array for o in operands]
            try:
                result = HANDLERS[op.name](Call(self, op, values), *arrays)
            except OverflowError as error:
                raise OverflowError(f"line {op.line}: {op.name}: {error}") from None
            if not isinstance(result, tuple):
                result = (result,)
            slack = self.slack(op, operands)
            for name, type, array in zip(op.results, op.result_types, result):
                values[name] = self.checked(op, type, array, slack)
        raise MlirError("a function without func.return")

    @staticmethod
    def slack(op, operands):
        slack = max((o.slack for o in operands), default=EXACT)
        approximate = (op.name in ("octet.softmax", "octet.recurrence") or
                       kind_of(op) in numerics.TRANSCENDENTAL) or (
            op.name == "octet.map" and any(inner.name in numerics.APPROXIMATE
                                           for inner in op.regions[0][2]))
        if approximate and op.result_types[0].element == "f32":
            slack = max(slack, ROUNDED)
        if slack == ROUNDED and op.result_types[0].storage():
            slack = REQUANTIZED
        return slack

    @staticmethod
    def checked(op, type, array, slack):
        if type.shape is not None and tuple(array.shape) != type.shape:
            raise MlirError(f"line {op.line}: {op.name} gives {array.shape}, "
                            f"not {type.shape}")
        storage = type.storage()
        if storage:
            low, high = numerics.STORAGE[storage]
            if array.size and not (low <= array.min() and array.max() <= high):
                raise OverflowError(f"line {op.line}: {op.name} leaves {storage}")
            array = array.astype({"u8": np.uint8, "i8": np.int8}[storage])
        return Value(array, slack)


def kind_of(op):
    kind = op.get("kind", "")
    return kind if isinstance(kind, str) else ""


class Call:
    """What a handler sees of the operation."""

    def __init__(self, graph, op, values):
        self.graph, self.op, self.values = graph, op, values
        self.get = op.get
        self.result = op.result_types[0]
        self.operand_types = op.operand_types

    def segments(self, operands, count):
        """`operands` with None for each of `count` that is absent."""
        sizes = self.get("operandSegmentSizes") or self.get(
            "operand_segment_sizes")
        if sizes is None:
            return list(operands) + [None] * (count - len(operands))
        rest = iter(operands)
        return [next(rest) if size else None for size in sizes]

    def types(self, count):
        return self.segments(self.operand_types, count)

    def scale(self, type):
        """(scale, zero point) of a per-tensor type, or None."""
        found = type.quantization() if type else None
        if not found or found[2] is not None:
            return None
        return found[0][0], int(found[1][0])

    def bounds(self):
        """Bounds of the result relative to its zero point (QS-5)."""
        scale, zero = self.scale(self.result)
        least, most = numerics.STORAGE[self.result.storage()]
        low, high = f32(least - zero), f32(most - zero)
        least, most = low, high
        # A clamp is min(max(x, clamp_min), clamp_max): the second bound wins.
        if self.get("clamp_min") is not None:
            low = np.clip(numerics.rne(F32(self.get("clamp_min")) / scale),
                          least, most)
        if self.get("clamp_max") is not None:
            high = np.clip(numerics.rne(F32(self.get("clamp_max")) / scale),
                           least, most)
        return low, high

    def clamped(self, x):
        """`x` after an attached clamp."""
        return numerics.clamp(x, self.get("clamp_min"), self.get("clamp_max"))

    def stored(self, x):
        """`x`, in steps of the result's scale, as what is stored."""
        return numerics.store(x, *self.bounds(), self.scale(self.result)[1])
