"""The words of MLIR's text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from .mlir_types import MlirError

TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>"[^"\\]*(?:\\.[^"\\]*)*")
  | (?P<arrow>->)
  | (?P<number>-?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?))
  | (?P<name>[%^@!\#]?[A-Za-z0-9_$.]+(?:\#[0-9]+)?|@"[^"]*")
  | (?P<open_resource>\{-\#)|(?P<close_resource>\#-\})
  | (?P<mark>[()\[\]{}<>,:=*?|+-])
""", re.VERBOSE)

T = TypeVar("T")


class Tokens:
    """Goes through the tokens of a text, from the first on."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        """(kind, text, line) of each."""
        self.at = 0
        position = line = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            if not match or match.lastgroup is None:
                raise MlirError(f"line {line + 1}: cannot read "
                                f"{text[position:position + 20]!r}")
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup, match[0], line + 1))
            line += match[0].count("\n")
            position = match.end()
        self.tokens.append(("end", "", line + 1))

    def kind(self) -> str:
        """The kind of the next token."""
        return self.tokens[self.at][0]

    def line(self) -> int:
        """The line of the next token, from 1 on."""
        return self.tokens[self.at][2]

    def peek(self, ahead: int = 0) -> str:
        """The next token, or one behind it."""
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)][1]

    def next(self) -> str:
        """Takes the next token."""
        if self.kind() == "end":
            raise MlirError(f"line {self.line()}: the text ends too early")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def accept(self, text: str) -> bool:
        """Takes the next token if it is `text`."""
        if self.peek() == text and self.kind() != "string":
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Takes `text`, which must be next."""
        if not self.accept(text):
            raise MlirError(f"line {self.line()}: expected {text!r}, "
                            f"found {self.peek()!r}")

    def listed(self, close: str, item: Callable[[], T]) -> list[T]:
        """What `item` reads, again and again, commas between, up to `close`."""
        items: list[T] = []
        while not self.accept(close):
            if items:
                self.expect(",")
            items.append(item())
        return items

    def balanced(self) -> str:
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
