"""Runs the compiler.

It is a process of its own: LLVM meets nobody else's in this one, the interpreter
goes on meanwhile, Ctrl-C ends it, and what it dies of is an exception here.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import errors
from ._files import PLACE, Named, no_room, temporary_folder

Progress = Callable[[str, int, int], None]
"""Is told what goes on, how many steps are done, and of how many."""

EXECUTABLE = Path(__file__).parent / "_driver" / "bin" / "octet"
_VALUE = re.compile(r"\b(?:value|input|output) '([^']*)'")
_FLAG = re.compile(r"flag --([a-z-]+) cannot be '(.*)': (.*)", re.DOTALL)
# Flags that may be given again and again are one argument here.
_ARGUMENTS = {"dim": "dims", "output": "outputs", "shape": "shapes",
              "target": "targets"}


def run(arguments: Sequence[str | os.PathLike[str]], *, data: str | None = None,
        progress: Progress | None = None) -> str:
    """Runs ``octet ARGUMENTS...`` to its end.

    Parameters
    ----------
    arguments : sequence of str or path
        The command line behind ``octet``. Messages have the name of what is `Named`.
    data : str, optional
        The file among them that holds data: what is wrong with it is `BadData`.
    progress : callable, optional
        Is called from this thread.

    Returns
    -------
    str
        What the driver wrote to stdout.

    Raises
    ------
    Error
        With the driver's own sentence. Its warnings are Python's.
    """
    names = {os.fspath(a): a.name for a in arguments if isinstance(a, Named)}
    # A folder of its own: what a child that is killed leaves goes with it.
    with temporary_folder() as folder:
        return _run(arguments, _Messages(names, progress), data, folder)


def _run(arguments: Sequence[str | os.PathLike[str]], messages: _Messages,
         data: str | None, folder: Path) -> str:
    """The same, with a folder for the child's temporary files."""
    environment = {**os.environ, "OCTET_MESSAGES": "json", "TMPDIR": str(folder)}
    # A group of its own: a terminal's Ctrl-C is for us, who pass it on to all.
    try:
        child = subprocess.Popen([_find(), *arguments], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=environment, start_new_session=True)
    except (OSError, ValueError) as error:
        raise errors.Error(f"the compiler cannot be started: {error}") from error
    assert child.stdout is not None
    assert child.stderr is not None
    output: list[bytes] = []
    read = child.stdout.read
    reader = threading.Thread(target=lambda: output.append(read()), daemon=True)
    reader.start()
    try:
        for line in child.stderr:
            messages.take(line.decode(errors="replace").rstrip("\n"))
        reader.join()
        status = child.wait()
    except BaseException:
        _stop(child)
        raise
    finally:
        child.stderr.close()
        child.stdout.close()
    # Where SIGCHLD is ignored nobody knows the status of a child.
    if status or any("kind" in refusal for refusal in messages.refusals):
        raise _refusal(status or 1, messages.refusals, data)
    return output[0].decode()


def main() -> None:
    """The command ``octet``: becomes the driver."""
    os.execv(_find(), [sys.argv[0], *sys.argv[1:]])


def _find() -> Path:
    if not EXECUTABLE.exists():
        raise errors.Error(f"{EXECUTABLE}: the compiler is missing; install octet "
                           "from a wheel, or build it with pip install .")
    return EXECUTABLE


class _Messages:
    """What comes on stderr.

    Parameters
    ----------
    names : dict of str to str
        What messages call paths.
    progress : callable or None

    Attributes
    ----------
    refusals : list of dict
        With a kind, but for what others than the driver say.
    """

    def __init__(self, names: Mapping[str, str], progress: Progress | None) -> None:
        # What is beside a temporary file, the model's weights, is called alike.
        self._names = {**names, **{f"{os.path.dirname(path)}/": "" for path in names}}
        self._progress = progress
        self.refusals: list[dict[str, Any]] = []

    def take(self, line: str) -> None:
        """Handles one line."""
        try:
            message = json.loads(line)
            kind = message["kind"]
        except (ValueError, TypeError, KeyError):
            kind, message = "", {"text": line.removeprefix("octet: ")}
        if kind == "progress":
            if self._progress is not None:
                self._progress(message["what"], message["done"], message["total"])
            return
        text = message["text"].removeprefix(f"{message.get('file')}: ")
        message["hidden"] = _HIDDEN.search(text) is not None
        for key in ("text", "file"):
            if message.get(key):
                message[key] = self._renamed(message[key])
        if kind in _CATEGORIES:
            warnings.warn(message["text"], _CATEGORIES[kind], stacklevel=_caller())
        elif message["text"]:
            self.refusals.append(message)

    def _renamed(self, text: str) -> str:
        for path, name in self._names.items():
            text = text.replace(path, name)
        return text


class Note(UserWarning):
    """What the compiler decided by itself, and how to decide otherwise."""


class Doubt(UserWarning):
    """What the compiler warns of."""


_CATEGORIES = {"note": Note, "warning": Doubt}


def _caller() -> int:
    """Stack frames between here and the first that is not of this package."""
    level, frame = 1, sys._getframe(1)
    folder = str(Path(__file__).parent)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(folder):
        level, frame = level + 1, frame.f_back
    return level


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and its own children; they take their temporary files along."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(timeout=5)
            return
        except ProcessLookupError:
            child.wait()
            return
        except subprocess.TimeoutExpired:
            continue


# Temporary files of ours.
_HIDDEN = re.compile(r"/octet-\w{8}/")
_NOT_WRITTEN = ("cannot be written", "cannot be created", "temporary file",
                "No space left on device")


def _argument(text: str) -> str:
    """A sentence about a flag as one about an argument."""
    found = _FLAG.fullmatch(text)
    if not found:
        return text
    flag, value, mend = found.groups()
    # It may be a sentence of its own.
    name = _ARGUMENTS.get(flag, flag.replace("-", "_"))
    return mend if "; " in mend else f"{name} cannot be '{value}'; {mend}"


def _refusal(status: int, refusals: list[dict[str, Any]],
             data: str | None) -> errors.Error:
    if not refusals or status not in (1, 2):
        how = (f"was ended by signal {signal.Signals(-status).name}" if status < 0
               else f"ended with status {status}")
        said = "".join(f"; it said: {r['text']}" for r in refusals[:3])
        return errors.Error(f"the compiler {how}{said}")
    # The loader of programs, say, may have spoken before.
    first = next((r for r in refusals if "kind" in r), refusals[0])
    text, file, node = first["text"], first.get("file"), first.get("node")
    value = _VALUE.search(text)
    kind: type[errors.Error] = errors.UnsupportedModel
    if status == 2 or first.get("kind") == "misuse":
        kind = errors.RefusedOptions
        text = _argument(text.partition("; see octet ")[0])
    elif any(sign in text for sign in _NOT_WRITTEN):
        if first["hidden"]:
            return no_room(text.rpartition(": ")[2])
        kind = errors.CannotWrite
        text = text if "; " in text else f"{text}; {PLACE}"
        file = file or text.partition(": cannot be ")[0]
    elif data and (file == data or text.startswith(f"{data}: ")):
        kind, file = errors.BadData, data
    return kind(text, file=file, node=node, value=value[1] if value else None)
