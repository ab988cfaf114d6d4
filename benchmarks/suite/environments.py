"""Python environments of the benchmark's own, so that the project's stays as it is."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from .options import REPOSITORY

BENCHMARKS = Path(__file__).resolve().parents[1]

# PyTorch and its companions are gigabytes: an environment apart, for exports alone.
PACKAGES = {
    "peers": ("onnxruntime", "openvino", "nncf", "onnx", "sympy", "matplotlib",
              "tqdm"),
    "export": ("torch==2.14.1", "torchvision==0.29.1", "torchao", "timm", "onnx",
               "onnxscript"),
}


class Failed(Exception):
    """What cannot be had, in one sentence."""


def make(name: str, work: Path) -> Path:
    """The Python of an environment, which is made unless it is there.

    Parameters
    ----------
    name : str
        A key of `PACKAGES`.
    work : Path
        The folder whose `environments/NAME` it becomes.

    Raises
    ------
    Failed
        A package cannot be installed.
    """
    folder = work / "environments" / name
    python = folder / "bin" / "python"
    # Packages and interpreter that it was made of; written when all is installed.
    wanted = hashlib.sha256(repr((PACKAGES[name], sys.version)).encode()).hexdigest()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"installing {' '.join(PACKAGES[name])} to {folder}", file=sys.stderr)
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)],
                    [str(python), "-m", "pip", "install", "-q",
                     "--disable-pip-version-check", *PACKAGES[name]]):
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            said = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise Failed(f"{folder}: cannot be made: {said}; install by hand what "
                         "is missing")
    stamp.write_text(wanted)
    return python


def find_octet(given: Path | None) -> Path:
    """The driver to be timed; without one given, this checkout's is built.

    Raises
    ------
    Failed
        There is no such file, or it cannot be built.
    """
    octet = given or REPOSITORY / "build" / "release" / "bin" / "octet"
    if given is None and not octet.exists():
        print("building Octet", file=sys.stderr)
        if subprocess.run([REPOSITORY / "scripts" / "setup", "release"]).returncode:
            raise Failed("scripts/setup failed; mend what it says, or name a driver "
                         "with --octet")
    if not os.access(octet, os.X_OK) or octet.is_dir():
        raise Failed(f"{octet}: is no program; name the driver with --octet")
    return octet.resolve()
