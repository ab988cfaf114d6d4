"""Files: written whole or not at all, temporary ones, and the header of a library."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from .errors import CannotWrite, Error

_HEADER = Path(__file__).with_name("octet.h")
# In a table of sections: a table of strings that is in memory when the library runs.
_STRINGS, _IN_MEMORY = 3, 2

PLACE = "give another place or make room"


class Named(str):
    """The path of a file that nobody knows, and what error messages call it."""

    __slots__ = ("name",)

    def __new__(cls, path: str | os.PathLike[str], name: str) -> Named:
        self = super().__new__(cls, os.fspath(path))
        self.name = name
        return self

    name: str


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """An empty folder in ``TMPDIR``, as long as it is needed.

    Raises
    ------
    CannotWrite
        There can be none.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="octet-")
    except OSError as error:
        raise no_room(error.strerror) from None
    with folder as name:
        yield Path(name)


@contextlib.contextmanager
def temporary_file(data: bytes, file: str, name: str) -> Iterator[Named]:
    """The path of a file called `file` with `data`, as long as it is needed.

    Parameters
    ----------
    data : bytes
    file : str
        What it is called in a folder of its own.
    name : str
        What error messages call it.

    Raises
    ------
    CannotWrite
        There is no room for it.
    """
    with temporary_folder() as folder:
        path = folder / file
        try:
            path.write_bytes(data)
        except OSError as error:
            raise no_room(error.strerror) from None
        yield Named(path, name)


def no_room(cause: str | None) -> CannotWrite:
    """What is wrong with the folder for temporary files."""
    where = os.environ.get("TMPDIR") or "/tmp"
    return CannotWrite(f"{where}: cannot be written: {cause}; set TMPDIR to a folder "
                       "with more room", file=where)


def write_files(files: Mapping[Path, tuple[bytes, int]]) -> None:
    """Writes files beside their places and then renames them.

    Parameters
    ----------
    files : dict of path to (bytes, int)
        Contents and permissions, less those that the process's umask forbids.

    Raises
    ------
    CannotWrite
        One of them cannot be written. None is left half.
    """
    parts: dict[Path, Path] = {}
    try:
        for path, (data, mode) in files.items():
            part = Path(tempfile.mktemp(prefix=f".{path.name}.", dir=path.parent))
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            parts[path] = part
            with open(descriptor, "wb") as file:
                file.write(data)
        for path, part in parts.items():
            part.replace(path)
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise CannotWrite(f"{path}: cannot be written: {cause}; {PLACE}",
                          file=str(path)) from None
    finally:
        for part in parts.values():
            with contextlib.suppress(OSError):
                part.unlink()


def header_of(library: bytes) -> str:
    """The C header that declares the model of a library, as the compiler writes it."""
    symbols = set(re.findall(rb"(?<=\0)\w+_model(?=\0)", _symbol_names(library)))
    own = sorted(symbols - {b"octet_v4_model"}) or sorted(symbols)
    if not own:
        raise Error("the library defines no model; compile it again")
    symbol = own[0].decode()
    guard = f"{symbol}_h"
    return (f"{_HEADER.read_text()}\n#ifndef {guard}\n#define {guard}\n\n"
            '#ifdef __cplusplus\nextern "C"\n#else\nextern\n#endif\n'
            f"const octet_model {symbol};\n\n#endif /* {guard} */\n")


def _symbol_names(library: bytes) -> bytes:
    """The names of symbols that an ELF library defines or needs."""
    start, = struct.unpack_from("<Q", library, 40)
    size, count = struct.unpack_from("<HH", library, 58)
    for at in range(start, start + size * count, size):
        kind, flags = struct.unpack_from("<IQ", library, at + 4)
        offset, length = struct.unpack_from("<QQ", library, at + 24)
        if kind == _STRINGS and flags & _IN_MEMORY:
            return library[offset:offset + length]
    return b""
