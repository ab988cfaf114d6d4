"""Runs each function of a module without arguments and prints its results, for tests.

octet-opt --mlir-print-op-generic g.mlir | python -m octet.reference
"""

import sys

# The interpreter's modules register what computes operations.
from . import interpreter, mlir_text  # noqa: F401
from .graph import Graph


def main() -> None:
    """Reads stdin, prints a line for each result."""
    for name, function in mlir_text.functions(sys.stdin.read()).items():
        for value in Graph(function).run([]):
            print(f"{name}: {value.array.tolist()}")


if __name__ == "__main__":
    main()
