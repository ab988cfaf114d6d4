"""Files of compiled models: what they are, and loading them into this process."""

from __future__ import annotations

import _ctypes
import contextlib
import ctypes
import itertools
import platform
import struct
import tempfile
from collections.abc import Iterator

from ._errors import Error, NotAProgram

HOW = "give a library that `octet compile MODEL -o net.so` wrote"
MACHINES = {62: "x86-64", 183: "64-bit Arm"}
_ARCHITECTURES = {"x86_64": 62, "aarch64": 183}

# Types of files and of segments.
_OBJECT, _EXECUTABLE, _SHARED = 1, 2, 3
_LOADED, _INTERPRETER = 1, 3
_HEADER_SIZE, _SEGMENT_SIZE = 64, 56


def machine_of(data: bytes, name: str) -> int:
    """Checks that `data` is a whole ELF library, since loading half of one crashes.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What error messages call it.

    Returns
    -------
    int
        The architecture, by its number in ELF.

    Raises
    ------
    NotAProgram
        It is another kind of file, or its end is missing.
    """
    def refusal(cause: str, mend: str = HOW) -> NotAProgram:
        return NotAProgram(f"{name}: {cause}; {mend}", file=name)

    truncated = refusal("is truncated", "copy or compile it again")
    # 64 bits, little-endian.
    if data[:6] != b"\x7fELF\2\1":
        raise refusal("is no compiled model")
    if len(data) < _HEADER_SIZE:
        raise truncated
    kind, machine = struct.unpack_from("<HH", data, 16)
    segments, sections = struct.unpack_from("<QQ", data, 32)
    segment_size, num_segments, section_size, num_sections = struct.unpack_from(
        "<HHHH", data, 54)
    if kind == _OBJECT:
        raise refusal("is an object and no library", HOW)
    if kind not in (_EXECUTABLE, _SHARED) or segment_size != _SEGMENT_SIZE:
        raise refusal("is no compiled model")
    # Linkers write the table of sections last.
    if max(segments + segment_size * num_segments,
           sections + section_size * num_sections) > len(data):
        raise truncated
    for at in range(segments, segments + segment_size * num_segments, segment_size):
        what, = struct.unpack_from("<I", data, at)
        offset, = struct.unpack_from("<Q", data, at + 8)
        size, = struct.unpack_from("<Q", data, at + 32)
        if what == _LOADED and offset + size > len(data):
            raise truncated
        if what == _INTERPRETER or kind == _EXECUTABLE:
            raise refusal("is a program and no library",
                          "compile the model with -o net.so")
    return int(machine)


def is_native(machine: int) -> bool:
    """Whether this machine runs code of the architecture of that number in ELF."""
    return _ARCHITECTURES.get(platform.machine()) == machine


class Handle:
    """A loaded library, which is unloaded when nobody refers to it any more.

    Parameters
    ----------
    data : bytes
        A whole library for this machine.
    name : str
        What error messages call it.
    """

    def __init__(self, data: bytes, name: str) -> None:
        try:
            with _copy(data) as path:
                try:
                    # Symbols stay the library's own (RTLD_LOCAL): all that Octet
                    # writes have some in common.
                    self.cdll = ctypes.CDLL(path)
                except OSError as error:
                    reason = str(error).rpartition(f"{path}: ")[2]
                    raise NotAProgram(f"{name}: cannot be loaded: {reason}; {HOW}",
                                      file=name) from None
        except OSError as error:
            raise Error(f"{name}: there is no room for a copy in memory or "
                        f"{tempfile.gettempdir()}: {error.strerror}; set TMPDIR to a "
                        "folder that has it", file=name) from None

    def __del__(self) -> None:
        if hasattr(self, "cdll"):
            _ctypes.dlclose(self.cdll._handle)


_serial = itertools.count()


@contextlib.contextmanager
def _copy(data: bytes) -> Iterator[str]:
    """A path of a file with `data` from which nothing was loaded before.

    The user's own path would give what was loaded from it earlier, whatever it holds
    now, and who overwrites the file would change code that runs. The copy is in memory
    where the system has such files, since /tmp may be full or forbid execution.
    """
    descriptor = _memory_file()
    if descriptor is None:
        with tempfile.NamedTemporaryFile(prefix="octet-", suffix=".so") as file:
            file.write(data)
            file.flush()
            yield file.name
        return
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        # The loader compares names, and the numbers of closed files come again: / and
        # /. in place of binary digits make each name another one.
        digits = f"{next(_serial):b}"
        dots = "".join("/." if digit == "1" else "/" for digit in digits)
        yield f"/proc/self/fd{dots}/{descriptor}"


def _memory_file() -> int | None:
    """The descriptor of an empty file in memory, or None if the system has none."""
    create = getattr(ctypes.CDLL(None), "memfd_create", None)
    close_on_exec = 1
    descriptor = create(b"octet", close_on_exec) if create else -1
    return None if descriptor < 0 else int(descriptor)
