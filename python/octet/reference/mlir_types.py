"""What is read from MLIR's text: types, operations and locations."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import Error

Array: TypeAlias = npt.NDArray[Any]

ELEMENTS: dict[str, type[np.generic]] = {
    "f32": np.float32, "f64": np.float64, "ui8": np.uint8, "si8": np.int8,
    "i8": np.int8, "i32": np.int32, "i64": np.int64, "i1": np.bool_,
    "index": np.int64, "f16": np.float16, "i16": np.int16, "ui16": np.uint16,
    "ui32": np.uint32, "ui64": np.uint64}


class MlirError(Error):
    """Text that cannot be read, or a graph that cannot be computed."""


@dataclasses.dataclass
class Type:
    """A tensor's type; `shape` is None for a scalar's."""

    element: str
    shape: tuple[int, ...] | None = None

    def quantization(self) -> tuple[Array, Array, int | None] | None:
        """(scales, zero points, axis or None) of a !quant.uniform element (QS-1)."""
        text = re.fullmatch(r"!quant\.uniform<\w+(?:<[^>]*>)?:f32(?::(\d+))?,\s*"
                            r"(?:\{(.*)\}|([^{}]*))>", self.element, re.DOTALL)
        if not text:
            return None
        axis = int(text[1]) if text[1] is not None else None
        pairs = [p.strip().split(":") for p in (text[2] or text[3]).split(",")]
        scales = np.array([number(p[0]) for p in pairs], np.float32)
        zeros = np.array([int(p[1]) if len(p) > 1 else 0 for p in pairs])
        return scales, zeros, axis

    def storage(self) -> str | None:
        """"u8" or "i8" for 8-bit storage and quantized types, else None."""
        if self.element in ("ui8", "si8"):
            return {"ui8": "u8", "si8": "i8"}[self.element]
        found = re.match(r"!quant\.uniform<(\w+)", self.element)
        return found[1] if found else None

    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of the elements."""
        if self.element not in ELEMENTS:
            raise MlirError(f"no values of type {self.element}")
        return np.dtype(ELEMENTS[self.element])


@dataclasses.dataclass
class Op:
    """One operation; `nodes` are the ONNX nodes that were fused in it, in order."""

    name: str
    results: list[str]
    operands: list[str]
    attributes: dict[str, Any]
    operand_types: list[Type]
    result_types: list[Type]
    regions: list[Region]
    line: int
    nodes: list[str] = dataclasses.field(default_factory=list)

    @property
    def node(self) -> str:
        """The ONNX node whose value it computes, "" if unknown."""
        return self.nodes[-1] if self.nodes else ""

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute's value."""
        return self.attributes.get(name, default)

    def kind(self) -> str:
        """The attribute `kind`, "" where there is none."""
        kind = self.get("kind", "")
        return kind if isinstance(kind, str) else ""


Region: TypeAlias = "tuple[list[str], list[Type], list[Op]]"
"""Names and types of the block's arguments, and its operations."""


def number(text: str) -> float:
    """A float as MLIR prints it: decimal, or the bits of an f64 or f32 in hex."""
    if text.startswith("0x"):
        kind = np.float32 if len(text) <= 10 else np.float64
        bits = np.array(int(text, 16), f"u{np.dtype(kind).itemsize}")
        return float(bits.view(kind))
    return float(text)


def unquoted(text: str) -> str:
    """What a string of MLIR stands for, where bytes may be two hex digits."""
    def byte(match: re.Match[bytes]) -> bytes:
        found = match[1]
        return bytes.fromhex(found.decode()) if len(found) == 2 else found
    inner = text[1:-1].encode()
    return re.sub(rb'\\([0-9A-Fa-f]{2}|[\\"])', byte, inner).decode(errors="replace")
