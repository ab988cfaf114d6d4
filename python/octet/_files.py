"""Writing files whole or not at all, and the header of a library."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .errors import CannotWrite, Error

_HEADER = Path(__file__).with_name("octet.h")
# In a table of sections: a table of strings that is in memory when the library runs.
_STRINGS, _IN_MEMORY = 3, 2


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
    except OSError as error:
        raise CannotWrite(f"{path}: cannot be written: {error.strerror}; give another "
                          "place or make room", file=str(path)) from None
    finally:
        for part in parts.values():
            with contextlib.suppress(OSError):
                part.unlink()


def header_of(library: bytes) -> str:
    """The C header that declares the model of a library, as the compiler writes it."""
    symbols = set(re.findall(rb"(?<=\0)\w+_model(?=\0)", _symbol_names(library)))
    own = sorted(symbols - {b"octet_v3_model"}) or sorted(symbols)
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
