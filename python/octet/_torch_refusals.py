"""Why PyTorch cannot export a module, in one sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import errors

if TYPE_CHECKING:
    import torch

_OPERATOR = re.compile(r"No ONNX function found for <OpOverload\(op='([^']+)'")
_NODE = re.compile(r"translating node %(\S+) :")
_SCRIPT_OPERATOR = re.compile(r"operator '([\w:]+)' to ONNX")
_SOURCE = re.compile(r'File "([^"]+)", line (\d+), in \w+\n\s*(.+)')
_CONTROL_FLOW = ("data-dependent", "DataDependent", "Data-dependent", "data dependent")
_TOO_LARGE = ("2GB", "2 GB", "2GiB", "2 GiB", "exceeds maximum protobuf")


def explain(error: Exception, name: str, module: torch.nn.Module | None = None,
            args: Any = (), kwargs: Any = None) -> errors.UnsupportedModel:
    """What to raise for `error`.

    Parameters
    ----------
    error : Exception
        Of PyTorch or its exporter.
    name : str
        What to call the module.
    module, args, kwargs
        What was exported, to look up where in it the operator is.
    """
    chain = _chain(error)
    text = "\n".join(str(e) for e in chain)
    if match := _OPERATOR.search(text) or _SCRIPT_OPERATOR.search(text):
        operator = match[1].replace("::", ".")
        node = _NODE.search(text)
        path = _path(module, args, kwargs or {}, node[1] if node else "", operator)
        where = f"node '{path}': " if path else ""
        return errors.UnsupportedModel(
            f"{name}: {where}PyTorch has no ONNX form of {operator}; compute it with "
            "other operators in forward, or outside the model", file=name, node=path)
    if any(mark in text for mark in _CONTROL_FLOW):
        found = _SOURCE.search(text)
        line = f" at '{found[3].strip()}' ({found[1]}:{found[2]})" if found else ""
        return errors.UnsupportedModel(
            f"{name}: forward takes another way for other data{line}; write it with "
            "torch.where, or leave that part out of the model", file=name)
    if any(mark in text for mark in _TOO_LARGE):
        return errors.UnsupportedModel(
            f"{name}: the model has more than 2 GiB; export it with torch.onnx.export("
            "..., external_data=True) and give the .onnx file", file=name)
    return errors.UnsupportedModel(
        f"{name}: PyTorch cannot export it: {first_line(chain[-1])}; see the exception "
        "that caused this one, or give an .onnx file", file=name)


def first_line(error: BaseException) -> str:
    """What `error` says, without what follows."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).strip()
    line = text.splitlines()[0].strip().rstrip(".:;") if text else ""
    return line.replace("; ", ", ") or type(error).__name__


def _chain(error: BaseException) -> list[BaseException]:
    """`error` and what caused it."""
    chain = [error]
    while chain[-1].__cause__ is not None and chain[-1].__cause__ not in chain:
        chain.append(chain[-1].__cause__)
    return chain


def _path(module: torch.nn.Module | None, args: Any, kwargs: Any, node: str,
          operator: str) -> str | None:
    """The path of the submodule that calls `operator`, at the node if it has a name."""
    import torch

    if module is None or isinstance(module, torch.jit.ScriptModule):
        return None
    program = torch.export.export(module, args, kwargs)
    for graph in (program.run_decompositions().graph, program.graph):
        found = [n for n in graph.nodes
                 if str(n.target).removesuffix(".default") == operator]
        for candidate in sorted(found, key=lambda n: bool(n.name != node)):
            stack = candidate.meta.get("nn_module_stack")
            if stack:
                return str(list(stack.values())[-1][0])
    return None
