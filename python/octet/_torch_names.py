"""Names for what PyTorch exports.

Values are called like the modules whose weights they are computed with, others like
their operators, counted. So two captures of one network have the same names, and
ranges that were found with one fit the other. Nodes are called by where in the module
they are.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

_SCOPES = "pkg.torch.onnx.name_scopes"


def rename(model: Any, parameters: Mapping[str, str]) -> None:
    """Renames everything in `model` but its inputs and outputs.

    What PyTorch notes beside nodes and values (lines of sources, paths of files) goes:
    equal networks are equal bytes.

    Parameters
    ----------
    model : onnx_ir.Model
    parameters : dict of str to str
        For names of initializers that are the module's parameters and buffers, what
        they are to be called.
    """
    graph = model.graph
    graphs = [graph, *(g for g in graph.subgraphs() if g is not graph)]
    fixed = {id(v): v.name for g in graphs for v in g.inputs}
    fixed |= {id(v): v.name for v in graph.outputs}
    constants = {id(v): v for g in graphs for v in g.initializers.values()
                 if id(v) not in fixed}
    values, nodes = Names(fixed.values()), Names(())
    names = {key: values.unique(parameters[v.name]) for key, v in constants.items()
             if v.name in parameters}
    own = {key: name.rpartition(".")[0] for key, name in names.items()}
    for node in graph.all_nodes():
        owner = next((own[id(v)] for v in node.inputs if own.get(id(v))), "")
        path = owner or _scope(node)
        node.metadata_props.clear()
        node.name = nodes.unique(f"{path}/{node.op_type}" if path else node.op_type)
        for value in node.outputs:
            if value.name and id(value) not in fixed:
                names[id(value)] = value.name = (
                    values.unique(owner) if owner else values.counted(node.op_type))
        for i, value in enumerate(node.inputs):
            if id(value) in constants and id(value) not in names:
                result = node.outputs[0]
                names[id(value)] = values.unique(
                    f"{fixed.get(id(result), result.name)}.{i}")
    for value in (*graph.inputs, *constants.values(),
                  *(v for node in graph.all_nodes() for v in node.outputs)):
        value.metadata_props.clear()
    for whole in (model, graph):
        whole.metadata_props.clear()
    # An initializer cannot take a name that another has yet.
    for i, value in enumerate(constants.values()):
        value.name = f"{_SCOPES} {i}"
    for key, value in constants.items():
        value.name = names.get(key) or values.unique("constant")


def _scope(node: Any) -> str:
    """The path of the submodule that the node was traced in."""
    scopes = ast.literal_eval(node.metadata_props.get(_SCOPES, "[]"))
    return scopes[-2] if len(scopes) > 1 and not scopes[-2].startswith("_") else ""


class Names:
    """Names that differ."""

    def __init__(self, taken: Any) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """`name`, or with a number behind it."""
        return self.counted(name) if name in self._taken else self._take(name)

    def counted(self, name: str) -> str:
        """`name` with a number behind it."""
        while True:
            count = self._counts.get(name, 0)
            self._counts[name] = count + 1
            if (candidate := f"{name}_{count}") not in self._taken:
                return self._take(candidate)

    def _take(self, name: str) -> str:
        self._taken.add(name)
        return name
