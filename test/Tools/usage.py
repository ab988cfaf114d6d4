"""Runs octet, which must fail in one sentence.

    usage.py STATUS TEXT ARGUMENT...

It must exit with STATUS, print nothing on stdout, and one line with TEXT on
stderr.
"""

import subprocess
import sys

status, text, *arguments = sys.argv[1:]
result = subprocess.run(["octet", *arguments], capture_output=True, text=True)
if (result.returncode != int(status) or result.stdout or text not in result.stderr
        or result.stderr.count("\n") != 1):
    sys.exit(f"{arguments}: status {result.returncode}, said {result.stderr!r} and "
             f"{result.stdout!r}; {text!r} was expected")
