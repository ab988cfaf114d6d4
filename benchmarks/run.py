"""Times Octet and its peers on this machine, side by side.

    python benchmarks/run.py [--data DIR] [--quick] [--models A,B] [--update-readme]

One command: it makes Python environments for the peers under build/benchmarks, builds
Octet if there is none, gets models, quantizes them for each peer as its makers advise,
times all in turns, and writes results.json, results.md and plots to
build/benchmarks/results. `--help` lists the rest. Needs Python 3.11 alone.
"""

import os
import sys

from suite import environments, options


def main() -> None:
    given = options.parse()
    try:
        octet = environments.find_octet(given.octet)
        python = environments.make("peers", given.work)
        exporter = environments.make("export", given.work) if given.exports else None
    except environments.Failed as failure:
        sys.exit(f"run.py: {failure}")
    environment = {**os.environ, "PYTHONPATH": str(environments.BENCHMARKS)}
    command = [str(python), "-u", "-m", "suite", *sys.argv[1:], "--octet", str(octet)]
    if exporter:
        command += ["--exporter", str(exporter)]
    os.execve(python, command, environment)


if __name__ == "__main__":
    main()
