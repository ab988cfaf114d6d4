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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import errors

Progress = Callable[[str, int, int], None]
"""Is told what goes on, how many steps are done, and of how many."""

EXECUTABLE = Path(__file__).parent / "_driver" / "bin" / "octet"
_VALUE = re.compile(r"\b(?:value|input|output) '([^']*)'")


def run(arguments: Sequence[str | os.PathLike[str]], *, data: str | None = None,
        progress: Progress | None = None) -> str:
    """Runs ``octet ARGUMENTS...`` to its end.

    Parameters
    ----------
    arguments : sequence of str or path
        The command line behind ``octet``.
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
    environment = {**os.environ, "OCTET_MESSAGES": "json"}
    # A group of its own: a terminal's Ctrl-C is for us, who pass it on to all.
    child = subprocess.Popen([_find(), *arguments], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=environment, start_new_session=True)
    assert child.stdout is not None
    assert child.stderr is not None
    output: list[bytes] = []
    read = child.stdout.read
    reader = threading.Thread(target=lambda: output.append(read()), daemon=True)
    reader.start()
    refusals: list[dict[str, Any]] = []
    try:
        for line in child.stderr:
            _take(line.decode(errors="replace").rstrip("\n"), refusals, progress)
        reader.join()
        status = child.wait()
    except BaseException:
        _stop(child)
        raise
    finally:
        child.stderr.close()
        child.stdout.close()
    if status:
        raise _refusal(status, refusals, data)
    return output[0].decode()


def main() -> None:
    """The command ``octet``: becomes the driver."""
    os.execv(_find(), [sys.argv[0], *sys.argv[1:]])


def _find() -> Path:
    if not EXECUTABLE.exists():
        raise errors.Error(f"{EXECUTABLE}: the compiler is missing; install octet "
                           "from a wheel, or build it with pip install .")
    return EXECUTABLE


def _take(line: str, refusals: list[dict[str, Any]],
          progress: Progress | None) -> None:
    """One line of stderr: a message of the driver's, or what else is said there."""
    try:
        message = json.loads(line)
        kind = message["kind"]
    except (ValueError, TypeError, KeyError):
        message = {"kind": "error", "text": line.removeprefix("octet: ")}
        kind = "error"
    if kind == "progress":
        if progress is not None:
            progress(message["what"], message["done"], message["total"])
    elif kind in ("note", "warning"):
        warnings.warn(message["text"], _CATEGORIES[kind], stacklevel=_caller())
    elif message["text"]:
        refusals.append(message)


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


def _refusal(status: int, refusals: list[dict[str, Any]],
             data: str | None) -> errors.Error:
    if not refusals or status not in (1, 2):
        how = (f"was ended by signal {signal.Signals(-status).name}" if status < 0
               else f"ended with status {status}")
        said = "".join(f"; it said: {r['text']}" for r in refusals[:3])
        return errors.Error(f"the compiler {how}{said}")
    first = refusals[0]
    text, file, node = first["text"], first.get("file"), first.get("node")
    value = _VALUE.search(text)
    kind: type[errors.Error] = errors.UnsupportedModel
    if status == 2:
        kind = errors.RefusedOptions
        text = text.partition("; see octet ")[0]
    elif "cannot be written" in text or "temporary file" in text:
        kind = errors.CannotWrite
    elif data and data in text:
        kind = errors.BadData
    return kind(text, file=file, node=node, value=value[1] if value else None)
