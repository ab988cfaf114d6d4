"""What tests of the driver share: a folder, the commands, and what was expected
of them in vain.
"""

import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
failures: list[str] = []


def expect(good, *what):
    if not good:
        failures.append(" ".join(map(str, what)))


def octet(*arguments):
    return subprocess.run(["octet", *map(str, arguments)], capture_output=True,
                          text=True, errors="replace", cwd=folder, timeout=300)


def done(*arguments):
    """The result of a command that is to succeed."""
    result = octet(*arguments)
    expect(result.returncode == 0, arguments, result.stderr)
    return result


def finish(name):
    """Prints what failed; the exit status says whether anything did."""
    print("\n".join(failures) or f"{name}: all right")
    sys.exit(bool(failures))
