"""Copies of PyTorch modules, to be run without a trace in the user's own."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import errors
from ._torch_example import Arrays, Example
from ._torch_refusals import first_line

if TYPE_CHECKING:
    import torch


def inference_copy(module: torch.nn.Module, name: str) -> torch.nn.Module:
    """A copy for inference on the CPU in f32.

    Raises
    ------
    UnsupportedModel
        The module cannot be copied.
    """
    import torch

    for path, tensor in (*module.named_parameters(), *module.named_buffers()):
        if torch.nn.parameter.is_lazy(tensor):
            raise errors.UnsupportedModel(
                f"{name}: node '{path}': has no shape before forward has run; give a "
                "module that has been trained", file=name, node=path)
    try:
        with torch.inference_mode(False), torch.no_grad():
            twin = copy.deepcopy(module, _results(module)).to("cpu").float().eval()
    except Exception as error:
        raise errors.UnsupportedModel(
            f"{name}: the module cannot be copied ({first_line(error)}); give one that "
            "copy.deepcopy takes, with all its weights in memory") from error
    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    return twin


def _results(module: torch.nn.Module) -> dict[int, Any]:
    """Copies, for `copy.deepcopy`, of what a module keeps of its computations.

    It takes no tensor that gradients flow through. Modules keep outputs, and
    ``torch.nn.utils.weight_norm`` the weights that it has computed.
    """
    import torch

    copies: dict[int, Any] = {}
    remaining: list[Any] = [vars(part) for part in module.modules()]
    seen = set()
    while remaining:
        value = remaining.pop()
        if isinstance(value, torch.Tensor) and not value.is_leaf:
            copies[id(value)] = value.detach().clone()
        elif isinstance(value, (dict, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            remaining += value.values() if isinstance(value, dict) else value
    return copies


@contextlib.contextmanager
def same_randomness() -> Iterator[None]:
    """Leaves random numbers of the process as if none had been drawn."""
    import random

    import numpy as np
    import torch

    state, generator = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(state)
        np.random.set_state(generator)


def unwrap(module: torch.nn.Module) -> torch.nn.Module:
    """What is inside the wrappers of `torch.compile` and of data parallelism."""
    import torch

    while True:
        inside = getattr(module, "_orig_mod", None)
        if isinstance(module, (torch.nn.DataParallel,
                               torch.nn.parallel.DistributedDataParallel)):
            module = module.module
        elif isinstance(inside, torch.nn.Module):
            module = inside
        else:
            return module


def is_separable(module: torch.nn.Module, inputs: Arrays, name: str) -> bool:
    """Whether a module computes two samples as it does each alone, but for rounding.

    Parameters
    ----------
    module : torch.nn.Module
        What `inference_copy` made.
    inputs, name
        As `Example` takes them.
    """
    import torch

    example = Example(module, inputs, name)

    def run(args: tuple[torch.Tensor, ...], kwargs: Mapping[str, torch.Tensor]
            ) -> list[torch.Tensor]:
        return [t for t in torch.utils._pytree.tree_leaves(module(*args, **kwargs))
                if isinstance(t, torch.Tensor)]

    with same_randomness(), torch.inference_mode(False), torch.no_grad():
        both = run(*example.arguments(2))
        alone = [run(*example.arguments(1, first)) for first in (0, 1)]
    for whole, first, second in zip(both, *alone, strict=True):
        # Where the batch is: states of recurrent layers have it second.
        axes = [i for i in range(whole.ndim) if whole.shape[i] != first.shape[i]]
        if len(axes) != 1 or not torch.allclose(
                whole, torch.cat([first, second], axes[0]), 1e-3, 1e-4):
            return False
    return True
