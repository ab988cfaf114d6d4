"""What goes wrong, as exceptions that say what to do about it."""

from __future__ import annotations


class Error(Exception):
    """What Octet refuses, in one sentence.

    Parameters
    ----------
    sentence : str
        ``thing: cause; mend``, as the command line prints it. The mend may be
        missing.
    file : str, optional
        The file that the sentence is about, left out of `cause`.
    node : str, optional
        The node of the model, by its ONNX name.
    value : str, optional
        The value of the model: an input, an output or what is between them.

    Attributes
    ----------
    file, node, value : str or None
    cause : str
        What is wrong.
    mend : str or None
        What to do about it.
    """

    def __init__(self, sentence: str, *, file: str | None = None,
                 node: str | None = None, value: str | None = None) -> None:
        super().__init__(sentence)
        self.file, self.node, self.value = file, node, value
        text = sentence
        for prefix in (f"{file}: " if file else "", f"node '{node}': " if node else ""):
            text = text.removeprefix(prefix)
        cause, semicolon, mend = text.partition("; ")
        self.cause = cause
        self.mend = mend if semicolon else None

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), str(self), self.file, self.node, self.value)


def _restore(kind: type[Error], sentence: str, file: str | None, node: str | None,
             value: str | None) -> Error:
    return kind(sentence, file=file, node=node, value=value)


class BadData(Error, ValueError):
    """Data that do not fit the model: shapes, types, NaN, nothing at all."""


class NotAProgram(Error, ValueError):
    """A file that is no compiled model, or one for another machine or version."""


class MissingFile(Error, FileNotFoundError):
    """A file that is not there."""
