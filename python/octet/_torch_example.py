"""Arguments for a PyTorch module, from the first batch of data."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors
from ._sources import LABELS

if TYPE_CHECKING:
    import torch

Arrays = Sequence[np.ndarray[Any, Any]] | Mapping[str, np.ndarray[Any, Any]]

BATCH = "batch"


class Example:
    """Arguments to export a module with.

    Parameters
    ----------
    module : torch.nn.Module
    inputs : sequence of array, or dict of str to array
        Arguments of ``forward`` by their place or by their names; of a dict, only
        those that ``forward`` takes. Arrays that begin with the first one's dimension
        have the batch there.
    name : str
        What errors call the module.

    Attributes
    ----------
    arrays : dict of str to array
    batch : int
        Samples, 0 without a batch.
    batched : set of str
        Those with a batch.
    is_by_name : bool
        Arguments are given by name.
    variadic : str or None
        The name of ``*args``, if arrays go there.

    Raises
    ------
    BadData
        ``forward`` does not take these arguments.
    """

    def __init__(self, module: torch.nn.Module, inputs: Arrays, name: str) -> None:
        self.variadic: str | None = None
        self.is_by_name = isinstance(inputs, Mapping)
        parameters = _parameters(module)
        if isinstance(inputs, Mapping):
            self.arrays = _by_name(parameters, inputs, name)
        else:
            names = [p.name for p in parameters if p.kind in _BY_PLACE]
            rest = next((p.name for p in parameters if p.kind is _REST), None)
            if len(inputs) > len(names) and rest is not None:
                self.variadic = rest
                names = [f"{rest}_{i}" for i in range(len(inputs))]
            if len(inputs) > len(names):
                raise errors.BadData(
                    f"{name}: forward takes {len(names)} arguments and the first batch "
                    f"has {len(inputs)} arrays; give one for each argument, and labels "
                    "behind them")
            self.arrays = {n: np.asarray(a)
                           for n, a in zip(names, inputs, strict=False)}
        first = next(iter(self.arrays.values()))
        self.batch = first.shape[0] if first.ndim else 0
        self.batched = {n for n, a in self.arrays.items()
                        if self.batch and a.ndim and a.shape[0] == self.batch}

    def arguments(self, samples: int | None, first: int = 0
                  ) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
        """Positional and named arguments with this many samples, or as they are."""
        import torch

        def take(name: str, array: np.ndarray[Any, Any]) -> torch.Tensor:
            if samples is not None and name in self.batched:
                rows = np.arange(first, first + samples) % len(array)
                array = array[rows]
            tensor = torch.from_numpy(np.array(array, order="C"))
            return tensor.float() if tensor.is_floating_point() else tensor

        tensors = {name: take(name, array) for name, array in self.arrays.items()}
        return ((), tensors) if self.is_by_name else (tuple(tensors.values()), {})

    def dynamic_shapes(self) -> dict[str, Any]:
        """What `torch.export` is to leave open."""
        import torch

        batch = torch.export.Dim(BATCH)
        shapes = {name: {0: batch} if name in self.batched else None
                  for name in self.arrays}
        return {self.variadic: tuple(shapes.values())} if self.variadic else shapes


_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY,
             inspect.Parameter.POSITIONAL_OR_KEYWORD)
_REST = inspect.Parameter.VAR_POSITIONAL


def name_arguments(module: torch.nn.Module, names: Sequence[str]) -> None:
    """Has `forward` say that it takes these arguments, if they go to its ``**more``.

    Not every PyTorch can leave shapes of such arguments open.
    """
    parameters = {p.name: p for p in _parameters(module)}
    if parameters.keys() >= set(names) or not all(n.isidentifier() for n in names):
        return
    forward = module.forward

    def named(*args: Any, **kwargs: Any) -> Any:
        return forward(*args, **kwargs)

    more: Any = named
    more.__signature__ = inspect.Signature([
        parameters.get(name) or inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
        for name in names])
    module.forward = named


def has_named_only(module: torch.nn.Module) -> bool:
    """Whether `forward` has arguments that can only be given by name."""
    return any(p.kind is inspect.Parameter.KEYWORD_ONLY for p in _parameters(module))


def takes(module: torch.nn.Module, count: int) -> bool:
    """Whether `forward` takes `count` arrays by their place, without labels."""
    empty = inspect.Parameter.empty
    parameters = _parameters(module)
    places = [p for p in parameters if p.kind in _BY_PLACE and (
        p.default is empty or p.name not in LABELS)]
    least = sum(p.default is empty for p in places)
    most = None if any(p.kind is _REST for p in parameters) else len(places)
    return least <= count and (most is None or count <= most)


def _parameters(module: torch.nn.Module) -> list[inspect.Parameter]:
    """The parameters of `forward`."""
    import torch

    if isinstance(module, torch.jit.ScriptModule):
        forward: Any = module.forward
        schema = forward.schema
        empty = inspect.Parameter.empty
        return [inspect.Parameter(
            a.name, inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=a.default_value if a.has_default_value() else empty)
            for a in schema.arguments[1:]]
    return list(inspect.signature(module.forward).parameters.values())


def _by_name(parameters: Sequence[inspect.Parameter],
             inputs: Mapping[str, np.ndarray[Any, Any]], name: str
             ) -> dict[str, np.ndarray[Any, Any]]:
    """Those that `forward` takes, in its order."""
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    names = [p.name for p in parameters if p.name in inputs]
    missing = [p.name for p in parameters if p.name not in inputs
               and p.default is inspect.Parameter.empty
               and p.kind not in (_REST, inspect.Parameter.VAR_KEYWORD)]
    if not names and len(missing) == len(inputs) == 1:
        # There is no doubt what is meant, whatever it is called.
        return {missing[0]: np.asarray(next(iter(inputs.values())))}
    if takes_any:
        names += [n for n in inputs if n not in names]
    if missing or not names:
        those = ", ".join(f"'{n}'" for n in inputs)
        wanted = f"'{missing[0]}'" if missing else "none of them"
        raise errors.BadData(f"{name}: forward takes {wanted}, and the arrays are "
                             f"{those}; call them like forward's arguments")
    return {n: np.asarray(inputs[n]) for n in names}
