"""Reads MLIR's generic textual form (`octet-opt --mlir-print-op-generic`).

That form does not depend on operations' assembly formats. What is read: modules,
functions, operations with one block per region, their attributes and types.
"""

import dataclasses
import re

import numpy as np

TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<arrow>->)
  | (?P<number>-?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?))
  | (?P<name>[%^@!\#]?[A-Za-z0-9_$.]+(?:\#[0-9]+)?|@"[^"]*")
  | (?P<open_resource>\{-\#)|(?P<close_resource>\#-\})
  | (?P<mark>[()\[\]{}<>,:=*?|+-])
""", re.VERBOSE)
ELEMENTS = {"f32": np.float32, "f64": np.float64, "ui8": np.uint8, "si8": np.int8,
            "i8": np.int8, "i32": np.int32, "i64": np.int64, "i1": np.bool_,
            "index": np.int64, "f16": np.float16, "i16": np.int16,
            "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64}


class MlirError(Exception):
    pass


@dataclasses.dataclass
class Type:
    """A tensor's type; `shape` is None for a scalar's."""
    element: str
    shape: tuple | None = None

    def quantization(self):
        """(scales, zero points, axis or None) of a !quant.uniform element."""
        text = re.fullmatch(r"!quant\.uniform<\w+(?:<[^>]*>)?:f32(?::(\d+))?,\s*"
                            r"(?:\{(.*)\}|([^{}]*))>", self.element, re.DOTALL)
        if not text:
            return None
        axis = int(text[1]) if text[1] is not None else None
        pairs = [p.strip().split(":") for p in (text[2] or text[3]).split(",")]
        scales = np.array([number(p[0]) for p in pairs], np.float32)
        zeros = np.array([int(p[1]) if len(p) > 1 else 0 for p in pairs])
        return scales, zeros, axis

    def storage(self):
        """"u8" or "i8" for 8-bit storage and quantized types, else None."""
        if self.element in ("ui8", "si8"):
            return {"ui8": "u8", "si8": "i8"}[self.element]
        found = re.match(r"!quant\.uniform<(\w+)", self.element)
        return found[1] if found else None

    def dtype(self):
        if self.element not in ELEMENTS:
            raise MlirError(f"no values of type {self.element}")
        return np.dtype(ELEMENTS[self.element])


@dataclasses.dataclass
class Op:
    name: str
    results: list
    operands: list
    attributes: dict
    operand_types: list
    result_types: list
    regions: list  # of (argument names, argument types, operations)
    line: int

    def get(self, name, default=None):
        return self.attributes.get(name, default)


def number(text):
    """A float as MLIR prints it: decimal, or the bits of an f64 or f32 in hex."""
    if text.startswith("0x"):
        bits = int(text, 16)
        kind = np.float32 if len(text) <= 10 else np.float64
        return float(np.array(bits, f"u{kind().itemsize}").view(kind))
    return float(text)


class Parser:
    def __init__(self, text):
        self.tokens, self.at = [], 0
        self.aliases, self.resources, self.scope = {}, {}, {}
        position = line = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            if not match:
                raise MlirError(f"line {line + 1}: cannot read "
                                f"{text[position:position + 20]!r}")
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup, match[0], line + 1))
            line += match[0].count("\n")
            position = match.end()
        self.tokens.append(("end", "", line + 1))
        self.read_resources()

    # Tokens ----------------------------------------------------------------

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)][1]

    def next(self):
        self.at += 1
        return self.tokens[self.at - 1][1]

    def accept(self, text):
        if self.peek() == text and self.tokens[self.at][0] != "string":
            self.at += 1
            return True
        return False

    def expect(self, text):
        if not self.accept(text):
            raise MlirError(f"line {self.tokens[self.at][2]}: expected {text!r}, "
                            f"found {self.peek()!r}")

    def listed(self, close, item):
        items = []
        while not self.accept(close):
            if items:
                self.expect(",")
            items.append(item())
        return items

    def balanced(self):
        """The text of one token, or of a bracketed group and what hangs on it."""
        pairs = {"<": ">", "(": ")", "[": "]", "{": "}"}
        text = self.next()
        if text in pairs:
            depth = 1
            while depth:
                token = self.next()
                depth += (token in pairs) - (token in pairs.values())
                text += token
        if self.peek() == "<" and text[-1] not in ">)]}":
            text += self.balanced()
        return text

    def read_resources(self):
        """`{-# dialect_resources: { builtin: { name: "0x..." } } #-}`: blobs, an
        alignment of four bytes in front."""
        texts = [t[1] for t in self.tokens]
        if "{-#" not in texts:
            return
        start = texts.index("{-#")
        for i in range(start, len(texts) - 2):
            if texts[i + 1] == ":" and texts[i + 2].startswith('"0x'):
                self.resources[texts[i]] = bytes.fromhex(texts[i + 2][3:-1])[4:]
        self.tokens = self.tokens[:start] + self.tokens[-1:]

    # Types and attributes --------------------------------------------------

    def type(self):
        if self.peek() == "(":
            self.balanced()
            self.expect("->")
            self.types()
            return Type("function")
        text = self.balanced()
        return self.make_type(text)

    def make_type(self, text):
        if text in self.aliases:
            return self.make_type(self.aliases[text])
        found = re.fullmatch(r"tensor<((?:[0-9]+x)*)(.*)>", text, re.DOTALL)
        if not found:
            return Type(text)
        shape = tuple(int(d) for d in found[1].split("x")[:-1])
        element = found[2].split(",#")[0]
        return Type(self.aliases.get(element, element), shape)

    def types(self):
        if self.accept("("):
            return self.listed(")", self.type)
        return [self.type()]

    def attribute(self):
        kind, text, _ = self.tokens[self.at]
        if kind == "string":
            value = self.next()[1:-1]
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
            self.next()
            self.expect("<")
            element = self.type().element
            if self.accept(":"):
                return self.listed(">", lambda: (
                    number(self.next()) if element.startswith("f")
                    else {"true": True, "false": False}.get(self.peek()) and
                    self.next() == "true" if element == "i1"
                    else int(self.next(), 0)))
            self.expect(">")
            return []
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

    def dense(self):
        resource = self.next() == "dense_resource"
        self.expect("<")
        if resource:
            value, name = None, self.next()
            self.expect(">")
        else:
            value = [] if self.peek() == ">" else self.nested()
            self.expect(">")
        self.expect(":")
        type = self.type()
        dtype = type.dtype()
        if resource:
            value = np.frombuffer(self.resources[name], dtype)
        elif isinstance(value, bytes):
            if dtype == np.bool_ and len(value) < np.prod(type.shape):
                # One bit for each, from the lowest of the first byte on.
                value = np.unpackbits(np.frombuffer(value, np.uint8),
                                      bitorder="little")[:np.prod(type.shape)]
            value = np.frombuffer(value, dtype)
        else:
            flat = np.array(value, object).reshape(-1)
            value = np.array([self.element(t, dtype) for t in flat], dtype)
        if value.size == 1:
            return np.full(type.shape, value[0], dtype)
        return value.reshape(type.shape)

    @staticmethod
    def element(text, dtype):
        if dtype.kind == "f" and text.startswith("0x"):
            return np.array(int(text, 16), f"u{dtype.itemsize}").view(dtype)
        if dtype.kind == "f":
            return dtype.type(number(text))
        return {"true": 1, "false": 0}.get(text) if dtype == np.bool_ else int(
            text, 0)

    def nested(self):
        if self.accept("["):
            return self.listed("]", self.nested)
        text = self.next()
        return bytes.fromhex(text[3:-1]) if text.startswith('"') else text

    def dictionary(self):
        self.expect("{")
        return dict(self.listed("}", self.entry))

    def entry(self):
        name = self.next().strip('"')
        return name, self.attribute() if self.accept("=") else True

    # Operations ------------------------------------------------------------

    def module(self):
        """All top-level operations."""
        ops = []
        while self.tokens[self.at][0] != "end":
            if self.peek()[0] in "!#" and self.peek(1) == "=":
                name = self.next()
                self.next()
                self.aliases[name] = self.alias()
            else:
                ops.append(self.operation())
        return ops

    def alias(self):
        text = self.peek()
        if text.startswith(("!", "#")) or self.peek(1) == "<":
            return self.balanced()
        self.balanced()
        while self.peek() in ("(", "->"):
            self.balanced()
        return text

    def operation(self):
        results, line = [], self.tokens[self.at][2]
        while self.peek().startswith("%"):
            name = self.next()
            if self.accept(":"):
                results += [f"{name}#{i}" for i in range(int(self.next()))]
            else:
                results.append(name)
            self.accept(",")
        if results:
            self.expect("=")
        kind, name, _ = self.tokens[self.at]
        if kind != "string":
            raise MlirError(f"line {line}: not MLIR's generic form: {name!r}")
        self.next()
        self.expect("(")
        operands = self.listed(")", self.next)
        if self.accept("["):
            self.listed("]", self.next)
        attributes = {}
        if self.accept("<"):
            attributes = self.dictionary()
            self.expect(">")
        regions = []
        if self.accept("("):
            regions = self.listed(")", self.region)
        if self.peek() == "{":
            attributes |= self.dictionary()
        self.expect(":")
        operand_types = self.types()
        self.expect("->")
        result_types = self.types()
        self.location()
        if len(results) == 1 and len(result_types) == 1:
            results = [results[0]]
        return Op(name.strip('"'), results, operands, attributes, operand_types,
                  result_types, regions, line)

    def location(self):
        if self.accept("loc"):
            self.balanced()

    def region(self):
        self.expect("{")
        names, types, ops = [], [], []
        if self.peek().startswith("^"):
            self.next()
            if self.accept("("):
                for name, type in self.listed(")", self.argument):
                    names.append(name)
                    types.append(type)
            self.expect(":")
        while not self.accept("}"):
            ops.append(self.operation())
        return names, types, ops

    def argument(self):
        name = self.next()
        self.expect(":")
        type = self.type()
        self.location()
        return name, type


def functions(text):
    """The func.func operations of a module, by name."""
    found = {}

    def walk(ops):
        for op in ops:
            if op.name == "func.func":
                found[op.get("sym_name")] = op
            elif op.name == "builtin.module":
                for _, _, inner in op.regions:
                    walk(inner)
    walk(Parser(text).module())
    return found
