"""Computes graphs as docs/QuantSpec.md says, sharing nothing with the compiler.

What is interpreted is the IR behind `simplify`, `quantize` and `fold-scales`, as text:

    octet compile net.onnx --ranges r.json --compile-to quantize --generic -o g.mlir

Results equal compiled programs' to the byte, but for what lies behind exp and tanh
(QS-13), see `graph.Value`.

A new operation needs a function with `@operation("octet.name")` in the module of its
kind. It is given the `Call`, whose attributes it reads by name with the documented
defaults, and its operands as arrays. An array of quantized type holds the stored
integers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy.typing as npt

# Modules that register what computes operations.
from . import (  # noqa: F401
    attention,
    contractions,
    elementwise,
    mlir_text,
    moves,
    rows,
    scales,
    steps,
)
from .graph import Graph, Value
from .samples import Samples


def run(graph: Graph, data: Mapping[str, npt.ArrayLike]) -> dict[str, Value]:
    """Computes the outputs of a graph.

    Parameters
    ----------
    graph : Graph
    data : mapping of str to array
        The inputs by name, of any number of samples (docs/Programs.md, "Samples").

    Returns
    -------
    dict of str to Value
        The outputs by name.

    Raises
    ------
    BadData
        An array is missing, or its shape or values do not fit.
    """
    samples = Samples(graph, data)
    runs = [graph.run(arguments) for arguments in samples.runs()]
    return {name: Value(samples.joined([v.array for v in values], i),
                        max(v.slack for v in values))
            for i, (name, values) in enumerate(zip(
                graph.result_names, zip(*runs, strict=True), strict=True))}


def run_graph(text: str, data: Mapping[str, npt.ArrayLike]) -> dict[str, Value]:
    """The outputs of `main` of a module, which is `text` in MLIR's generic form."""
    return run(Graph(mlir_text.functions(text)["main"]), data)
