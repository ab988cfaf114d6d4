"""Octet as a backend of torch.compile."""

from __future__ import annotations

import dataclasses
import os
import re
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _torch_export, compiler, errors
from .model import Model

if TYPE_CHECKING:
    import torch

    from .program import Program
    from .ranges import Ranges

_KEYS = re.compile(r"\['?([^'\]]+)'?\]")
_SIZE = re.compile(r"^(.*)\.size\(\)\[(\d+)\]$")
_GRAPH = "the graph that torch.compile captured"
_INFERENCE = ("call it in eval mode inside torch.inference_mode() or torch.no_grad(), "
              "and train with another backend")


def torch_backend(ranges: Ranges | str | os.PathLike[str] | None = None, *,
                  targets: str | Sequence[str] = "host",
                  method: compiler.Method | None = None,
                  percentile: float | None = None, threads: int = 1
                  ) -> Callable[[torch.fx.GraphModule, list[torch.Tensor]],
                                Callable[..., Any]]:
    """A backend for ``torch.compile(module, backend=octet.torch_backend(ranges))``.

    It is for inference on the CPU: graphs are compiled when they are first called, and
    again for other shapes, but for other numbers of samples only if the graph depends
    on them. PyTorch captures a graph anew when a second number of samples comes, unless
    it is told so by ``torch.compile(..., dynamic=True)`` or
    ``torch._dynamo.mark_dynamic(x, 0)``. Parameters are constants of the program; one
    that is changed in place, or another in its place, compiles it again.

    Parameters
    ----------
    ranges : Ranges or path of a ranges.json, optional
        What `calibrate` found for the module: INT8. They fit one graph of the same
        operators, names of modules and weights, which is why graphs that
        ``torch.compile`` breaks into parts are refused. Without ranges each part is
        compiled to FP32.
    targets, method, percentile
        As `compile` takes them.
    threads : int
        As programs take it when they are called.

    Returns
    -------
    callable
        The compiled module, when called, raises

        RefusedOptions
            Gradients are asked for, inputs are not on the CPU, or `ranges` are those of
            another graph.
        UnsupportedModel
            The graph asks for what PyTorch cannot export or Octet does not take.

    Raises
    ------
    RefusedOptions
        There are ranges, and onnxscript is not installed.

    Examples
    --------
    >>> ranges = octet.calibrate(module, loader)                     # doctest: +SKIP
    >>> fast = torch.compile(module, backend=octet.torch_backend(ranges),
    ...                      dynamic=True)                           # doctest: +SKIP
    """
    if ranges is not None and not _torch_export.has_exporter():
        raise errors.RefusedOptions(
            "octet.torch_backend: without onnxscript, names in captured graphs are not "
            'those that ranges have; pip install "octet[torch]" brings it')
    options = {"ranges": ranges, "targets": targets, "method": method,
               "percentile": percentile}
    # PyTorch captures a graph again where one of its own operators would change its
    # ways, which is nothing to a program.
    shared: weakref.WeakValueDictionary[str, Program] = weakref.WeakValueDictionary()

    def backend(graph: torch.fx.GraphModule,
                examples: list[torch.Tensor]) -> Callable[..., Any]:
        try:
            return _Compiled(graph, examples, options, shared, threads)
        except errors.Error as error:
            refusal = error

        # PyTorch wraps what is raised here, but not what a call raises.
        def refuse(*_: Any) -> Any:
            raise refusal

        return refuse

    return backend


@dataclasses.dataclass(frozen=True)
class _Argument:
    """An argument of a captured graph.

    Attributes
    ----------
    name : str
        Of the input or the parameter.
    kind : {"input", "constant", "size"}
    input, axis : int
        Which size of which input it is.
    """

    name: str
    kind: str
    input: int = 0
    axis: int = 0


class _Compiled:
    """A captured graph, compiled for the shapes that it is called with."""

    def __init__(self, graph: torch.fx.GraphModule, examples: Sequence[Any],
                 options: dict[str, Any],
                 shared: weakref.WeakValueDictionary[str, Program],
                 threads: int) -> None:
        self._graph, self._options, self._shared = graph, options, shared
        self._threads = threads
        self._arguments = _arguments(graph, examples)
        self._dtypes = _output_dtypes(graph)
        self._programs: dict[Any, Program] = {}
        self._lock = threading.Lock()

    def __call__(self, *args: Any) -> list[torch.Tensor]:
        import torch

        inputs = [v for a, v in zip(self._arguments, args, strict=True)
                  if a.kind == "input"]
        constants = [v for a, v in zip(self._arguments, args, strict=True)
                     if a.kind == "constant"]
        _check(inputs, constants)
        program = self._program(inputs, constants)
        names = [a.name for a in self._arguments if a.kind == "input"]
        results = program.run(dict(zip(names, map(_array, inputs), strict=True)),
                              threads=self._threads)
        return [torch.from_numpy(r).to(dtype) for r, dtype in
                zip(results.values(), self._dtypes, strict=True)]

    def _program(self, inputs: list[torch.Tensor],
                 constants: list[torch.Tensor]) -> Program:
        """The program for these shapes and parameters."""
        state = tuple(map(_identity, constants))
        shapes = tuple((tuple(t.shape), t.dtype) for t in inputs)
        with self._lock:
            known = self._programs
            for key in ((shapes, state), (_without_batch(shapes), state)):
                if key in known:
                    return known[key]
            # Programs with other parameters will not be asked for again.
            self._programs = {k: p for k, p in known.items() if k[1] == state}
            program = self._compile(inputs, constants)
            key = _without_batch(shapes) if _takes_any(program) else shapes, state
            self._programs[key] = program
            return program

    def _compile(self, inputs: list[torch.Tensor],
                 constants: list[torch.Tensor]) -> Program:
        names = [a.name for a in self._arguments if a.kind == "input"]
        parameters = [a.name for a in self._arguments if a.kind == "constant"]
        model = Model(_torch_export.export(
            _module(self._graph, self._arguments, constants),
            [_array(t) for t in inputs], name=_GRAPH, is_captured=True,
            input_names=names,
            parameters={f"constant{i}": name for i, name in enumerate(parameters)}))
        digest = model.digest()
        if digest not in self._shared or not _takes_any(self._shared[digest]):
            self._shared[digest] = program = self._compile_model(model, inputs, names)
            return program
        return self._shared[digest]

    def _compile_model(self, model: Model, inputs: list[torch.Tensor],
                       names: list[str]) -> Program:
        try:
            try:
                return compiler.compile(model, progress=False, **self._options)
            except errors.UnsupportedModel as error:
                # Samples may meet in it, which a fixed number of them may.
                shapes = {n: t.shape for n, t in zip(names, inputs, strict=True)}
                try:
                    return compiler.compile(model, progress=False, shapes=shapes,
                                            **self._options)
                except errors.UnsupportedModel:
                    raise error from None
        except errors.Error as error:
            if "another model" not in str(error):
                raise
            raise errors.RefusedOptions(
                f"{_GRAPH}: the ranges are of another graph; calibrate this module as "
                "it is, and compile it as one graph with torch.compile(..., "
                "fullgraph=True, dynamic=True)") from error


def _identity(constant: torch.Tensor) -> Any:
    """Which is another when the constant changes."""
    if constant.ndim == 0:
        # Numbers of modules (epsilons, for one) are made tensors for each call.
        return constant.item()
    return constant.data_ptr(), 0 if constant.is_inference() else constant._version


def _takes_any(program: Program) -> bool:
    """Whether a program is for any number of samples."""
    return any(t.symbolic_batch for t in program.inputs)


def _without_batch(shapes: Any) -> Any:
    return tuple((shape[1:], dtype) for shape, dtype in shapes)


def _check(inputs: Sequence[Any], constants: Sequence[torch.Tensor]) -> None:
    import torch

    tensors = (*inputs, *constants)
    if torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        raise errors.RefusedOptions("octet.torch_backend: is for inference and "
                                    f"computes no gradients; {_INFERENCE}")
    for tensor in tensors:
        if tensor.device.type != "cpu":
            raise errors.RefusedOptions(
                f"octet.torch_backend: runs on the CPU and was given a tensor on "
                f"'{tensor.device}'; move the module and its inputs with .cpu()")


def _array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    import torch

    tensor = tensor.detach()
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return np.asarray(tensor.numpy())


def _arguments(graph: torch.fx.GraphModule, examples: Sequence[Any]) -> list[_Argument]:
    """What the arguments of a captured graph are, by where PyTorch found them."""
    import torch

    sources, found = [], []
    for node, example in zip(graph.graph.find_nodes(op="placeholder"), examples,
                             strict=True):
        source = getattr(node, "_dynamo_source", None)
        name = getattr(source, "name", "")
        name = name() if callable(name) else name or node.name
        sources.append(name)
        keys = _KEYS.findall(name)
        if not isinstance(example, torch.Tensor):
            found.append(_Argument(name, "size"))
        elif isinstance(example, torch.nn.Parameter) or "._modules[" in name or (
                "._parameters[" in name or "._buffers[" in name):
            # The first key is the module's own name.
            found.append(_Argument(".".join(keys[1:]) or node.name, "constant"))
        else:
            found.append(_Argument("_".join(keys[:1] + keys[1:]) or node.name, "input"))
    inputs = [s for s, a in zip(sources, found, strict=True) if a.kind == "input"]
    return [_size(a, inputs) if a.kind == "size" else a for a in found]


def _size(argument: _Argument, inputs: Sequence[str]) -> _Argument:
    match = _SIZE.match(argument.name)
    if match is None or match[1] not in inputs:
        raise errors.UnsupportedModel(
            f"{_GRAPH}: depends on a number, {argument.name}; give it as a tensor, or "
            "compile with dynamic=False", value=argument.name)
    return _Argument(argument.name, "size", inputs.index(match[1]), int(match[2]))


def _output_dtypes(graph: torch.fx.GraphModule) -> list[torch.dtype]:
    """The types of what the graph returns: tensors on the CPU."""
    import torch

    (output,) = graph.graph.find_nodes(op="output")
    dtypes = []
    results: Any = output.args[0]
    for value in results:
        example = value.meta.get("example_value") if hasattr(value, "meta") else value
        if not isinstance(example, torch.Tensor):
            raise errors.UnsupportedModel(
                f"{_GRAPH}: returns a number or nothing at one place; compile the "
                "module as one graph, with fullgraph=True")
        if example.device.type != "cpu":
            raise errors.RefusedOptions(f"{_GRAPH}: returns a tensor on "
                                        f"'{example.device}'; keep it on the CPU")
        dtypes.append(example.dtype)
    return dtypes


def _module(graph: torch.fx.GraphModule, arguments: Sequence[_Argument],
            constants: Sequence[torch.Tensor]) -> torch.nn.Module:
    """The graph as a module of its inputs alone."""
    import copy

    import torch

    values = [c.detach().cpu() for c in constants]
    twin = copy.deepcopy(graph)
    _inline_numbers(twin, arguments, values)

    class Bound(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.graph = twin
            for i, value in enumerate(values):
                self.register_buffer(f"constant{i}", value.clone())

        def forward(self, *inputs: torch.Tensor) -> Any:
            given, bound = iter(inputs), iter(range(len(values)))
            args: list[Any] = []
            for argument in arguments:
                if argument.kind == "input":
                    args.append(next(given))
                elif argument.kind == "constant":
                    args.append(getattr(self, f"constant{next(bound)}"))
                else:
                    args.append(inputs[argument.input].shape[argument.axis])
            results = self.graph(*args)
            # The module that was calibrated returns a tensor, not a tuple of one.
            return results if len(results) != 1 else results[0]

    with torch.inference_mode(False):
        return Bound().float().eval()


def _inline_numbers(graph: torch.fx.GraphModule, arguments: Sequence[_Argument],
                    values: Sequence[torch.Tensor]) -> None:
    """Makes numbers of constants that the graph takes as such: epsilons, for one."""
    remaining = iter(values)
    for node, argument in zip(graph.graph.find_nodes(op="placeholder"), arguments,
                              strict=True):
        value = next(remaining) if argument.kind == "constant" else None
        for user in list(node.users):
            if value is not None and user.op == "call_method" and user.target == "item":
                for reader in list(user.users):
                    reader.args = _replaced(reader.args, user, value.item())
                    reader.kwargs = _replaced(reader.kwargs, user, value.item())
                graph.graph.erase_node(user)
    graph.recompile()


def _replaced(tree: Any, node: Any, number: Any) -> Any:
    import torch

    return torch.fx.node.map_arg(tree, lambda n: number if n is node else n)
