"""Files that are made once: what they are made of is their name."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


@functools.cache
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(path: Path) -> str:
    """The SHA-256 of a file's content, read again only when it has changed."""
    status = path.stat()
    return _digest(path.resolve(), status.st_size, status.st_mtime_ns)


class Cache:
    """A folder of entries, each a folder that is there whole or not at all.

    Parameters
    ----------
    folder : Path
        Is made when it is first needed. Several processes may share it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, kind: str, parts: dict[str, Any],
             build: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
        """An entry, which `build` makes unless it is there.

        Parameters
        ----------
        kind : str
            What entries of this sort are called.
        parts : dict
            All that the result depends on: files by their `Path`, of which the
            content counts, and what JSON can write.
        build : callable
            Writes files to the folder it is given and returns what else there is to
            know, which JSON must be able to write. When it raises, nothing is kept.

        Returns
        -------
        Path, dict
            The folder, and what `build` returned when it was made.
        """
        plain = {name: digest(part) if isinstance(part, Path) else part
                 for name, part in parts.items()}
        text = json.dumps(plain, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:24]
        entry = self.folder / kind / key
        if not entry.exists():
            entry.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=entry.parent))
            try:
                facts = build(made)
                (made / "entry.json").write_text(
                    json.dumps({"parts": plain, "facts": facts}, indent=1))
                # Somebody else may have made the same meanwhile.
                if not entry.exists():
                    made.rename(entry)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        facts = json.loads((entry / "entry.json").read_text())["facts"]
        return entry, facts
