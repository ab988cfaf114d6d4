"""Runs a command four times at once: at_once.py COMMAND... -o FILE

writes FILE.0 to FILE.3.
"""

import subprocess
import sys

*command, target = sys.argv[1:]
running = [subprocess.Popen([*command, f"{target}.{i}"]) for i in range(4)]
if any([process.wait() for process in running]):
    raise SystemExit(1)
