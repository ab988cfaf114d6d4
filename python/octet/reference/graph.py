"""Runs the operations of a graph, and what a handler of one sees of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from . import functions, numerics
from .mlir_types import Array, MlirError, Op, Type
from .numerics import F32, f32

EXACT, ROUNDED, REQUANTIZED = range(3)
# Of noise in the signal, where a value is not exact. 100 dB are 1e-5 of the values:
# functions are good to a few 1e-7.
NOISE = {ROUNDED: 1e-10, REQUANTIZED: 1e-3}

Result = Array | tuple[Array, ...]
Handler = Callable[..., Result]
AnyHandler = TypeVar("AnyHandler", bound=Handler)
HANDLERS: dict[str, Handler] = {}


class UnknownOperation(MlirError):
    """An operation, or a kind of it, that has no handler."""

    def __init__(self, op: Op, what: str) -> None:
        super().__init__(f"line {op.line}: the reference does not know {what}")
        self.op, self.what = op, what


@dataclasses.dataclass
class Value:
    """An array and how far it may be from a program's.

    EXACT: not at all. ROUNDED: exp or the like is behind it, a few units in the last
    place. REQUANTIZED: a value like that was rounded to 8 bits since, which may turn
    by one step.
    """

    array: Array
    slack: int = EXACT

    def difference(self, actual: Array) -> str | None:
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
        same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
        signal = np.square(expected, where=np.isfinite(expected), dtype=np.float64,
                           out=np.zeros(expected.shape)).sum()
        noise = np.square(np.subtract(actual, expected, where=~same, dtype=np.float64,
                                      out=np.zeros(expected.shape))).sum()
        if noise <= NOISE[self.slack] * signal:
            return None
        return f"noise is {noise / signal:.2g} of the signal"


def operation(*names: str) -> Callable[[AnyHandler], AnyHandler]:
    """Registers what computes the operations called so."""
    def register(handler: AnyHandler) -> AnyHandler:
        for name in names:
            HANDLERS[name] = handler
        return handler
    return register


class Graph:
    """One function.

    Attributes
    ----------
    ops : list of Op
        In an order in which each operand is computed before it is used.
    names, result_names : list of str
        The ONNX names of inputs and outputs.
    """

    def __init__(self, function: Op) -> None:
        self.arguments, self.types, self.ops = function.regions[0]
        self.definitions = {r: op for op in self.ops for r in op.results}
        self.arg_attributes: list[dict[str, Any]] = function.get("arg_attrs", [])
        self.result_attributes: list[dict[str, Any]] = function.get("res_attrs", [])
        self.names = [a.get("octet.name", "") for a in self.arg_attributes]
        self.result_names = [a.get("octet.name", "") for a in self.result_attributes]
        self._constants: dict[str, Value] | None = None

    def unknown(self) -> UnknownOperation | None:
        """The first operation that cannot be computed here."""
        for op in self.ops:
            if op.name not in HANDLERS and op.name != "func.return":
                return UnknownOperation(op, f"'{op.name}'")
        return None

    def constants(self) -> dict[str, Value]:
        """What does not depend on inputs: weights, and what is computed of them."""
        if self._constants is None:
            self._constants = {}
            for op in self.ops:
                if op.name != "func.return" and all(o in self._constants
                                                    for o in op.operands):
                    self.compute(op, self._constants)
        return self._constants

    def run(self, inputs: Sequence[Array]) -> list[Value]:
        """Computes the results of one inference from its arguments, in order."""
        constants = self.constants()
        values = {**constants,
                  **dict(zip(self.arguments, map(Value, inputs), strict=True))}
        for op in self.ops:
            if op.name == "func.return":
                return [values[o] for o in op.operands]
            if not all(r in constants for r in op.results):
                self.compute(op, values)
        raise MlirError("a function without func.return")

    def compute(self, op: Op, values: dict[str, Value]) -> None:
        """Adds the results of `op` to `values`."""
        if op.name not in HANDLERS:
            raise UnknownOperation(op, f"'{op.name}'")
        operands = [values[o] for o in op.operands]
        try:
            result = HANDLERS[op.name](Call(self, op, values),
                                       *(o.array for o in operands))
        except OverflowError as error:
            raise OverflowError(f"line {op.line}: {op.name}: {error}") from None
        if not isinstance(result, tuple):
            result = (result,)
        slack = slack_of(op, operands)
        for name, like, array in zip(op.results, op.result_types, result, strict=True):
            values[name] = checked(op, like, array, slack)


def slack_of(op: Op, operands: Sequence[Value]) -> int:
    """How far the results of `op` may be from a program's."""
    slack = max((o.slack for o in operands), default=EXACT)
    approximate = (op.name in ("octet.attention", "octet.softmax",
                               "octet.recurrence") or
                   (op.name == "octet.binary" and op.kind() == "pow") or
                   op.kind() in functions.APPROXIMATE or
                   (op.name == "octet.map" and any(
                       inner.name in functions.APPROXIMATE_SCALARS
                       for inner in op.regions[0][2])))
    if approximate and op.result_types[0].element == "f32":
        slack = max(slack, ROUNDED)
    if slack == ROUNDED and op.result_types[0].storage():
        slack = REQUANTIZED
    return slack


def checked(op: Op, like: Type, array: Array, slack: int) -> Value:
    """A result whose shape and values are as its type says, in the type's integers."""
    if like.shape is not None and tuple(array.shape) != like.shape:
        raise MlirError(f"line {op.line}: {op.name} gives {array.shape}, "
                        f"not {like.shape}")
    storage = like.storage()
    if storage:
        low, high = numerics.STORAGE[storage]
        if array.size and not (low <= array.min() and array.max() <= high):
            raise OverflowError(f"line {op.line}: {op.name} leaves {storage}")
        array = array.astype({"u8": np.uint8, "i8": np.int8}[storage])
    return Value(array, slack)


class Call:
    """What a handler sees of the operation."""

    def __init__(self, graph: Graph, op: Op, values: dict[str, Value]) -> None:
        self.graph, self.op, self.values = graph, op, values
        self.get = op.get
        self.result = op.result_types[0]
        self.operand_types = op.operand_types

    def kind(self, known: Any = None) -> str:
        """Which of several functions the operation is, of those in `known`."""
        kind = self.op.kind()
        if known is not None and kind not in known:
            raise UnknownOperation(self.op, f"'{kind}' of '{self.op.name}'")
        return kind

    def segments(self, operands: Sequence[Any], count: int) -> list[Any]:
        """`operands` with None for each of `count` that is absent."""
        sizes = self.get("operandSegmentSizes") or self.get(
            "operand_segment_sizes")
        if sizes is None:
            return list(operands) + [None] * (count - len(operands))
        rest = iter(operands)
        return [next(rest) if size else None for size in sizes]

    def operand_scale(self, index: int = 0) -> tuple[Any, int]:
        """(scale, zero point) of an operand that is quantized per tensor (QS-1)."""
        return scale_of(self.operand_types[index])

    def result_scale(self) -> tuple[Any, int]:
        """(scale, zero point) of the result."""
        return scale_of(self.result)

    def is_quantized(self) -> bool:
        """Whether the result has a scale, and so what it is computed of."""
        return has_scale(self.result)

    def bounds(self) -> tuple[Any, Any]:
        """Bounds of the result relative to its zero point (QS-5)."""
        scale, zero = self.result_scale()
        least, most = storage_bounds(self.result)
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

    def clamped(self, x: Array) -> Array:
        """`x` after an attached clamp."""
        y: Array = numerics.clamp(x, self.get("clamp_min"), self.get("clamp_max"))
        return y

    def stored(self, x: Array) -> Array:
        """`x`, in steps of the result's scale, as what is stored."""
        return numerics.store(x, *self.bounds(), self.result_scale()[1])


def has_scale(tensor: Type | None) -> bool:
    """Whether a type is quantized with one scale for the tensor."""
    found = tensor.quantization() if tensor else None
    return found is not None and found[2] is None


def scale_of(tensor: Type) -> tuple[Any, int]:
    """(scale, zero point) of a per-tensor type."""
    found = tensor.quantization()
    if found is None or found[2] is not None:
        raise MlirError(f"{tensor.element} has no scale for the whole tensor")
    return found[0][0], int(found[1][0])


def storage_bounds(tensor: Type) -> tuple[Any, Any]:
    """The smallest and the largest stored integer."""
    storage = tensor.storage()
    if storage is None:
        raise MlirError(f"{tensor.element} is not stored in 8 bits")
    return numerics.STORAGE[storage]
