"""The most memory that compiling a model takes.

    memory.py MODEL --calib CALIB.npz

In FP32, and in INT8 with its calibration: at most three times the model's bytes and
what the compiler itself takes. The compiler's children count one by one.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

COMPILER = 150_000_000


def peak(*command):
    """Bytes that `command`, or one of its children, has in memory at most."""
    process = subprocess.Popen([str(part) for part in command])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, command))}: {status}")
    return usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--calib", required=True)
    options = parser.parse_args()
    size = options.model.stat().st_size
    assert size > 50_000_000, "too small to tell"
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for name, flags in (("FP32", []), ("INT8", ["--calib", options.calib])):
            most = peak("octet", "compile", options.model, *flags, "--no-cache", "-o",
                        pathlib.Path(folder) / "program")
            told = f"{name}: {most / 1e6:.0f} MB for a model of {size / 1e6:.0f} MB"
            print(told)
            if most > 3 * size + COMPILER:
                failures.append(told)
    sys.exit("\n".join(failures) or None)


if __name__ == "__main__":
    main()
