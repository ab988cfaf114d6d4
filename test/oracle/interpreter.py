"""An oracle of graphs: interprets the IR behind `simplify`, `quantize` and
`fold-scales` as docs/QuantSpec.md says, sharing nothing with the compiler.

    octet-opt --mlir-print-op-generic g.mlir | interpreter.py

runs each function without arguments and prints its results, for tests;
`run_graph` is for Python. Results equal compiled programs' to the byte, but for
what lies behind exp and tanh (QS-13), see `graph.Value`.

A new operation needs a function with `@operation("octet.name")` in operations.py,
moves.py or steps.py. It is given the `Call`, whose attributes it reads by name with the documented
defaults, and its operands as arrays. An array of quantized type holds the stored
integers.
"""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import mlir_text  # noqa: E402
import moves  # noqa: E402, F401
import operations  # noqa: E402, F401
import steps  # noqa: E402, F401
from graph import Graph, Value  # noqa: E402


def run_graph(text, data):
    """Interprets `main` of a module in generic form on arrays by name, with any
    number of samples along a first dimension that is symbolic: {name: Value}."""
    graph = Graph(mlir_text.functions(text)["main"])
    block = mlir_text.functions(text)["main"].regions[0][1]
    steps = [t.shape[0] for t in block]
    count = len(data[graph.names[0]]) // steps[0]
    runs = [graph.run([data[n][i * s:(i + 1) * s]
                       for n, s in zip(graph.names, steps)]) for i in range(count)]
    return {name: Value(np.concatenate([r[k].array for r in runs]),
                        max(r[k].slack for r in runs))
            for k, name in enumerate(graph.result_names)}


def main():
    for name, function in mlir_text.functions(sys.stdin.read()).items():
        for value in Graph(function).run([]):
            print(f"{name}: {value.array.tolist()}")


if __name__ == "__main__":
    main()
