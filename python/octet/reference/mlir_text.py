"""Reads MLIR's generic textual form (`octet compile --compile-to PHASE --generic`).

That form does not depend on operations' assembly formats. What is read: modules,
functions, operations with one block per region, their attributes, types and ONNX names.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np

from .mlir_tokens import Tokens
from .mlir_types import Array, MlirError, Op, Region, Type, number, unquoted

ELIDED = "__elided__"


class Alias(str):
    """A name that stands for what is written elsewhere."""


class Parser(Tokens):
    """Reads operations, one after the other."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.aliases: dict[str, str] = {}
        self.locations: dict[str, list[str]] = {}
        self.resources: dict[str, bytes] = {}
        self.read_resources()

    def read_resources(self) -> None:
        """`{-# dialect_resources: { builtin: { name: "0x..." } } #-}`.

        They are blobs with an alignment of four bytes in front.
        """
        texts = [t[1] for t in self.tokens]
        if "{-#" not in texts:
            return
        start = texts.index("{-#")
        for i in range(start, len(texts) - 2):
            if texts[i + 1] == ":" and texts[i + 2].startswith('"0x'):
                self.resources[texts[i]] = bytes.fromhex(texts[i + 2][3:-1])[4:]
        self.tokens = self.tokens[:start] + self.tokens[-1:]

    # Types and attributes --------------------------------------------------

    def type(self) -> Type:
        """A tensor's, a scalar's or a function's type."""
        if self.peek() == "(":
            self.balanced()
            self.expect("->")
            self.types()
            return Type("function")
        return self.make_type(self.balanced())

    def make_type(self, text: str) -> Type:
        """The type that is written as `text`."""
        if text in self.aliases:
            return self.make_type(self.aliases[text])
        found = re.fullmatch(r"tensor<((?:[0-9]+x)*)(.*)>", text, re.DOTALL)
        if not found:
            return Type(text)
        shape = tuple(int(d) for d in found[1].split("x")[:-1])
        element = found[2].split(",#")[0]
        return Type(self.aliases.get(element, element), shape)

    def types(self) -> list[Type]:
        """One type, or several in parentheses."""
        if self.accept("("):
            return self.listed(")", self.type)
        return [self.type()]

    def attribute(self) -> Any:
        """A number, bool, string, list, dictionary, array or type."""
        kind, text = self.kind(), self.peek()
        if kind == "string":
            value = unquoted(self.next())
            if self.accept(":"):
                self.type()
            return value
        if kind == "number":
            value = self.next()
            if not self.accept(":"):
                return int(value, 0)
            element = self.type().element
            return number(value) if element.startswith("f") else int(value, 0)
        if text in ("true", "false"):
            return self.next() == "true"
        if text == "[":
            self.next()
            return self.listed("]", self.attribute)
        if text == "{":
            return self.dictionary()
        if text == "array":
            return self.array()
        if text in ("dense", "dense_resource"):
            return self.dense()
        if text.startswith("#"):
            # Enumerations: #octet<binary_kind add> is "add".
            if self.peek(1) == "<" and self.peek(4) == ">":
                return [self.next() for _ in range(5)][3]
            value = self.balanced()
            return self.aliases.get(value, value)
        if text.startswith("@"):
            return self.next()
        return self.type()

    def array(self) -> list[Any]:
        """`array<i64: 1, 2>`."""
        self.expect("array")
        self.expect("<")
        element = self.type().element

        def item() -> Any:
            text = self.next()
            if element == "i1":
                return text == "true"
            return number(text) if element.startswith("f") else int(text, 0)

        if self.accept(":"):
            return self.listed(">", item)
        self.expect(">")
        return []

    def dense(self) -> Array | None:
        """A constant: its elements, in hex, or by name; None if left out."""
        resource = self.next() == "dense_resource"
        self.expect("<")
        value: Any = None
        name = ""
        if resource:
            name = self.next()
        else:
            value = [] if self.peek() == ">" else self.nested()
        self.expect(">")
        self.expect(":")
        of = self.type()
        if name == ELIDED or (resource and name not in self.resources):
            return None
        dtype, shape = of.dtype(), of.shape or ()
        array: Array
        if resource:
            array = np.frombuffer(self.resources[name], dtype)
        elif isinstance(value, bytes):
            if dtype == np.bool_ and len(value) < np.prod(shape):
                # One bit for each, from the lowest of the first byte on.
                array = np.unpackbits(np.frombuffer(value, np.uint8), bitorder="little"
                                      )[:int(np.prod(shape))].astype(np.bool_)
            else:
                array = np.frombuffer(value, dtype)
        else:
            flat = np.array(value, object).reshape(-1)
            array = np.array([element_of(t, dtype) for t in flat], dtype)
        if array.size == 1:
            return np.full(shape, array[0], dtype)
        return array.reshape(shape)

    def nested(self) -> Any:
        """Lists in lists of elements' texts, or the bytes of all."""
        if self.accept("["):
            return self.listed("]", self.nested)
        text = self.next()
        return bytes.fromhex(text[3:-1]) if text.startswith('"') else text

    def dictionary(self) -> dict[str, Any]:
        """`{name = value, unit}`."""
        self.expect("{")
        return dict(self.listed("}", self.entry))

    def entry(self) -> tuple[str, Any]:
        """One of a dictionary's."""
        name = self.next().strip('"')
        return name, self.attribute() if self.accept("=") else True

    # Operations ------------------------------------------------------------

    def module(self) -> list[Op]:
        """All top-level operations."""
        ops = []
        while self.kind() != "end":
            if self.peek()[0] in "!#" and self.peek(1) == "=":
                name = self.next()
                self.next()
                if self.peek() == "loc":
                    self.locations[name] = self.location()
                else:
                    self.aliases[name] = self.balanced()
            else:
                ops.append(self.operation())
        return ops

    def operation(self) -> Op:
        """`%r = "name"(%operands) <{properties}> ({regions}) {attributes} : types`."""
        results, line = [], self.line()
        while self.peek().startswith("%"):
            name = self.next()
            if self.accept(":"):
                results += [f"{name}#{i}" for i in range(int(self.next()))]
            else:
                results.append(name)
            self.accept(",")
        if results:
            self.expect("=")
        kind, name = self.kind(), self.peek()
        if kind != "string":
            raise MlirError(f"line {line}: not MLIR's generic form: {name!r}")
        self.next()
        self.expect("(")
        operands = self.listed(")", self.next)
        if self.accept("["):
            self.listed("]", self.next)
        attributes: dict[str, Any] = {}
        if self.accept("<"):
            attributes = self.dictionary()
            self.expect(">")
        regions: list[Region] = []
        if self.accept("("):
            regions = self.listed(")", self.region)
        if self.peek() == "{":
            attributes |= self.dictionary()
        self.expect(":")
        operand_types = self.types()
        self.expect("->")
        result_types = self.types()
        return Op(name.strip('"'), results, operands, attributes, operand_types,
                  result_types, regions, line, self.location())

    def location(self) -> list[str]:
        """The ONNX nodes that a location names, and aliases of locations that do."""
        if not self.accept("loc"):
            return []
        self.expect("(")
        found = self.named()
        self.expect(")")
        return found

    def named(self) -> list[str]:
        """What is inside `loc(...)`; of two nested names the outer one is a node's."""
        if self.accept("fused"):
            if self.peek() == "<":
                self.balanced()
            self.expect("[")
            return [node for part in self.listed("]", self.named) for node in part]
        if self.kind() == "string":
            text = unquoted(self.next())
            if self.accept("("):
                self.named()
                self.expect(")")
                return [text]
            if self.peek() != ":":
                return [text]
        # A place in a file, or nothing that has a name.
        while self.peek() not in (",", "]", ")"):
            if self.peek().startswith("#"):
                return [Alias(self.next())]
            self.balanced()
        return []

    def region(self) -> Region:
        """`{^block(%x: type): operations}`."""
        self.expect("{")
        names: list[str] = []
        types: list[Type] = []
        ops: list[Op] = []
        if self.peek().startswith("^"):
            self.next()
            if self.accept("("):
                for name, of in self.listed(")", self.argument):
                    names.append(name)
                    types.append(of)
            self.expect(":")
        while not self.accept("}"):
            ops.append(self.operation())
        return names, types, ops

    def argument(self) -> tuple[str, Type]:
        """`%x: type`."""
        name = self.next()
        self.expect(":")
        of = self.type()
        self.location()
        return name, of


def element_of(text: str, dtype: np.dtype[Any]) -> Any:
    """One element of a constant."""
    if dtype.kind == "f":
        if text.startswith("0x"):
            return np.array(int(text, 16), f"u{dtype.itemsize}").view(dtype)
        return dtype.type(number(text))
    return text == "true" if dtype == np.bool_ else int(text, 0)


@dataclasses.dataclass
class Module:
    """A module's attributes and its functions by name."""

    attributes: dict[str, Any]
    functions: dict[str, Op]


def module(text: str) -> Module:
    """Reads a module."""
    parser = Parser(text)
    found = Module({}, {})

    def resolved(nodes: list[str]) -> list[str]:
        # Aliases stand behind the operations that use them.
        return [name for node in nodes for name in (
            resolved(parser.locations.get(node, []))
            if isinstance(node, Alias) else [node])]

    def walk(ops: list[Op]) -> None:
        for op in ops:
            if op.name == "func.func":
                found.functions[op.get("sym_name")] = op
                for inner in op.regions[0][2]:
                    inner.nodes = resolved(inner.nodes)
            elif op.name == "builtin.module":
                found.attributes |= op.attributes
                for _, _, body in op.regions:
                    walk(body)

    walk(parser.module())
    return found


def functions(text: str) -> dict[str, Op]:
    """The func.func operations of a module, by name."""
    return module(text).functions
